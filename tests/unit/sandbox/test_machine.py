"""The machine's side of a run: which files are ours, which are theirs, and where everything lands."""

from pathlib import Path

import pytest

from cti.sandbox.errors import TelephonyFolderInvalid
from cti.sandbox.install import Install
from cti.sandbox.machine import MachineSettings, RunFolder, lay_out, run_folder


@pytest.fixture
def install(tmp_path: Path) -> Install:
    data = tmp_path / "root" / "share"
    for folder in ("moh", "documentation", "sounds/fr_CA_f_June", "agi-bin"):
        (data / folder).mkdir(parents=True)
    return Install(
        asterisk=("/loader", "--library-path", "/lib", "/root/sbin/asterisk"),
        sipp=("/root/bin/sipp",),
        modules=Path("/root/modules"),
        data=data,
        sounds=(("fr", data / "sounds" / "fr_CA_f_June"),),
    )


@pytest.fixture
def telephony(tmp_path: Path) -> Path:
    folder = tmp_path / "telephony"
    (folder / "parts").mkdir(parents=True)
    (folder / "queues.conf").write_text("[theirs]\n", encoding="utf-8")
    return folder


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path / "run", tmp_path / "run" / "run")


def test_their_files_win_and_ours_fill_the_gaps(install: Install, telephony: Path, run: RunFolder) -> None:
    (telephony / "modules.conf").write_text("[modules]\nautoload=no\n", encoding="utf-8")
    lay_out(install, telephony, run, MachineSettings())
    assert (run.etc / "queues.conf").read_text() == "[theirs]\n"
    assert (run.etc / "modules.conf").read_text() == "[modules]\nautoload=no\n"
    assert (run.etc / "parts").is_dir()
    assert "country = fr" in (run.etc / "indications.conf").read_text()
    assert "full => notice,warning,error,verbose" in (run.etc / "logger.conf").read_text()
    assert (run.etc / "features.conf").is_file()


def test_what_is_rendered_again_is_seen_at_once(install: Install, telephony: Path, run: RunFolder) -> None:
    lay_out(install, telephony, run, MachineSettings())
    (telephony / "queues.conf").write_text("[later]\n", encoding="utf-8")
    assert (run.etc / "queues.conf").read_text() == "[later]\n"


def test_a_second_layout_forgets_what_is_no_longer_given(install: Install, telephony: Path, run: RunFolder) -> None:
    (telephony / "old.conf").touch()
    lay_out(install, telephony, run, MachineSettings())
    (telephony / "old.conf").unlink()
    lay_out(install, telephony, run, MachineSettings(rtp_ports=(30000, 30009)))
    assert not (run.etc / "old.conf").is_symlink()
    assert "rtpend = 30009" in (run.etc / "rtp.conf").read_text()
    assert (telephony / "queues.conf").is_file()


def test_sounds_get_the_names_a_package_installation_gives(install: Install, telephony: Path, run: RunFolder) -> None:
    lay_out(install, telephony, run, MachineSettings())
    assert (run.base / "data" / "sounds" / "fr").readlink().name == "fr_CA_f_June"
    assert (run.base / "data" / "moh").readlink() == install.data / "moh"
    assert not (run.base / "data" / "agi-bin").exists()


def test_asterisk_is_told_its_folders(install: Install, telephony: Path, run: RunFolder, tmp_path: Path) -> None:
    lay_out(install, telephony, run, MachineSettings(agi_dir=tmp_path / "scripts", verbosity=0))
    said = run.configuration.read_text()
    assert f"astagidir => {tmp_path / 'scripts'}\n" in said
    assert "astmoddir => /root/modules\n" in said
    assert f"astlogdir => {run.base / 'log'}\n" in said
    assert "verbose = 0\n" in said


@pytest.mark.parametrize("name", ["asterisk.conf", "logger.conf", "rtp.conf"])
def test_a_file_of_the_machine_is_refused(install: Install, telephony: Path, run: RunFolder, name: str) -> None:
    (telephony / name).touch()
    with pytest.raises(TelephonyFolderInvalid, match=rf"{name} belongs to the machine"):
        lay_out(install, telephony, run, MachineSettings())


def test_an_absent_folder_and_our_own_folder_are_refused(install: Install, telephony: Path, run: RunFolder) -> None:
    with pytest.raises(TelephonyFolderInvalid, match="not a folder"):
        lay_out(install, telephony / "absent", run, MachineSettings())
    run.etc.mkdir(parents=True)
    with pytest.raises(TelephonyFolderInvalid, match="own etc"):
        lay_out(install, run.etc, run, MachineSettings())


def test_the_control_socket_fits_whatever_the_run_folder(tmp_path: Path) -> None:
    assert run_folder(Path("/run/x")).socket == Path("/run/x/run/asterisk.ctl")
    long = run_folder(tmp_path / ("é" * 60))
    try:
        assert len(str(long.socket).encode()) <= 107
    finally:
        long.remove_control()
    assert not long.control.exists()
