import tomllib
from pathlib import Path
from typing import Any

import pytest

from cti.recording.disk import DiskSpace, Room, hours_left, judge, read_space
from cti.recording.policy import RecordingConfigError, RecordingSettings, from_mapping

SITE = Path(__file__).resolve().parents[3] / "config" / "recording.toml"


def problems(data: dict[str, Any]) -> tuple[str, ...]:
    with pytest.raises(RecordingConfigError) as raised:
        from_mapping(data, "recording.toml")
    assert str(raised.value) == "\n".join(raised.value.problems)
    return raised.value.problems


def test_the_file_that_is_shipped_reads() -> None:
    settings = from_mapping(tomllib.loads(SITE.read_text(encoding="utf-8")), "recording.toml")
    assert (settings.tolerance_ms, settings.settle_ms, settings.test_calls) == (1000, 5000, False)
    assert settings.critical_bytes < settings.low_bytes


def test_an_empty_file_gives_the_defaults() -> None:
    assert from_mapping({}, "f") == RecordingSettings()


def test_each_field_is_read() -> None:
    data = {"racine": "/r", "racine_pbx": "/p", "appels_test": True, "flux_exemptes": ["CH"], "voix_min_ms": 0}
    assert from_mapping(data, "f") == RecordingSettings(
        root="/r", pbx_root="/p", test_calls=True, exempt_flux=frozenset({"CH"}), voice_min_ms=0
    )


def test_every_fault_is_told_at_once() -> None:
    assert problems(
        {
            "racine": " ",
            "racine_pbx": "relatif",
            "tolerance_ms": -1,
            "repos_ms": True,
            "appels_test": 1,
            "flux_exemptes": [1],
            "delais_ms": 3,
        }
    ) == (
        "recording.toml: racine: a path is expected, not an empty text",
        "recording.toml: racine_pbx: an absolute path is expected, not 'relatif'",
        "recording.toml: tolerance_ms: a whole number from 0 to 60000 is expected, not -1",
        "recording.toml: repos_ms: a whole number from 0 to 600000 is expected, not True",
        "recording.toml: appels_test: true or false is expected, not 1",
        "recording.toml: flux_exemptes: a list of flux codes is expected, not [1]",
        "recording.toml: delais_ms: unknown field",
    )
    assert problems({"racine": 3}) == ("recording.toml: racine: a path is expected, not 3",)


def test_the_alarm_comes_after_the_warning() -> None:
    assert problems({"disque_bas_octets": 1}) == (
        "recording.toml: disque_critique_octets: 2000000000 is more than disque_bas_octets, 1",
    )


@pytest.mark.parametrize(
    ("free", "room"), [(101, Room.AMPLE), (100, Room.LOW), (11, Room.LOW), (10, Room.CRITICAL), (0, Room.CRITICAL)]
)
def test_room_on_the_disk(free: int, room: Room) -> None:
    assert judge(DiskSpace(free, 1000), RecordingSettings(low_bytes=100, critical_bytes=10)) is room


def test_hours_that_still_fit() -> None:
    assert hours_left(DiskSpace(230, 1000), 115) == 2.0
    assert hours_left(DiskSpace(230, 1000), 0) is None


def test_the_disk_is_read(tmp_path: Path) -> None:
    space = read_space(tmp_path)
    assert 0 <= space.free <= space.total
    with pytest.raises(FileNotFoundError):
        read_space(tmp_path / "gone")
