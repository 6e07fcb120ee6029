"""What the api asks, answered from the rooms: calls, figures, transfers, readiness."""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Protocol

from cti.ami.actions import PbxActions
from cti.ami.connection import AmiLink, LinkState
from cti.ami.frames import AmiError
from cti.ami.translate import Translator
from cti.api.ports import Check, TransferResult, TransferVerdict, UnknownProfile
from cti.bootstrap.clock import now
from cti.journey import CallId, FiliereCode, Instant, Journey, State
from cti.journey.around.callers import Repeat
from cti.journey.around.crisis import cut, spans
from cti.journey.around.quality import LegQuality
from cti.journey.folding.joined import alone_with
from cti.journey.ledger import StoreUnavailable
from cti.journey.words import as_datetime
from cti.pipeline import Pipeline
from cti.qos.period import Period, local_day
from cti.qos.profiles import UnknownProfile as NoSuchProfile
from cti.qos.report import QosReport, report
from cti.routing.plan import Load
from cti.settings import Settings
from cti.store import Store

_NAME = re.compile(r"[^0-9A-Za-z_.@-]+")
_REACH_SECONDS = 2.0


class Calls:
    """Living calls from memory, ended ones from the store."""

    def __init__(self, store: Store, pipeline: Pipeline, repeat_window: int) -> None:
        self._store = store
        self._pipeline = pipeline
        self._repeat_window = repeat_window

    async def repeats(self, journeys: Sequence[Journey]) -> Mapping[CallId, Repeat]:
        """Which of these calls repeat an earlier one."""
        return await asyncio.to_thread(self._store.repeats, journeys, self._repeat_window)

    async def heard(self, call_id: CallId) -> Sequence[LegQuality]:
        """How well its legs were heard."""
        return await asyncio.to_thread(self._store.qualities.of, call_id)

    async def journeys(
        self, since: Instant, until: Instant, *, flux: str | None, limit: int, newest_first: bool
    ) -> Sequence[Journey]:
        """Calls by t0."""

        def read() -> list[Journey]:
            found = self._store.reading.journeys(since, until, flux=flux, limit=limit, newest_first=newest_first)
            return list(found)

        return await asyncio.to_thread(read)

    async def journey(self, call_id: CallId) -> Journey | None:
        """One call."""
        held = self._pipeline.journey(call_id)
        return held if held is not None else await asyncio.to_thread(self._store.journey, call_id)


class Figures:
    """The quality of service, computed from the store on demand."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store

    async def __call__(self, since: Instant | None, until: Instant | None, profile: str | None) -> dict[str, Any]:
        """Figures with their formulas."""
        today = self.today(now())
        period = Period(since or today.since, until or today.until, self._settings.zone)
        try:
            return (await asyncio.to_thread(self.report, period, profile)).as_dict()
        except NoSuchProfile as trouble:
            raise UnknownProfile(str(trouble)) from None

    def today(self, at: Instant) -> Period:
        """The local civil day of an instant."""
        return local_day(self.day(at), self._settings.zone)

    def day(self, at: Instant) -> date:
        """The local civil date."""
        return as_datetime(at).astimezone(self._settings.zone).date()

    def report(self, period: Period, profile: str | None) -> QosReport:
        """Reads the store; blocking."""
        regulation = self._settings.qos
        journeys = self._store.reading.journeys(period.since, period.until)
        gaps = self._store.reading.gaps(period.since, period.until)
        crises = cut(spans(self._store.crises.acts()), period.since, period.until, now())
        return report(journeys, regulation, profile or self._settings.cti.qos.default_profile, period, gaps, crises)


class Transfers:
    """Passes callers on, by sending the patient's own channel to the transfer context."""

    def __init__(self, settings: Settings, pipeline: Pipeline, translator: Translator, link: AmiLink) -> None:
        self._codes = frozenset(settings.routing.filieres.by_code)
        self._pipeline = pipeline
        self._translator = translator
        self._actions = PbxActions(link.ask)

    async def transfer(self, call_id: CallId, filiere: FiliereCode, by: str) -> TransferResult:
        """Ask the PBX; the board tells the rest."""
        journey = self._pipeline.journey(call_id)
        if journey is None:
            return TransferResult(TransferVerdict.UNKNOWN_CALL, f"Aucun appel {call_id} en cours.")
        if filiere not in self._codes:
            known = ", ".join(sorted(self._codes))
            return TransferResult(TransferVerdict.UNKNOWN_FILIERE, f"Filière inconnue : {filiere}. Filières : {known}.")
        apart = alone_with(journey) is None  # with another caller and nobody of ours: he may be fetched
        if journey.state not in (State.TALKING, State.HELD, State.WAITING) and apart:
            return TransferResult(TransferVerdict.NOT_POSSIBLE, _why_not(journey))
        stage = journey.stage
        if journey.state is State.WAITING and stage is not None and stage.filiere == filiere:
            return TransferResult(TransferVerdict.NOT_POSSIBLE, "L'appelant attend déjà dans cette filière.")
        channel = self._translator.book.caller_of(call_id)
        if channel is None:
            return TransferResult(TransferVerdict.NOT_POSSIBLE, "Le canal de l'appelant n'est pas connu.")
        try:
            await self._actions.set_var(channel.name, "SAS_VIA", f"api:{_NAME.sub('', by)[:40]}")
            await self._actions.redirect(channel.name, "sas-transferts", filiere)
        except AmiError as trouble:
            return TransferResult(TransferVerdict.PBX_UNREACHABLE, f"Le PBX n'a pas pris le transfert : {trouble}")
        return TransferResult(TransferVerdict.ASKED, f"Transfert vers {filiere} demandé.")


def _why_not(journey: Journey) -> str:
    if journey.ended_at is not None:
        return "L'appel est terminé."
    return "L'appel n'est ni en file ni en conversation."


class _Watched(Protocol):
    @property
    def up(self) -> bool: ...
    @property
    def link(self) -> AmiLink: ...


class Ready:
    """Whether everything that the service stands on is there."""

    def __init__(self, watch: _Watched, actions: AmiLink, pipeline: Pipeline, store: Store, agi_port: Callable[[], int]) -> None:
        self._watch = watch
        self._actions = actions
        self._pipeline = pipeline
        self._store = store
        self._agi_port = agi_port

    async def __call__(self) -> Sequence[Check]:
        """Every check, good or bad."""
        link = self._watch.link
        why = "observé" if self._watch.up else (link.reason or "rattrapage en cours")
        store_ok, store_why = await self._look_at_store()
        return (
            Check("pbx_events", self._watch.up, why),
            Check("pbx_actions", self._actions.state is LinkState.UP, self._actions.reason),
            Check("store", store_ok, store_why),
            Check("agi", self._agi_port() > 0, f"port {self._agi_port()}"),
        )

    async def _look_at_store(self) -> tuple[bool, str]:
        waiting = f"{self._pipeline.waiting} événements en attente d'écriture"
        if not self._pipeline.store_ok:
            return False, f"base indisponible, {waiting}"
        try:
            async with asyncio.timeout(_REACH_SECONDS):
                await asyncio.to_thread(self._store.ping)
        except StoreUnavailable as trouble:
            return False, f"base indisponible : {trouble}"
        except TimeoutError:
            return False, "base indisponible : pas de réponse"
        return True, waiting


class _Counts(Protocol):
    """What routing needs of the board."""

    def loads(self) -> Mapping[FiliereCode, tuple[int, int, int, Instant | None, int]] | None:
        """(logged in, free, waiting, oldest since, paused) by filière; None when the PBX is not seen."""


def load_of(board: _Counts) -> Mapping[str, Load] | None:
    """The board's counts in the words of routing."""
    loads = board.loads()
    if loads is None:
        return None
    at = now()
    return {
        code: Load(
            logged_in=logged_in,
            free=free,
            waiting=waiting,
            oldest_wait_ms=0 if oldest is None else max(0, (at - oldest) // 1000),
            paused=paused,
        )
        for code, (logged_in, free, waiting, oldest, paused) in loads.items()
    }
