"""The tables: one history of calls for SQLite and PostgreSQL.

``calls`` are the journal of events and its fold; ``people`` are the journals of what people do, and what is made from them;
``voice`` is where each recording stands; ``keeping`` how long it is kept, who stops its clock, and how it ended;
``quality`` is how well each leg was heard;
``access`` is who may hear the voice and who did; ``exports`` what was handed over of it;
``columns`` is how every column is written. A table changes by a migration only. What must never happen here: a table that the two
databases understand differently.
"""

from cti.store.tables.access import (
    access_act,
    access_credential,
    access_link,
    access_session,
    access_token,
    access_trace,
    access_user,
)
from cti.store.tables.calls import anomaly, call, consult, dossier, dossier_counter, event, gap, leg, outbox, recording, stage
from cti.store.tables.columns import metadata
from cti.store.tables.exports import voice_export
from cti.store.tables.keeping import destruction, hold, piece_term, proposal, proposal_item
from cti.store.tables.people import call_note, callback, callback_act, callback_trace, crisis_act, duty_act, presence
from cti.store.tables.quality import leg_quality
from cti.store.tables.voice import draw, draw_call, piece

__all__ = [
    "access_act",
    "access_credential",
    "access_link",
    "access_session",
    "access_token",
    "access_trace",
    "access_user",
    "anomaly",
    "call",
    "call_note",
    "callback",
    "callback_act",
    "callback_trace",
    "consult",
    "crisis_act",
    "destruction",
    "dossier",
    "dossier_counter",
    "draw",
    "draw_call",
    "duty_act",
    "event",
    "gap",
    "hold",
    "leg",
    "leg_quality",
    "metadata",
    "outbox",
    "piece",
    "piece_term",
    "presence",
    "proposal",
    "proposal_item",
    "recording",
    "stage",
    "voice_export",
]
