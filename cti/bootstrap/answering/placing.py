"""Outgoing calls asked on the screen: the agent's phone rings, and when he picks up, the number is dialled.

One call at a time for each agent: his phone is only asked when it is at rest. A call that he has on the line could be held by his
phone alone, never by us, so a second number is refused and he is told why; the number that he has on the line already is no wish.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Protocol

from cti.ami.actions import Originated, PbxActions
from cti.ami.dialplan import SortieSpec, for_the_trunk, may_dial
from cti.ami.frames import AmiError
from cti.ami.translate.outgoing import Click
from cti.api.calling_port import PlaceResult, PlaceVerdict, PlaceWish
from cti.api.ports import CallbackRefused
from cti.journey import AgentId, CallId, Instant, Journey, State
from cti.journey.around.callers import dial_key
from cti.journey.callbacks import ActKind, CallbackEntry, EntryState, TryResult
from cti.journey.events import Presence

#: How long the agent's own phone rings (milliseconds).
RING_MS = 20_000
#: What was asked so lately that its first frame may not have come yet (microseconds).
_JUST_NOW: Instant = 3_000_000
_AT_REST = frozenset({Presence.FREE, Presence.PAUSED, Presence.WRAPUP, Presence.LOGGED_OUT})


async def place_call(
    actions: PbxActions, agent: AgentId, click: Click, *, ring_ms: int = RING_MS, auto_answer: bool = False
) -> Originated:
    """Ring this agent's phone for an outgoing call.

    Raises:
        AmiError: the PBX did not take it, or it is not known whether it did.
    """
    return await actions.originate(
        f"PJSIP/{agent}",
        "sas-sortie",
        click.number,
        caller_id=f"<{click.number}>",
        ring_ms=ring_ms,
        variables={"__SAS_CALL": click.call_id, "SAS_CLIC": "ecran"},
        channel_id=click.channel_id,
        auto_answer=auto_answer,
    )


class Desk(Protocol):
    """The call-back list."""

    async def standing(self, call_id: CallId) -> CallbackEntry | None:
        """The open or taken entry of this lost call."""

    async def act(
        self, call_id: CallId, kind: ActKind, *, by: str, version: int, result: TryResult | None, reason: str
    ) -> dict[str, Any] | None:
        """Do something about an entry."""


class Refusal(Exception):
    """The call is not placed; the verdict says in which way, the message why, in French."""

    def __init__(self, verdict: PlaceVerdict, why: str, call_id: CallId | None = None) -> None:
        super().__init__(why)
        self.result = PlaceResult(verdict, why, call_id)


class Calling:
    """Places calls for people."""

    def __init__(
        self,
        sortie: SortieSpec | None,
        posts: Mapping[str, AgentId],
        actions: PbxActions,
        desk: Desk,
        *,
        live: Callable[[], Iterable[Journey]],
        presences: Callable[[AgentId], Iterable[Presence]],
        call_of: Callable[[str], Awaitable[CallId | None]],
        clock: Callable[[], Instant],
        new_id: Callable[[], CallId],
    ) -> None:
        """Args:
        sortie: what may go out; None when nothing may.
        posts: endpoints by what people call them: the endpoint itself and the internal number.
        actions: what is asked of the PBX.
        desk: the call-back list.
        live: the calls that have not ended.
        presences: what the PBX says of a phone, in each of its queues.
        call_of: the call for which a dossier was opened.
        clock: our clock.
        new_id: a new identity of a call.
        """
        self._sortie = sortie
        self._posts = posts
        self._actions = actions
        self._desk = desk
        self._live = live
        self._presences = presences
        self._call_of = call_of
        self._clock = clock
        self._new_id = new_id
        self._asked: dict[AgentId, tuple[Instant, str, CallId]] = {}

    async def place(self, wish: PlaceWish) -> PlaceResult:
        """Ring the agent's phone."""
        try:
            return await self._place(wish)
        except Refusal as refusal:
            return refusal.result
        except CallbackRefused as refusal:
            return PlaceResult(PlaceVerdict.NOT_NOW, str(refusal))

    async def _place(self, wish: PlaceWish) -> PlaceResult:
        agent = self._posts.get(wish.poste)
        if agent is None:
            raise Refusal(PlaceVerdict.NOT_FOUND, f"Le poste {wish.poste} n'est pas connu.")
        entry = await self._entry(wish)
        number = self._allowed(wish.numero if entry is None else entry.number or "")
        about = wish.about
        if wish.dossier_id is not None:
            about = await self._call_of(wish.dossier_id)
            if about is None:
                raise Refusal(PlaceVerdict.NOT_FOUND, "Ce dossier n'est pas connu.")
        self._at_rest(agent, number)
        click = Click(self._new_id(), number, entry.id if entry is not None else None, about)
        self._asked[agent] = (self._clock(), number, click.call_id)
        try:
            if entry is not None and entry.state is EntryState.OPEN:
                await self._desk.act(entry.id, ActKind.TAKE, by=wish.by, version=wish.version, result=None, reason="")
            auto = self._sortie is not None and self._sortie.decroche_auto
            await place_call(self._actions, agent, click, auto_answer=auto)
        except AmiError as trouble:
            del self._asked[agent]
            raise Refusal(PlaceVerdict.PBX_UNREACHABLE, f"Le PBX n'a pas pris l'appel : {trouble}") from None
        except BaseException:
            del self._asked[agent]
            raise
        return PlaceResult(PlaceVerdict.ASKED, f"Le poste {agent} sonne, puis le {number} est appelé.", click.call_id)

    async def _entry(self, wish: PlaceWish) -> CallbackEntry | None:
        if wish.callback is None:
            return None
        entry = await self._desk.standing(wish.callback)
        if entry is None:
            raise Refusal(PlaceVerdict.NOT_FOUND, "Cette fiche de rappel n'est pas connue, ou elle est close.")
        if not entry.callable:
            raise Refusal(PlaceVerdict.NOT_ALLOWED, "Rappel impossible : l'appelant n'a pas laissé de numéro.")
        if entry.state is EntryState.TAKEN and entry.taken_by != wish.by:
            raise Refusal(PlaceVerdict.NOT_NOW, f"Cette fiche est déjà prise par {entry.taken_by}.")
        return entry

    def _allowed(self, written: str | None) -> str:
        number = for_the_trunk(written or "")
        if self._sortie is None:
            raise Refusal(PlaceVerdict.NOT_ALLOWED, "Aucune sortie n'est configurée : pbx.toml, [sortie].")
        if not may_dial(self._sortie, number):
            raise Refusal(PlaceVerdict.NOT_ALLOWED, "Ce numéro ne peut pas être appelé : il n'est pas dans les formes permises.")
        return number

    def _at_rest(self, agent: AgentId, number: str) -> None:
        asked = self._asked.get(agent)
        if asked is not None and self._clock() - asked[0] < _JUST_NOW:
            if asked[1] == number:
                raise Refusal(PlaceVerdict.IGNORED, "Cet appel vient d'être demandé.", asked[2])
            raise Refusal(PlaceVerdict.NOT_NOW, "Un autre appel vient d'être demandé pour ce poste.")
        for journey in self._live():
            if agent in _on_the_line(journey):
                self._refuse(journey, number)
        presences = set(self._presences(agent))
        if presences and not presences & _AT_REST:
            gone = presences == {Presence.UNREACHABLE}
            why = f"Le poste {agent} n'est pas joignable." if gone else f"Le poste {agent} est occupé."
            raise Refusal(PlaceVerdict.NOT_NOW, why)

    def _refuse(self, journey: Journey, number: str) -> None:
        """He has this call: the same number is no wish, any other is refused."""
        current = journey.caller if journey.placed is None else journey.placed.number
        if dial_key(current) is not None and dial_key(current) == dial_key(number):
            raise Refusal(PlaceVerdict.IGNORED, "Ce poste est déjà en ligne avec ce numéro.", journey.call_id)
        if journey.state is State.HELD or any(consult.ended_at is None for consult in journey.consults):
            raise Refusal(PlaceVerdict.NOT_NOW, "Ce poste a déjà un appel en garde ou une consultation.")
        why = "Ce poste est en ligne : nous ne pouvons pas mettre son correspondant en garde à sa place."
        raise Refusal(PlaceVerdict.NOT_NOW, f"{why} Terminez l'appel, ou composez le numéro au poste.")


def _on_the_line(journey: Journey) -> set[AgentId]:
    """The agents whose phones this call rings or holds."""
    return {leg.agent for stage in journey.stages for leg in stage.legs if leg.ringing or leg.talking}
