"""An export that is killed with SIGKILL at any of its steps: no plain audio, no half package, and the next one is whole."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cti.access.chain import verify
from cti.archive.exporting import making
from cti.archive.exporting.asked import Wish
from cti.archive.sealing.keys import sha256
from cti.bootstrap.exporting import folder as laying
from cti.bootstrap.exporting import office as handing
from cti.journey.around.access import AccessRole as A
from cti.journey.around.keeping import Scope
from cti.settings import load
from cti.store import open_store
from tests.unit.archive.voices_kept import House
from tests.unit.exporting.handing_house import REFERENCE, Site, files_of, inner_of, named
from tests.unit.exporting.handing_house import site as new_site

HOUSE = Path(__file__).parents[2]
PIECES = 3
WISH = Wish(reference=REFERENCE, asked_by="OPJ Durand", reason="enquête")
#: The order; each piece before it is opened and after; closed; written and renamed by parts; written down; shown.
STEPS = 1 + 2 * PIECES + 1 + 4 + 2 + 1


def made(folder: Path) -> Site:
    """Three pieces of one dossier, and its requisition."""
    site = new_site(folder)
    for number in range(PIECES):
        site.call(f"2026/12/16/p{number}", dossier="31-26-0001")
    site.hold(Scope.DOSSIER, "31-26-0001")
    return site


def reopened(folder: Path) -> Site:
    """The same site, in another process."""
    environ = {"CTI_VAR": str(folder / "var"), "CTI_DATABASE_URL": f"sqlite:///{folder}/house/cti.db"}
    config = folder / "config"
    store = open_store(environ["CTI_DATABASE_URL"])
    return Site(folder, House(folder / "house", store), load(config, environ), config)


def hand_over(site: Site) -> tuple[str, bytes, str]:
    """As the service does it; name, closed package, passphrase."""
    asker = site.asker("sofia", A.SUPERVISEUR)
    office = site.office
    order = office.order(asker, "", named(Scope.DOSSIER, "31-26-0001"), WISH)
    closed = office.make(order, kept=True)
    office.folder.lay(order.export_id, closed.data)
    office.write_down(closed, asker)
    office.folder.show(order.export_id)
    return order.export_id, closed.data, closed.phrase or ""


def dying(steps: int) -> None:
    """This process dies before its nth step."""
    left = steps

    def step(real: Callable[..., Any], *, after: bool = False) -> Callable[..., Any]:
        def work(*words: Any, **more: Any) -> Any:
            nonlocal left
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1
            done = real(*words, **more)
            if after:
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                left -= 1
            return done

        return work

    making._piece = step(making._piece, after=True)  # type: ignore[assignment]
    handing.in_a_zip = step(handing.in_a_zip)  # type: ignore[assignment]
    handing.chosen = step(handing.chosen)  # type: ignore[assignment]
    for name in ("lay", "show"):
        setattr(laying.Folder, name, step(getattr(laying.Folder, name), after=True))
    handing.ExportOffice.write_down = step(handing.ExportOffice.write_down, after=True)  # type: ignore[method-assign]
    laying.settle = step(laying.settle)  # type: ignore[assignment]


def life(folder: Path, steps: int) -> int:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.integration.test_export_kill", str(folder), str(steps)],
        cwd=HOUSE,
        env={**os.environ, "PYTHONPATH": str(HOUSE)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode in (0, -signal.SIGKILL), ran.stderr
    return ran.returncode


def test_killed_anywhere_it_leaves_no_plain_audio_and_no_half_package(tmp_path: Path) -> None:
    site = made(tmp_path)
    try:
        for steps in range(STEPS + 2):
            killed = life(tmp_path, steps)
            assert (killed == -signal.SIGKILL) is (steps < STEPS + 1), steps
            assert site.plain_audio() == [], steps
            rows = {one.export_id: one for one in site.store.exports.all()}
            shown = list(site.settings.exports.glob("*.paquet")) if site.settings.exports.exists() else []
            for path in shown:
                assert sha256(path.read_bytes()) == rows[path.stem].sha256, steps
            said = [trace for trace in site.traces() if trace.outcome == "fait" and trace.who == "sofia"]
            assert len(said) == len(rows), "what is in the register is in the log, and the other way round"
            site.office.tidy()
            assert {path.stem for path in site.settings.exports.glob("*")} == set(rows) if rows else True, steps
            assert not site.settings.exports.exists() or not list(site.settings.exports.glob("*.part"))
        export_id, data, phrase = hand_over(site)
        assert sum(name.endswith(".flac") for name in files_of(inner_of(data, phrase))) == PIECES
        assert site.office.folder.file(export_id).read_bytes() == data
        assert list(verify(site.store.traces.read())) == []
        assert site.plain_audio() == []
    finally:
        site.store.close()


if __name__ == "__main__":
    dying(int(sys.argv[2]))
    opened = reopened(Path(sys.argv[1]))
    hand_over(opened)
    opened.store.close()
