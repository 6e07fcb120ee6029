"""A site with a sealed voice, accounts and requisitions, for the tests of what is handed over: store, keys, FLAC, log."""

import io
import shutil
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pyzipper
import tomli_w

from cti.access import Asker, Rights
from cti.archive.exporting.closing import INNER
from cti.archive.keeping.office import Office
from cti.archive.stores import open_shelf
from cti.archive.worker import pieces_of
from cti.bootstrap.access.accounts import add, give_token
from cti.bootstrap.access.tying import Tying
from cti.bootstrap.exporting.office import ExportOffice, Named
from cti.bootstrap.keeping.sandboxed import archive_of_its_own
from cti.bootstrap.retention.terms import by_name, classing_of
from cti.journey import Journey
from cti.journey.around.access import AccessRole, Trace
from cti.journey.around.keeping import HoldKind, Scope, Target
from cti.journey.ledger import Batch
from cti.journey.model import Consult
from cti.settings import Settings, load
from cti.store import Store
from tests.unit.archive.voices_kept import STEM, T0, House, answered, house

CONFIG = Path(__file__).parents[3] / "config"
OTHER = "2026/12/16/other"
REFERENCE = "PV 2026/12"


@dataclass
class Site:
    """One site on disk."""

    folder: Path
    kept: House
    settings: Settings
    config: Path
    now: int = T0 + 3_600_000_000
    tokens: dict[str, str] = field(default_factory=dict)

    @property
    def store(self) -> Store:
        return self.kept.store

    @property
    def rights(self) -> Rights:
        return Rights(self.settings.access, self.store.traces, self.clock)

    @property
    def office(self) -> ExportOffice:
        tying = Tying(self.settings.staff, self.store.duty, self.store.reading)
        return ExportOffice(self.settings, self.store, self.rights, tying, self.clock)

    @property
    def keeping(self) -> Office:
        return Office(self.store.keeping, classing_of(self.settings), self.clock, by_name)

    def clock(self) -> int:
        self.now += 1000
        return self.now

    def account(self, name: str, *roles: AccessRole, personne: str | None = None) -> str:
        """A named account; its token."""
        add(self.settings, name, tuple(role.value for role in roles), personne, "test", self.now)
        return self.give(name)

    def give(self, name: str) -> str:
        """Another token for an account."""
        self.tokens[name], _ = give_token(self.settings, name, None, "test", self.now)
        return self.tokens[name]

    def call(self, stem: str, *, dossier: str | None = None, seconds: int = 3, archived: bool = True) -> Journey:
        """A call with one recording, three seconds of 440 Hz (caller) and of 600 Hz (agents), in the archive."""
        call_id = stem.rpartition("/")[2]
        self.kept.record(stem)
        consult = Consult(
            agent="arm01", line="l", target="0600000001", started_at=T0, answered_at=T0 + 1_000_000, answered_by="mru01"
        )
        journey = replace(
            answered(stem, seconds=seconds), call_id=call_id, consults=(consult,),
            dossier_id=dossier and f"id-{dossier}", dossier_ref=dossier,
        )  # fmt: skip
        self.store.commit(Batch(journeys=(journey,)))
        if archived:
            self.kept.archiver().take(journey, pieces_of(journey)[0])
        return journey

    def hold(
        self, scope: Scope, name: str, kind: HoldKind = HoldKind.REQUISITION, reference: str = REFERENCE, by: str = "Chloé"
    ) -> int:
        hold, _ = self.keeping.place(
            Target(scope, name), kind=kind, reference=reference, asked_by="OPJ Durand", by=by, reason="enquête"
        )
        return hold.number

    def traces(self, verb: str = "exporter") -> list[Trace]:
        return [trace for trace in self.store.traces.read() if trace.verb == verb]

    def asker(self, name: str, *roles: AccessRole) -> Asker:
        return Asker(who=name, roles=roles, client="192.0.2.1")

    def plain_audio(self) -> list[str]:
        """Whatever of the site's files holds plain sound."""
        signs = (b"fLaC", b"RIFF", b"WAVEfmt")
        files = [path for path in self.folder.rglob("*") if path.is_file() and "config" not in path.parts]
        return sorted(str(path) for path in files if any(sign in path.read_bytes() for sign in signs))


def site(folder: Path) -> Site:
    """A new one: two calls archived, an account that may export and another that may not."""
    config = folder / "config"
    shutil.copytree(CONFIG, config)
    made = house(folder / "house", open_shelf(str(folder / "house" / "archive")))
    archive = {
        **archive_of_its_own(folder / "house"),
        "travail": {"repos_seconds": 0.0},
        "exports": {"contact": "SAS 31, 05 00 00 00 00"},
    }
    archive["archive"].update(  # type: ignore[attr-defined]
        identite=str(made.folder / "own.key"), secours=made.offline.recipient, magasin=str(folder / "house" / "archive")
    )
    (config / "archive.toml").write_text(tomli_w.dumps(archive), encoding="utf-8")
    environ = {
        "CTI_VAR": str(folder / "var"),
        "CTI_DATABASE_URL": f"sqlite:///{made.folder}/cti.db",
        "CTI_ACCESS_KEY": "une clef de trente-deux signes !",
    }
    return Site(folder, made, load(config, environ), config)


def named(scope: Scope, *names: str) -> Named:
    return Named(tuple(Target(scope, name) for name in names))


def inner_of(closed: bytes, phrase: str) -> bytes:
    """What a ZIP with a passphrase holds."""
    with pyzipper.AESZipFile(io.BytesIO(closed)) as box:
        assert box.namelist() == [INNER]
        box.setpassword(phrase.encode())
        return bytes(box.read(INNER))


def files_of(plain: bytes) -> dict[str, bytes]:
    """Every file of an opened package, in order."""
    with zipfile.ZipFile(io.BytesIO(plain)) as box:
        return {name: box.read(name) for name in box.namelist()}


def unpacked(plain: bytes, folder: Path) -> Path:
    """The package as its reader has it."""
    with zipfile.ZipFile(io.BytesIO(plain)) as box:
        box.extractall(folder)
    return folder


__all__: Sequence[str] = ("OTHER", "REFERENCE", "STEM", "Site", "files_of", "inner_of", "named", "site", "unpacked")
