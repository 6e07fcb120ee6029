"""Crisis mode wired: people switch it, the store keeps it, the PBX is told, the board shows it and may propose it.

The store is the truth. ``cti crise`` writes there too, so the history is read again every ``LOOK_SECONDS``; the PBX is told at
each turn, and again at each connection, for it forgets when it restarts.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, Protocol

import structlog

from cti.ami.actions import PbxActions
from cti.ami.connection import LinkHooks, LinkInfo, Wait, wait_for_event
from cti.ami.frames import AmiError
from cti.api.ports import CrisisRefused
from cti.bootstrap.clock import now
from cti.bootstrap.watching.conditions import PATIENCE_SECONDS, Condition, Trouble
from cti.journey import Instant
from cti.journey.around.crisis import AlreadySo, CrisisAct, CrisisSpan, is_active, spans, switched
from cti.journey.ledger import StoreUnavailable
from cti.journey.words import as_datetime, iso
from cti.live.alarms import Gravite
from cti.live.views import CrisisView
from cti.pipeline.ports import Runner
from cti.routing.crise import CriseRules, proposal
from cti.routing.plan import Load
from cti.settings import Settings

log = structlog.get_logger(__name__)

LOOK_SECONDS: Final = 1.0
#: The global of the dialplan that says it (section 8 of extensions.conf).
VARIABLE: Final = "SAS_CRISE_DEMANDEE"
_SECOND: Final = 1_000_000
#: Crises that the board still draws: those of the last day.
_DRAWN_US: Final = 24 * 3_600 * _SECOND


class Shelf(Protocol):
    """The store's side of the history."""

    def acts(self, after: int = 0) -> tuple[CrisisAct, ...]:
        """Every act numbered above ``after``."""

    def add(self, work: Callable[[Sequence[CrisisAct]], CrisisAct]) -> CrisisAct:
        """Let ``work`` say the next act, and write it."""


class _Board(Protocol):
    def show_crisis(self, view: CrisisView, orange_seconds: int, rouge_seconds: int, /) -> None:
        """Show it, and the thresholds that hold."""


class CrisisDesk:
    """The switch as everybody sees it. Lives in the event loop's thread."""

    def __init__(
        self,
        shelf: Shelf,
        rules: CriseRules,
        board: _Board,
        runner: Runner,
        clock: Callable[[], Instant],
        load: Callable[[], Mapping[str, Load] | None],
        wait: Wait,
        names: Mapping[str, str] | None = None,
    ) -> None:
        self._shelf = shelf
        self._rules = rules
        self._board = board
        self._run: Callable[..., Awaitable[Any]] = runner
        self._clock = clock
        self._load = load
        self._wait = wait
        self._names = names or {}
        self._acts: tuple[CrisisAct, ...] = ()
        self._told: bool | None = None  # what the PBX took on this connection
        self._turn = asyncio.Event()
        self._loaded_since: Instant | None = None
        self._proposal: str | None = None

    @property
    def active(self) -> bool:
        """Whether there is a crisis now."""
        return is_active(self._acts)

    # --- what people ask -----------------------------------------------------------------------------------------------

    async def switch(self, *, active: bool, by: str, reason: str) -> dict[str, Any]:
        """Turn the switch; the state afterwards.

        Raises:
            CrisisRefused: it stands that way already.
            StoreUnavailable: nothing can be written now.
        """
        at = self._clock()
        try:
            await self._run(self._shelf.add, lambda acts: switched(acts, active=active, at=at, by=by, reason=reason))
        except AlreadySo as already:
            await self.read()
            raise CrisisRefused(refusal(already.act)) from None
        await self.read()
        return await self.state()

    async def state(self) -> dict[str, Any]:
        """The switch and its history, the newest act first."""
        view = self._view()
        return {
            "active": view.active,
            "since": iso(view.since),
            "by": view.by,
            "reason": view.reason,
            "pbx": view.pbx,
            "proposal": view.proposal,
            "history": [tell_act(act) for act in reversed(self._acts)],
        }

    def spans(self) -> tuple[CrisisSpan, ...]:
        """Every crisis so far."""
        return spans(self._acts)

    # --- what happens by itself ----------------------------------------------------------------------------------------

    async def read(self) -> None:
        """Take over what was written since, by us or by the command line.

        Raises:
            StoreUnavailable: what is known stays.
        """
        last = self._acts[-1].number if self._acts else 0
        found = await asyncio.to_thread(self._shelf.acts, last)
        self._acts += tuple(act for act in found if act.number > (self._acts[-1].number if self._acts else 0))
        for act in found:
            log.warning("crisis_switched", active=act.active, by=act.by, reason=act.reason, number=act.number)
        if found:
            self._turn.set()
        self._show()

    def hooks(self) -> LinkHooks:
        """For the link that acts: a PBX that comes back is told again."""
        return LinkHooks(on_frame=lambda frame: None, on_up=self._connected, on_down=lambda reason: self._forget())

    def _connected(self, info: LinkInfo) -> None:
        self._forget()
        self._turn.set()

    def _forget(self) -> None:
        self._told = None
        self._show()

    async def run(self, actions: PbxActions) -> None:
        """Until cancelled: read, tell the PBX what it does not know, look at the load."""
        while True:
            try:
                await self.read()
            except StoreUnavailable:
                log.debug("crisis_not_read")  # the store has its own alarm
            await self._tell_pbx(actions)
            self._look_at_load()
            self._show()
            await self._wait(self._turn, LOOK_SECONDS)
            self._turn.clear()

    async def _tell_pbx(self, actions: PbxActions) -> None:
        wanted = self.active
        if self._told is wanted:
            return
        try:
            await actions.set_global(VARIABLE, int(wanted))
        except AmiError as trouble:
            log.debug("crisis_not_told", error=str(trouble))
            return
        self._told = wanted
        log.info("crisis_told_to_pbx", active=wanted)

    def _look_at_load(self) -> None:
        at, load = self._clock(), self._load()
        why = None
        if load is not None and not self.active:
            waiting = sum(one.waiting for one in load.values())
            why = proposal(self._rules.proposition, waiting, max((one.oldest_wait_ms for one in load.values()), default=0))
        if why is None:
            self._loaded_since, self._proposal = None, None
            return
        self._loaded_since = self._loaded_since if self._loaded_since is not None else at
        if at - self._loaded_since >= self._rules.proposition.duree_seconds * _SECOND:
            self._proposal = why

    # --- what is shown -------------------------------------------------------------------------------------------------

    def _view(self) -> CrisisView:
        last = self._acts[-1] if self._acts else None
        since = self._clock() - _DRAWN_US
        drawn = tuple(one for one in self.spans() if one.until is None or one.until > since)
        return CrisisView(
            active=self.active,
            since=None if last is None else last.at,
            by="" if last is None else last.by,
            reason="" if last is None else last.reason,
            pbx=self._told is self.active,
            proposal=self._proposal,
            spans=drawn,
        )

    def _show(self) -> None:
        seuils = self._rules.seuils(crise=self.active)
        self._board.show_crisis(self._view(), seuils.attente_orange_seconds, seuils.attente_rouge_seconds)

    def conditions(self, callbacks: Callable[[], int | None]) -> tuple[Condition, ...]:
        """The PBX knows; nobody waits too long; not too many are to be called back."""
        return (
            Condition("crise_pbx", self._look_at_pbx, PATIENCE_SECONDS),
            Condition("attente", self._look_at_waits),
            Condition("rappels", lambda _at: self._look_at_callbacks(callbacks())),
        )

    def _look_at_pbx(self, _at: Instant) -> Trouble | None:
        if self._told is self.active:
            return None
        how = "la crise n'est pas connue du PBX" if self.active else "le PBX peut être resté en crise"
        return Trouble(f"Mode crise : {how} (accueil et attentes)", Gravite.AVERTISSEMENT)

    def _look_at_waits(self, _at: Instant) -> Trouble | None:
        load, limit = self._load() or {}, self._rules.seuils(crise=self.active).alarme_attente_seconds
        longest = max(((one.oldest_wait_ms // 1000, code) for code, one in load.items()), default=(0, ""))
        if longest[0] < limit:
            return None
        where = self._names.get(longest[1], longest[1])
        return Trouble(f"Attente trop longue : plus de {limit} s, {where}", Gravite.AVERTISSEMENT)

    def _look_at_callbacks(self, count: int | None) -> Trouble | None:
        limit = self._rules.seuils(crise=self.active).alarme_rappels
        if count is None or count <= limit:
            return None
        return Trouble(f"Appelants à rappeler : plus de {limit}", Gravite.AVERTISSEMENT)


async def open_crisis(
    settings: Settings, shelf: Shelf, board: _Board, runner: Runner, load: Callable[[], Mapping[str, Load] | None]
) -> CrisisDesk:
    """The switch as the store has it.

    Raises:
        StoreUnavailable: it cannot be read.
    """
    names = {code: filiere.libelle for code, filiere in settings.routing.filieres.by_code.items()}
    desk = CrisisDesk(shelf, settings.routing.crise, board, runner, now, load, wait_for_event, names)
    await desk.read()
    return desk


def refusal(act: CrisisAct | None) -> str:
    """Why the switch was not turned, in French."""
    if act is None:
        return "Il n'y a pas de crise à lever."
    when = as_datetime(act.at).strftime("%d/%m/%Y %H:%M:%S UTC")
    done = "La crise est déjà active" if act.active else "La crise est déjà levée"
    return f"{done} depuis le {when}, par {act.by} : {act.reason}."


def tell_act(act: CrisisAct) -> dict[str, Any]:
    """One turn of the switch, as plain data."""
    return {"number": act.number, "at": iso(act.at), "active": act.active, "by": act.by, "reason": act.reason}
