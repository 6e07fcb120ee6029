"""Reading the machine's apt sources: both styles, as real systems write them."""

from pathlib import Path

import pytest

from cti.sandbox.debian.sources import (
    Source,
    debian_archive,
    machine_sources,
    read_deb822,
    read_one_line,
)
from cti.sandbox.errors import ArchiveUnknown, SourcesUnreadable

DEBIAN_12 = """\
Types: deb
# http://snapshot.invalid/archive/debian/20250520T000000Z
URIs: http://mirror.invalid/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.invalid/debian-security
Suites: bookworm-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
"""

DEBIAN_11 = """\
# deb cdrom:[Debian GNU/Linux 11.0.0 _Bullseye_ - Official amd64]/ bullseye main
deb cdrom:[Debian GNU/Linux 11.0.0 _Bullseye_ - Official amd64]/ bullseye main
deb http://security.invalid/debian-security bullseye-security main
deb [arch=amd64 signed-by=/usr/share/keyrings/docker.gpg] https://docker.invalid/linux/debian bullseye stable
deb https://php.invalid/php/ bullseye main # a third party
deb http://mirror.invalid/debian/ bullseye main contrib
deb-src http://mirror.invalid/debian/ bullseye main
"""

UBUNTU_24 = """\
Types: deb
URIs: http://archive.invalid/ubuntu/
Suites: noble noble-updates noble-backports
Components: main restricted universe multiverse
Signed-By: /usr/share/keyrings/ubuntu-archive-keyring.gpg

Enabled: no
Types: deb
URIs: http://mirror.invalid/debian
Suites: bookworm
Components: main
"""

UBUNTU_22 = """\
deb http://archive.invalid/ubuntu/ jammy main restricted
deb http://security.invalid/ubuntu jammy-security main restricted
"""


@pytest.fixture
def keyring(tmp_path: Path) -> Path:
    path = tmp_path / "debian-archive-keyring.gpg"
    path.write_bytes(b"key")
    return path


def test_deb822_stanzas_with_comments_inside() -> None:
    first, second = read_deb822(DEBIAN_12, "debian.sources")
    assert first.uri == "http://mirror.invalid/debian"
    assert first.suites == ("bookworm", "bookworm-updates")
    assert first.signed_by == "/usr/share/keyrings/debian-archive-keyring.gpg"
    assert second.uri.endswith("-security")


def test_deb822_key_blocks_are_folded_lines() -> None:
    text = (
        "Types: deb deb-src\nURIs: http://a.invalid/debian http://b.invalid/debian\nSuites: sid\n"
        "Components: main\nSigned-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQINBF\n"
    )
    found = list(read_deb822(text, "x.sources"))
    assert [source.uri for source in found] == ["http://a.invalid/debian", "http://b.invalid/debian"]
    assert "mQINBF" in found[0].signed_by


def test_one_line_sources_with_options_discs_and_comments() -> None:
    found = list(read_one_line(DEBIAN_11, "sources.list"))
    assert len(found) == 5
    assert found[0].uri.startswith("cdrom:[Debian GNU/Linux 11.0.0")
    assert found[2] == Source("https://docker.invalid/linux/debian", ("bullseye",), ("stable",), "/usr/share/keyrings/docker.gpg")
    assert found[3].components == ("main",)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("deb http://mirror.invalid/debian\n", "sources.list:1"),
        ("\ndeb [arch=amd64 http://mirror.invalid/debian sid main\n", "sources.list:2"),
        ("hello\n", "sources.list:1"),
    ],
)
def test_a_line_that_is_no_source_is_named(text: str, where: str) -> None:
    with pytest.raises(SourcesUnreadable, match=where):
        list(read_one_line(text, "sources.list"))


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (" folded\n", "x.sources:1"),
        ("Types: deb\nURIs http://mirror.invalid\n", "x.sources:2"),
        ("\n\nTypes: deb\nURIs: http://mirror.invalid/debian\n", "x.sources:3"),
    ],
)
def test_a_broken_stanza_is_named(text: str, where: str) -> None:
    with pytest.raises(SourcesUnreadable, match=where):
        list(read_deb822(text, "x.sources"))


@pytest.mark.parametrize(("reader", "text"), [(read_deb822, DEBIAN_12), (read_one_line, DEBIAN_11)], ids=["deb822", "one-line"])
def test_the_main_archive_is_chosen_among_security_discs_and_third_parties(reader, text: str, keyring: Path) -> None:
    archive = debian_archive(reader(text, "x"), keyring=keyring)
    assert archive.uri == "http://mirror.invalid/debian"


def test_a_mirror_list_file_signed_by_debian_is_an_archive(keyring: Path) -> None:
    source = Source("mirror+file:///etc/apt/mirrors/debian.list", ("trixie",), ("main",), str(keyring))
    assert debian_archive([source]).keyring == keyring


@pytest.mark.parametrize(("reader", "text"), [(read_deb822, UBUNTU_24), (read_one_line, UBUNTU_22)], ids=["24.04", "22.04"])
def test_an_ubuntu_is_told_what_to_set(reader, text: str, keyring: Path) -> None:
    with pytest.raises(ArchiveUnknown, match=r"CTI_DEBIAN_MIRROR.*CTI_DEBIAN_KEYRING") as caught:
        debian_archive(reader(text, "x"), keyring=keyring)
    assert "\n" not in str(caught.value)


def test_an_ubuntu_with_both_settings_has_an_archive(keyring: Path) -> None:
    archive = debian_archive(read_deb822(UBUNTU_24, "x"), mirror="http://own.invalid/debian/", keyring=keyring)
    assert archive.uri == "http://own.invalid/debian"
    assert archive.keyring == keyring


def test_without_a_keyring_the_message_names_package_and_setting(tmp_path: Path) -> None:
    with pytest.raises(ArchiveUnknown, match=r"debian-archive-keyring.*CTI_DEBIAN_KEYRING"):
        debian_archive([], mirror="http://own.invalid/debian", keyring_folders=[tmp_path])


def test_a_keyring_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ArchiveUnknown, match=r"CTI_DEBIAN_KEYRING names .*absent\.gpg"):
        debian_archive([], mirror="http://own.invalid/debian", keyring=tmp_path / "absent.gpg")


def test_the_whole_machine_is_read_in_order_and_other_files_left_alone(tmp_path: Path) -> None:
    parts = tmp_path / "sources.list.d"
    parts.mkdir()
    (tmp_path / "sources.list").write_text("deb http://one.invalid/debian sid main\n", encoding="utf-8")
    (parts / "a.sources").write_text(DEBIAN_12, encoding="utf-8")
    (parts / "b.list").write_text("deb http://two.invalid/debian sid main\n", encoding="utf-8")
    (parts / "c.list.disabled").write_text("this is read by nobody\n", encoding="utf-8")
    uris = [source.uri for source in machine_sources(tmp_path)]
    assert uris == [
        "http://one.invalid/debian",
        "http://mirror.invalid/debian",
        "http://mirror.invalid/debian-security",
        "http://two.invalid/debian",
    ]


def test_a_machine_without_apt_has_no_sources(tmp_path: Path) -> None:
    assert machine_sources(tmp_path / "absent") == ()
