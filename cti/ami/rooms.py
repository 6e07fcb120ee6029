"""What an agent asks for at his screen when one agent is not enough: P0, conference, consultation.

Everything is done by our own dialplan (``extensions_salle.conf``): here channels are sent to its extensions and requests are
begun as Local channels, so nothing needs more rights than a transfer. Each method raises `RoomRefused` (impossible now,
said in French), `AmiError` or one of its kinds (the PBX did not do it); none is ever repeated.
"""

import re
from collections.abc import Callable
from typing import Final, Protocol

from cti.ami.actions import PbxActions
from cti.ami.translate.channels import Channel, ChannelBook, Role
from cti.ami.translate.salle import ROOM_CONTEXT, consult_of
from cti.journey.words import AgentId, CallId, FiliereCode, Instant

#: A request lasts until somebody comes or it is withdrawn: longer than any call.
_FOR_EVER_MS: Final = 14_400_000
_NAME: Final = re.compile(r"[^0-9A-Za-z_.@-]+")
_NUMBER: Final = re.compile(r"\+?[0-9]{2,20}")


class RoomRefused(Exception):
    """What is asked is impossible as things are; the message says why, in French."""


class _Translator(Protocol):
    book: ChannelBook


class RoomActions:
    """Acts on the call of a caller whom somebody has on the line."""

    def __init__(self, actions: PbxActions, translator: _Translator, clock: Callable[[], Instant]) -> None:
        self._actions = actions
        self._translator = translator
        self._clock = clock

    async def p0(self, call_id: CallId, filiere: FiliereCode, by: str) -> None:
        """Ask every free physician of the filière at once, ahead of all callers, while the agent stays."""
        self._not_asked_yet(call_id, filiere)
        await self._invite(call_id, f"{filiere}@sas-renfort-p0", "renfort", "p0", by)

    async def reinforce(self, call_id: CallId, filiere: FiliereCode, by: str) -> None:
        """Ask a filière to join the conversation."""
        self._not_asked_yet(call_id, filiere)
        await self._invite(call_id, f"{filiere}@sas-renfort", "renfort", "renfort", by)

    async def guest(self, call_id: CallId, code: str, by: str) -> None:
        """Call somebody of the directory into the conversation."""
        await self._invite(call_id, f"{code}@sas-invites", "invite", "invite", by)

    async def colleague(self, call_id: CallId, poste: str, by: str) -> None:
        """Call a colleague at his post into the conversation: he may stay alone with the caller."""
        await self._invite(call_id, f"{poste}@sas-invites", "renfort", "invite", by)

    async def number(self, call_id: CallId, number: str, by: str) -> None:
        """Call any number into the conversation."""
        if not _NUMBER.fullmatch(number):
            raise RoomRefused("Ce numéro n'est pas fait de chiffres.")
        await self._invite(call_id, "numero@sas-invites", "invite", "invite", by, SAS_NUMERO=number)

    async def withdraw(self, call_id: CallId) -> None:
        """Stop asking the filières that have not come yet."""
        pending = [c for c in self._of(call_id, Role.RENFORT) if not c.answered and not c.over]
        if not pending:
            raise RoomRefused("Personne n'est demandé pour cet appel.")
        for request in pending:
            await self._actions.hangup(request.name)

    async def show_out(self, call_id: CallId, guest: str) -> None:
        """End a guest's part, or stop calling him."""
        found = self._translator.book.get(guest)
        if found is None or found.role is not Role.GUEST or found.call_id != call_id or found.asked_by:
            raise RoomRefused("Cet invité n'est pas, ou n'est plus, dans la conférence.")
        await self._actions.hangup(found.name)

    async def consult(self, call_id: CallId, place: str, by: str) -> None:
        """The agent talks apart with a filière (``amu@sas-renfort``) or a post (``1021@sas-invites``); the caller hears music."""
        caller = self._caller(call_id)
        if consult_of(self._translator.book, call_id) is not None:
            raise RoomRefused("Une consultation est déjà en cours pour cet appel.")
        agent = self._agent(caller, by)
        if len(self._with(caller)) > 1 or self._of(call_id, Role.GUEST):
            raise RoomRefused("On ne consulte pas depuis une conférence : d'autres y sont avec l'appelant.")
        apart = f"{call_id}-aparte{self._clock() // 1_000_000}"
        await self._actions.set_var(caller.name, "SAS_APARTE", apart)
        await self._actions.set_var(caller.name, "SAS_APARTE_AGENT", agent.name)
        await self._actions.set_var(agent.name, "SAS_APARTE", apart)
        await self._knows(agent, caller)
        await self._actions.redirect_two(caller.name, "attente", agent.name, "aparte", ROOM_CONTEXT)
        # The agent himself is named, whatever the screen's user is called: the consultation is his.
        await self._begin(caller, place, "renfort", "consultation", agent.agent, apart)

    async def complete(self, call_id: CallId, by: str) -> None:
        """The consulting agent passes the caller on and is free; while it still rings, the caller waits in that queue himself."""
        caller, line = self._caller(call_id), self._consult(call_id)
        agent = self._translator.book.get(line.asked_by)
        if line.answered:
            await self._send_to(caller, line.room, "complet", by)
        elif line.filiere:
            await self._actions.set_var(caller.name, "SAS_VIA", f"api:{_plain(by)}")
            await self._actions.set_var(caller.name, "SAS_VERS_QUI", line.filiere)
            await self._actions.redirect(caller.name, ROOM_CONTEXT, "sonnerie")
        else:
            raise RoomRefused("Ce poste n'a pas encore décroché : attendez sa réponse ou revenez à l'appelant.")
        if agent is not None:
            await self._actions.hangup(agent.name)

    async def join(self, call_id: CallId, by: str) -> None:
        """All together: the caller joins the agent and whoever is consulted."""
        caller, line = self._caller(call_id), self._consult(call_id)
        if not line.answered:
            raise RoomRefused("Personne n'a encore décroché.")
        await self._send_to(caller, line.room, "conference", by)

    async def give_up(self, call_id: CallId, by: str) -> None:
        """The agent goes back to his caller."""
        caller, line = self._caller(call_id), self._consult(call_id)
        agent = self._translator.book.get(line.asked_by)
        if agent is None:
            raise RoomRefused("L'agent qui consultait n'est plus là.")
        await self._prepare(caller, call_id, "retour", by)
        await self._actions.redirect_two(caller.name, "appelant", agent.name, "agent", ROOM_CONTEXT)
        await self._actions.hangup(line.name)

    async def _invite(self, call_id: CallId, place: str, exten: str, genre: str, by: str, **more: str) -> None:
        """Begin the request, and open the room unless the caller is in one."""
        caller = self._caller(call_id)
        if consult_of(self._translator.book, call_id) is not None:
            raise RoomRefused("Une consultation est en cours : terminez-la d'abord.")
        agent = None if caller.room else self._agent(caller, by)
        if agent is not None:
            await self._knows(agent, caller)
        await self._begin(caller, place, exten, genre, by, caller.room or call_id, **more)
        if agent is not None:
            await self._prepare(caller, call_id, genre, by)
            await self._actions.redirect_two(caller.name, "appelant", agent.name, "agent", ROOM_CONTEXT)

    async def _begin(self, caller: Channel, place: str, exten: str, genre: str, by: str, room: str, **more: str) -> None:
        variables = {"__SAS_CALL": caller.call_id or "", "__SAS_CANAL": caller.name, "SAS_PIECE": room, "SAS_GENRE": genre}
        variables |= {"SAS_PAR": f"api:{_plain(by)}", **more}
        await self._actions.originate(f"Local/{place}/n", ROOM_CONTEXT, exten, ring_ms=_FOR_EVER_MS, variables=variables)

    async def _send_to(self, caller: Channel, room: str, motif: str, by: str) -> None:
        await self._prepare(caller, room, motif, by)
        await self._actions.redirect(caller.name, ROOM_CONTEXT, "appelant")

    async def _knows(self, agent: Channel, caller: Channel) -> None:
        """The agent's channel has his caller's name: whoever called somebody was given none by a queue, and would be hung up."""
        await self._actions.set_var(agent.name, "SAS_CANAL", caller.name)

    async def _prepare(self, caller: Channel, room: str, motif: str, by: str) -> None:
        await self._actions.set_var(caller.name, "SAS_PIECE", room)
        await self._actions.set_var(caller.name, "SAS_MOTIF", motif)
        await self._actions.set_var(caller.name, "SAS_QUI", f"api:{_plain(by)}")

    # --- who is there -------------------------------------------------------------------------------------------------

    def _caller(self, call_id: CallId) -> Channel:
        caller = self._translator.book.caller_of(call_id)
        if caller is None:
            raise RoomRefused("Le canal de l'appelant n'est pas connu.")
        return caller

    def _with(self, caller: Channel) -> list[Channel]:
        """The agents whose talk with the caller has not ended, wherever their voice comes from."""
        legs = self._of(caller.call_id or "", Role.AGENT)
        return [leg for leg in legs if leg.joined and not leg.over and not leg.asked_by]

    def _agent(self, caller: Channel, by: AgentId) -> Channel:
        """The one who asks, or the only one who is there: in the caller's bridge, or come by a request of ours.

        One whom a phone's own attended transfer left behind a Local channel cannot be moved: the caller would be hung up.
        """
        near = self._translator.book.together(caller, Role.AGENT)
        near += [leg for leg in self._with(caller) if leg.sent_by and leg not in near]
        own = [agent for agent in near if agent.agent == by]
        if own:
            return own[0]
        if len(near) != 1:
            raise RoomRefused("On ne sait pas quel agent est avec l'appelant." if near else "Aucun agent n'est avec l'appelant.")
        return near[0]

    def _consult(self, call_id: CallId) -> Channel:
        line = consult_of(self._translator.book, call_id)
        if line is None:
            raise RoomRefused("Aucune consultation en cours pour cet appel.")
        return line

    def _of(self, call_id: CallId, role: Role) -> list[Channel]:
        found = (c for c in self._translator.book.channels.values() if c.role is role and c.call_id == call_id)
        return sorted(found, key=lambda c: (c.created_at, c.uniqueid))

    def _not_asked_yet(self, call_id: CallId, filiere: FiliereCode) -> None:
        if any(c.filiere == filiere and not c.over for c in self._of(call_id, Role.RENFORT)):
            raise RoomRefused("Cette filière est déjà demandée, ou déjà là.")


def _plain(by: str) -> str:
    return _NAME.sub("", by)[:40]
