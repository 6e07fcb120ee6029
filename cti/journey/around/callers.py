"""Who calls, as far as a number can tell: one key for all the ways in which a trunk writes the same number.

A French number comes as ``0612345678``, ``+33612345678``, ``0033612345678`` or ``33612345678`` according to the trunk. A caller
whose number is masked (``***``, ``anonymous``) or who has no SIM has no key: such calls are never taken for one another.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

from cti.journey.words import CallId, Instant

#: A number in the one spelling by which two calls are compared: ``0612345678``, or ``+4915...`` of another country.
DialKey: TypeAlias = str

#: Fewer digits name a service, not a person (a handset without SIM shows such placeholders).
_LEAST_DIGITS: Final = 6
#: E.164 has at most 15 digits; with the prefix ``00``.
_MOST_DIGITS: Final = 17
#: A French number without its leading zero or country code.
_FRENCH_DIGITS: Final = 9


@dataclass(frozen=True, slots=True)
class Repeat:
    """What this number did shortly before: how many calls, and the last of them."""

    count: int
    previous_call_id: CallId
    previous_dossier_ref: str | None = None  #: of the latest earlier call that has a dossier


def dial_key(caller: str | None) -> DialKey | None:
    """The number by which to compare and to call back; None when there is none."""
    if caller is None:
        return None
    digits = caller.removeprefix("+")
    if not (digits.isascii() and digits.isdigit() and _LEAST_DIGITS <= len(digits) <= _MOST_DIGITS):
        return None
    abroad = caller.startswith("+")
    if not abroad and digits.startswith("00"):
        abroad, digits = True, digits[2:]
    if digits.startswith("33") and len(digits) == _FRENCH_DIGITS + 2:
        return "0" + digits[2:]
    return f"+{digits}" if abroad else digits


def spellings(key: DialKey) -> tuple[str, ...]:
    """Every way in which a trunk may have written this number."""
    if key.startswith("+"):
        return key, f"00{key[1:]}"
    if key.startswith("0") and len(key) == _FRENCH_DIGITS + 1:
        return key, f"+33{key[1:]}", f"0033{key[1:]}", f"33{key[1:]}"
    return (key,)


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a number, as far as its next ones are concerned."""

    call_id: CallId
    t0: Instant
    dossier_ref: str | None = None


def repeat_among(calls: Iterable[Call], call_id: CallId, t0: Instant, window: int) -> Repeat | None:
    """What came before this call within ``window`` microseconds, among the calls of its number; None when nothing did."""
    before = [call for call in calls if call.call_id != call_id and t0 - window <= call.t0 < t0]
    earlier = sorted(before, key=lambda call: (call.t0, call.call_id))
    if not earlier:
        return None
    dossier = next((call.dossier_ref for call in reversed(earlier) if call.dossier_ref is not None), None)
    return Repeat(len(earlier), earlier[-1].call_id, dossier)
