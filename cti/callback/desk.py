"""What may be done about an entry now, and why not: two people who reach for the same caller are told of each other.

The answer is in French: it is shown to the person who asked.
"""

from typing import Final

from cti.journey.callbacks import Act, ActKind, CallbackEntry, EntryState


class Refused(Exception):
    """The act is not possible on the entry as it is; the message says why, in French."""


_NEEDS_NUMBER: Final = frozenset({ActKind.TAKE, ActKind.TRY})


def allow(entry: CallbackEntry, act: Act, version: int, *, newest: bool) -> None:
    """Let an act pass that was wished on this version of the entry.

    Raises:
        Refused: somebody was quicker, or the entry is not in a state for it.
    """
    if version != entry.version:
        raise Refused(f"Cette fiche a changé entre-temps : {_story(entry)}.")
    if act.kind in _NEEDS_NUMBER and not entry.callable:
        raise Refused("Rappel impossible : l'appelant n'a pas laissé de numéro.")
    taken_by_other = entry.state is EntryState.TAKEN and entry.taken_by != act.by
    possible = {
        ActKind.TAKE: entry.state is EntryState.OPEN,
        ActKind.TRY: entry.state is not EntryState.CLOSED and not taken_by_other,
        ActKind.CLOSE: entry.state is not EntryState.CLOSED and not taken_by_other,
        ActKind.REOPEN: entry.state is not EntryState.OPEN and newest,
    }
    if not possible[act.kind]:
        raise Refused(f"Impossible : {_story(entry)}.")


def _story(entry: CallbackEntry) -> str:
    match entry.state:
        case EntryState.TAKEN:
            return f"déjà prise par {entry.taken_by}"
        case EntryState.CLOSED:
            who = f" par {entry.closed_by}" if entry.closed_by else ""
            return f"close{who} ({entry.reason})"
        case EntryState.OPEN:  # pragma: no branch - there is no other state
            return "elle est à rappeler"
