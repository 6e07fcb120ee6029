"""The memory of the service: the only room that knows SQL.

In come batches of events with the journeys they led to, and requests for a dossier number; out come journeys, gaps, promises and
dossiers, as values of the core. What must never happen here: half a batch on disk, a number given twice, an ORM object or a
connection that leaves the room, or a decision about a call.
"""

from collections.abc import Callable
from dataclasses import dataclass

from cti.journey.ledger import Batch, Promise
from cti.journey.model import Journey
from cti.journey.words import CallId, Instant
from cti.store.access import Accounts
from cti.store.callbacks import Callbacks
from cti.store.crisis import Crises
from cti.store.dossiers import Dossier, DossierRequest, Dossiers
from cti.store.draws import Draws
from cti.store.duty import Duty
from cti.store.engine import BUSY_TIMEOUT_MS, UnknownDatabase, build_engine
from cti.store.exports import Exports
from cti.store.hearing import Hearing
from cti.store.keeping import KeepingRegister
from cti.store.ledger import Ledger
from cti.store.notes import Notes
from cti.store.pieces import Pieces
from cti.store.quality import Qualities
from cti.store.reading import Reading
from cti.store.repeats import Repeats
from cti.store.schema import Age, SchemaMismatch, SchemaState, migrate, prepare, schema_state
from cti.store.signing import SignIn, Signing
from cti.store.traces import Traces

__all__ = [
    "Accounts",
    "Age",
    "Callbacks",
    "Crises",
    "Dossier",
    "DossierRequest",
    "Dossiers",
    "Draws",
    "Duty",
    "Exports",
    "Hearing",
    "KeepingRegister",
    "Notes",
    "Pieces",
    "Qualities",
    "Reading",
    "Repeats",
    "SchemaMismatch",
    "SchemaState",
    "SignIn",
    "Signing",
    "Store",
    "Traces",
    "UnknownDatabase",
    "migrate",
    "open_store",
    "schema_state",
]


@dataclass(frozen=True, slots=True)
class Store:
    """One open database: what the pipeline writes, what reports read, the registry of dossiers, the call-back list,
    crises, who is on duty, the pieces of the archive and their keeping, accounts, who is signed in and the log of accesses,
    what was handed over, searches among recordings, quality draws, notes on calls, how well
    legs were heard.

    ``commit`` is for one thread at a time; everything else may be called from any thread. Every method raises StoreUnavailable
    when the database is out of reach.
    """

    reading: Reading
    dossiers: Dossiers
    callbacks: Callbacks
    repeats: Repeats
    crises: Crises
    duty: Duty
    pieces: Pieces
    keeping: KeepingRegister
    accounts: Accounts
    signing: Signing
    traces: Traces
    exports: Exports
    hearing: Hearing
    draws: Draws
    notes: Notes
    qualities: Qualities
    _ledger: Ledger
    _dispose: Callable[[], None]

    def commit(self, batch: Batch) -> None:
        """Write all of the batch or nothing of it.

        Raises:
            StoreUnavailable: out of reach, locked or full; the same batch may be offered again.
        """
        self._ledger.commit(batch)

    def open_journeys(self) -> list[Journey]:
        """The calls that had not ended when we last wrote."""
        return self.reading.open_journeys()

    def outlived_journeys(self, since: Instant) -> list[Journey]:
        """The calls that came in since then and ended while an agent consulted for their caller."""
        return self.reading.outlived_journeys(since)

    def journey(self, call_id: CallId) -> Journey | None:
        """One call, ended or not; None when it is not known."""
        return self.reading.journey(call_id)

    def pending(self) -> list[Promise]:
        """Promises not yet kept."""
        return self.reading.pending()

    def ping(self) -> None:
        """Come back when the database answers, raise StoreUnavailable when it does not."""
        self.reading.ping()

    def close(self) -> None:
        """Close every connection; the store may not be used afterwards."""
        self._dispose()


def open_store(url: str, *, busy_timeout_ms: int = BUSY_TIMEOUT_MS) -> Store:
    """Open the database named by ``sqlite:///var/cti.db`` or ``postgresql://...``; a fresh one gets its tables.

    Raises:
        UnknownDatabase: the URL names no database that we serve.
        SchemaMismatch: the schema is older (``cti migrate``) or newer than this code, or not ours.
        StoreUnavailable: the database is out of reach.
    """
    engine = build_engine(url, busy_timeout_ms=busy_timeout_ms)
    try:
        prepare(engine)
    except BaseException:
        engine.dispose()
        raise
    return Store(
        Reading(engine),
        Dossiers(engine),
        Callbacks(engine),
        Repeats(engine),
        Crises(engine),
        Duty(engine),
        Pieces(engine),
        KeepingRegister(engine),
        Accounts(engine),
        Signing(engine),
        Traces(engine),
        Exports(engine),
        Hearing(engine),
        Draws(engine),
        Notes(engine),
        Qualities(engine),
        Ledger(engine),
        engine.dispose,
    )
