"""Fetching: what is kept, what is fetched again, and what is said when it cannot be done.

apt-get is a small program of ours that serves real `.deb` files from a folder, as the archive would.
"""

import json
import multiprocessing
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cti.sandbox import packages
from cti.sandbox.debian.apt import PrivateApt, explain
from cti.sandbox.debian.record import parse_print_uris, read_record
from cti.sandbox.debian.sources import Archive
from cti.sandbox.errors import (
    ArchiveUnknown,
    AsteriskTooOld,
    DiskFull,
    EdgeUnusable,
    NetworkDown,
    PackagesRefused,
    ToolMissing,
    UnsupportedMachine,
)
from cti.sandbox.install import this_architecture
from cti.sandbox.packages import FetchSettings, cache_folder, fetch, fetch_edge, fetched_install

APT = """\
#!{python}
import hashlib, json, os, pathlib, shutil, sys
serving = pathlib.Path({serving!r})
with (serving / "calls").open("a") as calls:
    calls.write(" ".join(sys.argv[1:]) + "\\n")
conf = pathlib.Path(sys.argv[2]).read_text()
archives = pathlib.Path(sys.argv[2]).parent / "cache" / "archives"
plan = json.loads((serving / "plan.json").read_text())
debs = sorted(serving.glob("*.deb"))
if "update" in sys.argv:
    sys.stderr.write(plan.get("update_says", ""))
    sys.exit(100 if plan.get("update_says") else 0)
if "--print-uris" in sys.argv:
    for deb in debs:
        data = deb.read_bytes()
        print(f"'http://x/{{deb.name}}' {{deb.name}} {{len(data)}} SHA256:{{hashlib.sha256(data).hexdigest()}}")
    sys.exit(0)
for number, deb in enumerate(debs):
    if plan.get("stop_after") == number:
        sys.stderr.write(plan["stop_says"])
        sys.exit(100)
    if not (archives / deb.name).exists():
        with (serving / "served").open("a") as served:
            served.write(deb.name + "\\n")
        shutil.copy(deb, archives / deb.name)
"""


class FakeArchive:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.plan()

    def plan(self, **what: object) -> None:
        (self.folder / "plan.json").write_text(json.dumps(what), encoding="utf-8")

    def add(self, name: str, files: dict[str, str]) -> None:
        tree = self.folder / f"{name}.tree"
        (tree / "DEBIAN").mkdir(parents=True)
        (tree / "DEBIAN" / "control").write_text(
            f"Package: {name}\nVersion: 1:2.0\nArchitecture: all\nMaintainer: test <t@t.invalid>\nDescription: test\n"
        )
        for path, text in files.items():
            target = tree / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
            target.chmod(0o755)
        deb = self.folder / f"{name}_1%3a2.0_all.deb"
        subprocess.run(["dpkg-deb", "--root-owner-group", "-b", str(tree), str(deb)], check=True, stdout=subprocess.DEVNULL)
        shutil.rmtree(tree)

    def lines(self, name: str) -> list[str]:
        path = self.folder / name
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def programs(version: str = "22.10.1") -> dict[str, str]:
    architecture = this_architecture()
    loader = f"usr/lib/{architecture.triplet}/{architecture.loader}"
    return {loader: f"#!/bin/sh\necho 'Asterisk {version}'\n", "usr/sbin/asterisk": "", "usr/bin/sipp": ""}


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeArchive:
    fake = FakeArchive(tmp_path / "serving")
    fake.add("asterisk", programs())
    fake.add("sounds", {"usr/share/asterisk/sounds/fr_CA_f_June/hello.wav": "fr"})
    fake.add("tools", {"usr/share/doc/tools/copyright": "x" * 5000})
    tools = tmp_path / "bin"
    tools.mkdir()
    apt = tools / "apt-get"
    apt.write_text(APT.format(python=sys.executable, serving=str(fake.folder)), encoding="utf-8")
    apt.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    return fake


@pytest.fixture
def settings(tmp_path: Path) -> FetchSettings:
    keyring = tmp_path / "keyring.gpg"
    keyring.write_bytes(b"key")
    return FetchSettings(tmp_path / "cache", mirror="http://mirror.invalid/debian", keyring=keyring, force=True)


class Told:
    def __init__(self) -> None:
        self.steps: list[tuple[str, int]] = []
        self.amounts: list[int] = []

    def step(self, title: str, total: int = 0) -> None:
        self.steps.append((title, total))

    def done(self, amount: int) -> None:
        self.amounts.append(amount)


def downloads(settings: FetchSettings) -> Path:
    return settings.cache / "pbx" / "apt" / "cache" / "archives"


def test_a_fetch_unpacks_records_and_is_at_once_there_the_second_time(archive: FakeArchive, settings: FetchSettings) -> None:
    told = Told()
    assert fetched_install(settings) is None
    install = fetch(settings, told)
    root = install.data.parents[2]
    assert (root / "usr/share/asterisk/sounds/fr_CA_f_June/hello.wav").read_text() == "fr"
    assert dict(install.sounds)["fr"].name == "fr_CA_f_June"
    record = read_record(root / "record.json")
    assert record is not None
    assert [(deb.name, deb.version) for deb in record.debs] == [("asterisk", "1:2.0"), ("sounds", "1:2.0"), ("tools", "1:2.0")]
    assert record.archive == "http://mirror.invalid/debian"
    assert [total for _, total in told.steps[1:]] == [sum(deb.size for deb in record.debs)] * 2
    assert told.amounts[-1] == told.steps[-1][1]
    calls = archive.lines("calls")
    assert fetch(settings) == install
    assert archive.lines("calls") == calls


def test_apt_is_confined_to_the_cache_and_the_source_is_signed(archive: FakeArchive, settings: FetchSettings) -> None:
    fetch(settings)
    apt = settings.cache / "pbx" / "apt"
    assert (apt / "etc" / "sources.list").read_text() == (
        f"deb [signed-by={settings.keyring}] http://mirror.invalid/debian sid main\n"
    )
    assert all(line.startswith(f"-c {apt}/apt.conf") for line in archive.lines("calls"))
    configuration = (apt / "apt.conf").read_text()
    assert f'Dir "{apt}";' in configuration
    assert f'APT::Architecture "{this_architecture().debian}";' in configuration


def test_the_real_apt_reads_our_configuration_after_the_machines_own(settings: FetchSettings, tmp_path: Path) -> None:
    if shutil.which("apt-config") is None:
        pytest.skip("no apt on this machine")
    private = tmp_path / "private"
    assert settings.keyring is not None
    PrivateApt(private, Archive("http://mirror.invalid/debian", settings.keyring), "arm64").prepare()
    machine = tmp_path / "machine.conf"
    machine.write_text('Acquire::http::Proxy "http://proxy.invalid:3128";\nAPT::Update::Post-Invoke {"rm -f /x";};\n')
    said = subprocess.run(
        ["apt-config", "-c", str(private / "apt.conf"), "dump"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "APT_CONFIG": str(machine)},
    ).stdout
    assert 'Acquire::http::Proxy "http://proxy.invalid:3128";' in said
    assert 'APT::Architectures:: "arm64";' in said
    assert f'Dir "{private}";' in said
    assert "rm -f" not in said


def test_a_killed_download_goes_on_with_what_it_has(archive: FakeArchive, settings: FetchSettings) -> None:
    archive.plan(stop_after=2, stop_says="E: Failed to fetch http://x  Connection timed out\n")
    with pytest.raises(NetworkDown):
        fetch(settings)
    assert archive.lines("served") == ["asterisk_1%3a2.0_all.deb", "sounds_1%3a2.0_all.deb"]
    archive.plan()
    fetch(settings)
    assert archive.lines("served")[2:] == ["tools_1%3a2.0_all.deb"]


def test_a_killed_unpack_starts_over_from_checked_files_and_needs_no_network(
    archive: FakeArchive, settings: FetchSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(deb, downloads, target, lock):
        (target / "half").write_text("made", encoding="utf-8")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(packages, "_unpack_one", killed)
        with pytest.raises(KeyboardInterrupt):
            fetch(settings)
    assert fetched_install(settings) is None
    archive.plan(update_says="E: Could not resolve 'mirror.invalid'\n")
    install = fetch(settings)
    root = install.data.parents[2]
    assert not (root / "half").exists()
    assert list(root.parent.glob("*.partial")) == []


@pytest.mark.parametrize("damage", ["altered", "cut short", "gone"])
def test_a_damaged_file_is_fetched_again(archive: FakeArchive, settings: FetchSettings, damage: str) -> None:
    install = fetch(settings)
    shutil.rmtree(install.data.parents[2])
    deb = downloads(settings) / "sounds_1%3a2.0_all.deb"
    data = deb.read_bytes()
    if damage == "gone":
        deb.unlink()
    else:
        deb.write_bytes(data[:-1] + bytes([data[-1] ^ 1]) if damage == "altered" else data[:-1])
    fetch(settings)
    assert archive.lines("served")[3:] == ["sounds_1%3a2.0_all.deb"]
    assert deb.read_bytes() == data


def test_a_record_that_is_no_record_means_asking_the_archive_again(archive: FakeArchive, settings: FetchSettings) -> None:
    shutil.rmtree(fetch(settings).data.parents[2])
    updates = sum("update" in line for line in archive.lines("calls"))
    (settings.cache / "pbx" / "record.json").write_text('{"format": 1, "debs": [{"name": 3}]}', encoding="utf-8")
    fetch(settings)
    assert sum("update" in line for line in archive.lines("calls")) == updates + 1


def test_an_older_asterisk_never_becomes_a_root(archive: FakeArchive, settings: FetchSettings) -> None:
    (archive.folder / "asterisk_1%3a2.0_all.deb").unlink()
    archive.add("asterisk", programs(version="20.9.2"))
    with pytest.raises(AsteriskTooOld, match=r"22\.1 or later.*20\.9\.2"):
        fetch(settings)
    assert fetched_install(settings) is None


def test_a_package_that_is_no_package_is_named(archive: FakeArchive, settings: FetchSettings) -> None:
    (archive.folder / "broken_1_all.deb").write_bytes(b"!<arch>\nnot a package")
    with pytest.raises(PackagesRefused, match=r"broken_1_all\.deb cannot be unpacked"):
        fetch(settings)
    assert fetched_install(settings) is None


def _fetch_in_a_process(settings: FetchSettings) -> str:
    return str(fetch(settings).data)


def test_two_at_once_fetch_only_once(archive: FakeArchive, settings: FetchSettings) -> None:
    with multiprocessing.get_context("fork").Pool(2) as pool:
        first, second = pool.map(_fetch_in_a_process, [settings, settings], chunksize=1)
    assert first == second
    assert len(archive.lines("served")) == 3
    assert sum("update" in line for line in archive.lines("calls")) == 1


def test_too_little_room_is_said_before_anything_is_fetched(
    archive: FakeArchive, settings: FetchSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages.shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(100, 95, 5_000_000))
    with pytest.raises(DiskFull, match=r"5 MB free, 100 MB are needed.*CTI_CACHE_DIR"):
        fetch(settings)
    assert archive.lines("calls") == []


def test_a_disk_that_fills_during_the_work_is_said_as_such(
    archive: FakeArchive, settings: FetchSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(packages, "_unpack_one", full)
    with pytest.raises(DiskFull, match="CTI_CACHE_DIR"):
        fetch(settings)


def test_no_apt_is_said_with_what_to_do(settings: FetchSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ToolMissing, match="apt-get is not on this machine"):
        fetch(settings)


@pytest.mark.parametrize(
    ("complaint", "error", "words"),
    [
        ("E: Failed to fetch x  Temporary failure resolving 'x'", NetworkDown, "proxy"),
        (
            "W: Failed to fetch x  Could not connect to x:80 (111: Connection refused)",
            NetworkDown,
            "run again",
        ),
        ("E: You don't have enough free space in /x.", DiskFull, "CTI_CACHE_DIR"),
        ("E: Write error - write (28: No space left on device)", DiskFull, "CTI_CACHE_DIR"),
        (
            "W: GPG error: x sid InRelease: NO_PUBKEY 6ED0E7B82643E131\nE: The repository is not signed.",
            ArchiveUnknown,
            "CTI_DEBIAN_KEYRING",
        ),
        ("E: Unable to locate package asterisk", PackagesRefused, "Unable to locate package asterisk"),
        ("", PackagesRefused, "no message"),
    ],
)
def test_what_apt_complains_of_becomes_one_line_with_what_to_do(complaint: str, error: type, words: str) -> None:
    found = explain("install", complaint, Archive("http://mirror.invalid/debian", Path("/k.gpg")))
    assert type(found) is error
    assert words in str(found)
    assert "\n" not in str(found)


def test_a_package_without_sha256_is_refused() -> None:
    with pytest.raises(PackagesRefused, match="without size or SHA-256"):
        parse_print_uris("'http://x/a_1_all.deb' a_1_all.deb 12 MD5Sum:00")


def test_architectures_and_loaders() -> None:
    assert this_architecture("x86_64", "linux").loader == "ld-linux-x86-64.so.2"
    assert this_architecture("aarch64", "linux").triplet == "aarch64-linux-gnu"
    assert this_architecture("aarch64", "linux").loader == "ld-linux-aarch64.so.1"
    with pytest.raises(UnsupportedMachine, match="linux riscv64"):
        this_architecture("riscv64", "linux")
    with pytest.raises(UnsupportedMachine, match="darwin arm64"):
        this_architecture("arm64", "darwin")


def test_settings_come_from_the_environment(tmp_path: Path) -> None:
    settings = FetchSettings.from_environ(
        {
            "CTI_CACHE_DIR": str(tmp_path),
            "CTI_DEBIAN_MIRROR": "http://own.invalid/debian",
            "CTI_DEBIAN_KEYRING": "/k.gpg",
            "CTI_SANDBOX_FORCE_FETCH": "1",
        }
    )
    assert settings == FetchSettings(tmp_path, "http://own.invalid/debian", Path("/k.gpg"), force=True)
    assert FetchSettings.from_environ({"CTI_SANDBOX_FORCE_FETCH": "0", "CTI_DEBIAN_MIRROR": ""}).mirror is None
    assert not FetchSettings.from_environ({"CTI_SANDBOX_FORCE_FETCH": "0"}).force


def test_the_cache_is_outside_the_tree() -> None:
    assert cache_folder({"XDG_CACHE_HOME": "/xdg"}) == Path("/xdg/cti")
    assert cache_folder({"XDG_CACHE_HOME": "relative"}) == Path.home() / ".cache" / "cti"
    assert cache_folder({}) == Path.home() / ".cache" / "cti"


def edge(turnserver: str = "exit 0") -> dict[str, str]:
    architecture = this_architecture()
    loader = f"usr/lib/{architecture.triplet}/{architecture.loader}"
    return {
        loader: f'#!/bin/sh\ncase "$*" in *turnserver*) {turnserver};; esac\n',
        "usr/sbin/nginx": "", "usr/bin/turnserver": "", "usr/lib/nginx/modules/ngx_stream_module.so": "",
    }  # fmt: skip


def test_the_proxy_and_the_relay_have_a_root_of_their_own_beside_the_pbx(archive: FakeArchive, settings: FetchSettings) -> None:
    pbx = fetch(settings)
    archive.add("coturn", edge())
    found = fetch_edge(settings)
    assert found.stream_module.is_file()
    assert found.nginx[-1] != pbx.asterisk[-1]
    kept = read_record(settings.cache / "pbx" / "record-edge.json")
    assert kept is not None
    assert kept.requested == ("coturn", "nginx", "libnginx-mod-stream")
    calls = archive.lines("calls")
    assert (fetch_edge(settings), fetch(settings)) == (found, pbx), "neither makes the other be fetched again"
    assert archive.lines("calls") == calls


@pytest.mark.parametrize(
    ("files", "told"),
    [
        (edge("echo broken >&2; exit 1"), "turnserver does not start: broken"),
        ({path: text for path, text in edge().items() if "module" not in path}, "ngx_stream_module.so is missing"),
    ],
)
def test_an_edge_that_cannot_be_used_is_told_and_never_kept(
    archive: FakeArchive, settings: FetchSettings, files: dict[str, str], told: str
) -> None:
    next(archive.folder.glob("asterisk_*.deb")).unlink()  # its loader would stand where this one does
    archive.add("coturn", files)
    for _ in range(2):
        with pytest.raises(EdgeUnusable, match=told):
            fetch_edge(settings)
