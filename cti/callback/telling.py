"""An entry told outside: plain data with UTC ISO 8601 instants and whole milliseconds, ready for JSON.

The number is whole: whoever calls back must dial it. It is told to the list alone, never to the board or the logs.
"""

from typing import Any

from cti.callback.rules import CallbackRules
from cti.journey import Instant
from cti.journey.callbacks import CallbackEntry
from cti.journey.words import elapsed_ms, iso


def tell_entry(entry: CallbackEntry, rules: CallbackRules, now: Instant) -> dict[str, Any]:
    """One entry."""
    names = {rank.code: rank.libelle for rank in rules.ranks}
    return {
        "id": entry.id,
        "rank": entry.rank,
        "rank_code": entry.rank_code,
        "rank_libelle": names.get(entry.rank_code, entry.rank_code),
        "number": entry.number,
        "callable": entry.callable,
        "kind": entry.kind,
        "flux": entry.flux,
        "filiere": entry.filiere,
        "phase": entry.phase,
        "priority": entry.priority,
        "dossier_ref": entry.dossier_ref,
        "first_lost_at": iso(entry.first_lost_at),
        "last_lost_at": iso(entry.last_lost_at),
        "age_ms": elapsed_ms(entry.first_lost_at, now),
        "calls": len(entry.call_ids),
        "call_ids": list(entry.call_ids),
        "state": entry.state,
        "taken_by": entry.taken_by,
        "taken_at": iso(entry.taken_at),
        "closed_at": iso(entry.closed_at),
        "closed_by": entry.closed_by,
        "reason": entry.reason,
        "closing_call_id": entry.closing_call_id,
        "version": entry.version,
        "acts": [
            {
                "at": iso(act.at),
                "by": act.by,
                "kind": act.kind,
                "result": act.result,
                "reason": act.reason,
                "call_id": act.call_id,
            }
            for act in entry.acts
        ],
    }
