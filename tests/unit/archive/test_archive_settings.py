"""Keys that are keys, an identity for its owner alone, and the settings that ask for an offline key."""

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from cti.archive.sealing.keys import KeyTrouble, NotOurs, Sealer, read_identity, recipient_fault, write_identity
from cti.archive.sealing.manifest import BadManifest, read_manifest, split
from cti.archive.sealing.voices import NotJoined, from_flac
from cti.archive.settings import ArchiveSettings
from cti.archive.stores import ShelfTrouble, open_shelf
from cti.archive.storing import generation_of, in_generation


def test_an_identity_is_for_its_owner_alone_and_is_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "own.key"
    public = write_identity(path, "2026-11-23")
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_identity(path).recipient == public
    assert recipient_fault(public) is None
    with pytest.raises(KeyTrouble, match="ne se remplace pas"):
        write_identity(path, "later")
    path.chmod(0o640)
    with pytest.raises(KeyTrouble, match="chmod 600"):
        read_identity(path)


def test_what_is_no_identity_is_said(tmp_path: Path) -> None:
    with pytest.raises(KeyTrouble, match="cti archive keygen"):
        read_identity(tmp_path / "absent")
    for number, content in enumerate((b"", b"AGE-SECRET-KEY-1XYZ\n", b"\xff\xfe")):
        path = tmp_path / str(number)
        path.write_bytes(content)
        path.chmod(0o600)
        with pytest.raises(KeyTrouble, match="identité"):
            read_identity(path)


def test_each_recipient_opens_alone_and_nobody_else(tmp_path: Path) -> None:
    people = [write_identity(tmp_path / name, "x") for name in ("a", "b", "c")]
    sealed = Sealer((people[0], people[1], people[0]))(b"voice")
    assert [read_identity(tmp_path / name)(sealed) for name in ("a", "b")] == [b"voice", b"voice"]
    with pytest.raises(NotOurs):
        read_identity(tmp_path / "c")(sealed)
    with pytest.raises(NotOurs):
        read_identity(tmp_path / "a")(sealed[:-1])


@pytest.mark.parametrize("size", [5, 65_536, 200_000])
def test_whatever_is_cut_altered_or_added_does_not_open(tmp_path: Path, size: int) -> None:
    own = write_identity(tmp_path / "own", "x")
    opener, plain = read_identity(tmp_path / "own"), bytes(range(256)) * (size // 256 + 1)
    sealed = Sealer((own,))(plain[:size])
    assert opener(sealed) == plain[:size]
    for at in range(0, len(sealed), max(1, len(sealed) // 40)):
        for bad in (sealed[:at], sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]):
            with pytest.raises(NotOurs):
                opener(bad)
    with pytest.raises(NotOurs):
        opener(sealed + b"x")


def test_an_archive_without_an_offline_key_is_refused(tmp_path: Path) -> None:
    assert not ArchiveSettings.model_validate({}).archive.actif
    with pytest.raises(ValidationError, match="offline recovery"):
        ArchiveSettings.model_validate({"archive": {"actif": True}})
    with pytest.raises(ValidationError, match="clé publique age"):
        ArchiveSettings.model_validate({"archive": {"actif": True, "secours": "age1nothing"}})
    offline, own = (write_identity(tmp_path / name, "x") for name in ("offline", "own"))
    with pytest.raises(ValidationError, match="clé publique age"):
        ArchiveSettings.model_validate({"archive": {"actif": True, "secours": offline, "destinataires": ["age1x"]}})
    sound = ArchiveSettings.model_validate({"archive": {"actif": True, "secours": offline, "destinataires": [offline]}})
    assert sound.recipients(own) == (own, offline)
    assert "cti archive keygen" in sound.remarks()[0]
    keys = {"actif": True, "secours": offline, "identite": str(tmp_path / "own")}
    assert ArchiveSettings.model_validate({"archive": keys}).remarks() == []
    assert ArchiveSettings.model_validate({"s3": {"endpoint": "http://x"}}).store_options() == {"endpoint": "http://x"}


def test_names_of_objects_and_generations() -> None:
    assert in_generation("a/b", 1) == "a/b"
    assert generation_of(in_generation("a/b", 12)) == ("a/b", 12)
    assert generation_of("a/b.gx") == ("a/b.gx", 1)
    assert split("a/b.flac.age") == ("a/b", ".flac.age")
    assert split("a/b.flac") is None


def test_what_is_no_manifest_and_no_flac_is_said() -> None:
    for text in (b"", b"{}", b"[]", b'{"format": "other", "piece_id": "x", "timeline_bytes": 1, "recipients": []}'):
        with pytest.raises(BadManifest):
            read_manifest(text)
    with pytest.raises(NotJoined):
        from_flac(b"fLaC")


def test_a_folder_of_the_archive_is_for_its_owner_alone(tmp_path: Path) -> None:
    shelf = open_shelf(str(tmp_path / "archive"))
    assert (tmp_path / "archive").stat().st_mode & 0o777 == 0o700
    assert shelf.put("a/b", b"1")
    assert not shelf.put("a/b", b"2")
    assert shelf.get("a/b") == b"1"
    assert [one.name for one in shelf.list()] == ["a/b"]
    shelf.remove("a/b")
    shelf.remove("a/b")
    assert shelf.get("a/b") is None
    for name in ("c.flac.age#1", "d.flac.age#2"):
        (tmp_path / "archive" / name).write_bytes(b"half")
    os.utime(tmp_path / "archive" / "c.flac.age#1", (1000, 1000))
    assert list(shelf.list()) == [], "what is still being written is not there"
    assert shelf.sweep(2000) == 1
    assert [path.name for path in (tmp_path / "archive").glob("*#*")] == ["d.flac.age#2"]
    (tmp_path / "file").touch()
    with pytest.raises(ShelfTrouble, match="magasin"):
        open_shelf(str(tmp_path / "file"))
