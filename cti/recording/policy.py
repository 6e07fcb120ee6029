"""Which call must have audio, and what counts as sound: the rules, and the site's ``recording.toml``.

Arrêté du 20 octobre 2011, art. 1: the regulation centre records the calls it regulates. A call nobody answered was regulated by
nobody; a test call is checked only when the site wants it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from cti.journey import Journey

#: Bounds of each whole number of the file, both allowed.
_BOUNDS: Final[Mapping[str, tuple[int, int]]] = {
    "tolerance_ms": (0, 60_000),
    "derive_ms": (0, 600_000),
    "silence_max_peak": (0, 32_767),
    "voice_min_ms": (0, 60_000),
    "settle_ms": (0, 600_000),
    "deadline_ms": (0, 600_000),
    "low_bytes": (0, 10**18),
    "critical_bytes": (0, 10**18),
}


class RecordingConfigError(ValueError):
    """The file cannot be used; ``problems`` holds one line per fault."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class RecordingSettings:
    """How this site keeps and judges the voice."""

    #: Folder under which every recording lies, as this machine sees it.
    root: str = "/var/spool/asterisk/sas"
    #: The same folder as the PBX sees it; empty when it is the same path.
    pbx_root: str = ""
    #: A file may be so much shorter than the talks it must hold: the PBX drops the frame it is in when a channel ends.
    tolerance_ms: int = 1000
    #: The time line of a file may lag so much behind the clock at the end of the last talk: no time passes without frames.
    #: Measured on Asterisk 22.10.1 with phones that always send: 3 320 ms of file for 3 321 ms of call.
    derive_ms: int = 3000
    #: A tenth of a second whose loudest sample (of 32 767) stays at or under this is silence: no line is so quiet.
    silence_max_peak: int = 64
    #: A caller who was heard for less than this was not heard.
    voice_min_ms: int = 200
    #: A file that did not change for so long is finished, even when its header says otherwise.
    settle_ms: int = 5000
    #: How long one attempt waits for the files to be finished before the outbox is asked to come back.
    deadline_ms: int = 30_000
    test_calls: bool = False
    #: Flux whose calls need no audio.
    exempt_flux: frozenset[str] = frozenset()
    #: Room left on the recordings' disk under which people are told, and under which audio is about to be lost.
    low_bytes: int = 20_000_000_000
    critical_bytes: int = 2_000_000_000


#: The file's French names.
_NAMES: Final[Mapping[str, str]] = {
    "racine": "root",
    "racine_pbx": "pbx_root",
    "tolerance_ms": "tolerance_ms",
    "derive_ms": "derive_ms",
    "silence_crete_max": "silence_max_peak",
    "voix_min_ms": "voice_min_ms",
    "repos_ms": "settle_ms",
    "delai_ms": "deadline_ms",
    "appels_test": "test_calls",
    "flux_exemptes": "exempt_flux",
    "disque_bas_octets": "low_bytes",
    "disque_critique_octets": "critical_bytes",
}


def must_have_audio(journey: Journey, settings: RecordingSettings) -> bool:
    """Whether somebody must know when this call has no sound recording."""
    if journey.answered_at is None or journey.flux in settings.exempt_flux:
        return False
    return settings.test_calls or not journey.test


def from_mapping(data: Mapping[str, object], file: str) -> RecordingSettings:
    """Read a parsed ``recording.toml``; what is not there takes its default.

    Raises:
        RecordingConfigError: with every fault of the file.
    """
    problems: list[str] = []
    values: dict[str, object] = {}
    for name, value in data.items():
        if name not in _NAMES:
            problems.append(f"{file}: {name}: unknown field")
            continue
        fault = _fault(_NAMES[name], value)
        if fault:
            problems.append(f"{file}: {name}: {fault}")
        values[_NAMES[name]] = frozenset(value) if isinstance(value, list) and not fault else value
    if not problems:
        settings = RecordingSettings(**values)  # type: ignore[arg-type]  # each value was checked against its field above
        if settings.critical_bytes <= settings.low_bytes:
            return settings
        problems.append(
            f"{file}: disque_critique_octets: {settings.critical_bytes} is more than disque_bas_octets, {settings.low_bytes}"
        )
    raise RecordingConfigError(tuple(problems))


def _fault(name: str, value: object) -> str | None:
    if name in _BOUNDS:
        low, high = _BOUNDS[name]
        whole = isinstance(value, int) and not isinstance(value, bool)
        return None if whole and low <= value <= high else f"a whole number from {low} to {high} is expected, not {value!r}"  # type: ignore[operator]
    if name == "test_calls":
        return None if isinstance(value, bool) else f"true or false is expected, not {value!r}"
    if name == "exempt_flux":
        sound = isinstance(value, list) and all(isinstance(item, str) and item for item in value)
        return None if sound else f"a list of flux codes is expected, not {value!r}"
    if not isinstance(value, str) or "\0" in value:
        return f"a path is expected, not {value!r}"
    if name == "root":
        return None if value.strip() else "a path is expected, not an empty text"
    return None if not value or PurePosixPath(value).is_absolute() else f"an absolute path is expected, not {value!r}"
