"""Who called again: what the number of each call did shortly before, read from the calls themselves."""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Engine, bindparam, select

from cti.journey import CallId, Journey
from cti.journey.around.callers import Call, DialKey, Repeat, dial_key, repeat_among, spellings
from cti.store import tables as t
from cti.store.faults import reaching

#: The databases limit how many values one statement may name; a number has up to four spellings.
_CHUNK: Final = 120
_CALLS: Final = (
    select(t.call.c.call_id, t.call.c.caller, t.call.c.t0, t.call.c.dossier_ref)
    .where(t.call.c.caller.in_(bindparam("numbers", expanding=True)), t.call.c.t0.between(bindparam("since"), bindparam("until")))
    .where(t.call.c.test.is_(False))
)


class Repeats:
    """Reads the earlier calls of numbers; may be called from any thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __call__(self, journeys: Iterable[Journey], window: int) -> dict[CallId, Repeat]:
        """For each call whose number called within ``window`` microseconds before it: how often, and the last of those calls.

        Raises:
            StoreUnavailable: the database is out of reach.
        """
        keyed = [(key, journey) for journey in journeys if (key := dial_key(journey.caller)) is not None and not journey.test]
        if not keyed:
            return {}
        since, until = min(journey.t0 for _, journey in keyed) - window, max(journey.t0 for _, journey in keyed)
        calls = self._calls(sorted({key for key, _ in keyed}), since, until)
        found = {journey.call_id: repeat_among(calls.get(key, ()), journey.call_id, journey.t0, window) for key, journey in keyed}
        return {call_id: repeat for call_id, repeat in found.items() if repeat is not None}

    def _calls(self, keys: list[DialKey], since: int, until: int) -> dict[DialKey, list[Call]]:
        calls: dict[DialKey, list[Call]] = {}
        with reaching(), self._engine.connect() as connection:
            for start in range(0, len(keys), _CHUNK):
                numbers = [spelling for key in keys[start : start + _CHUNK] for spelling in spellings(key)]
                for row in connection.execute(_CALLS, {"numbers": numbers, "since": since, "until": until}):
                    key = dial_key(row.caller)
                    if key is not None:
                        calls.setdefault(key, []).append(Call(row.call_id, row.t0, row.dossier_ref))
        return calls
