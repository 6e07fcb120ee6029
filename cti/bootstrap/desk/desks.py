"""The desks as the api asks for them: who may look, which posts there are, notes, hanging up."""

import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

from cti.agents.duty import Standing
from cti.agents.people import Person, Staff
from cti.agents.telling import tell_people
from cti.ami.frames import AmiError
from cti.api.desk_port import DeskRefused, DeskWhy
from cti.api.edge.door import Known
from cti.bootstrap.desk.hub import Hub
from cti.journey import AgentId, CallId, Instant, Journey
from cti.journey.around.access import AccessRole
from cti.journey.around.notes import CallNote
from cti.journey.words import iso
from cti.live.desk import DeskAct, acts_of, tell_note
from cti.live.feed import Subscription
from cti.pipeline.ports import Runner

#: The same words by the same person about the same call so soon are one note: an answer that was lost, and the page tried again.
_TWICE: Instant = 60_000_000


class Shelf(Protocol):
    """The store's side of notes."""

    def add(self, note: CallNote) -> None:
        """Write one note."""

    def of(self, call_id: CallId) -> Sequence[CallNote]:
        """The notes of this call, in order."""


class Desks:
    """Every desk, for the api."""

    def __init__(
        self,
        hub: Hub,
        staff: Staff,
        webrtc: frozenset[AgentId],
        shelf: Shelf,
        runner: Runner,
        clock: Callable[[], Instant],
        find: Callable[[CallId], Awaitable[Journey | None]],
        hang_up: Callable[[str], Awaitable[bool]],
    ) -> None:
        """Args:
        hub: the pictures.
        staff: posts and people.
        webrtc: the posts that are in a browser.
        shelf: where notes are kept.
        runner: the one writer thread of the store.
        clock: our clock.
        find: a call, living or ended.
        hang_up: ends the channel of this uniqueid; False when it is not known.
        """
        self._hub = hub
        self._staff = staff
        self._webrtc = webrtc
        self._shelf = shelf
        self._run: Callable[..., Awaitable[Any]] = runner
        self._clock = clock
        self._find = find
        self._hang_up = hang_up

    # --- who --------------------------------------------------------------------------------------------------------------

    def check(self, known: Known, poste: AgentId) -> None:
        """Whether she may look at this desk.

        Raises:
            DeskRefused: no such post, or it is not hers.
        """
        if self._staff.post(poste) is None:
            raise DeskRefused(DeskWhy.UNKNOWN, f"Le poste {poste} n'est pas déclaré.")
        if AccessRole.BANDEAU in known.roles:
            if known.personne != poste:
                raise DeskRefused(DeskWhy.NOT_HERS, f"Ce bandeau n'est pas celui du poste {poste}.")
        elif not (_sees_all(known) or self._sits(known, poste)):
            raise DeskRefused(DeskWhy.NOT_HERS, f"Vous n'êtes pas au poste {poste}.")

    def _sits(self, known: Known, poste: AgentId) -> bool:
        standing = self._hub.site.standings().get(poste)
        return standing is not None and known.personne != "" and standing.personne == known.personne

    def choices(self, known: Known) -> dict[str, Any]:
        """Who she is, where she sits, and the posts that she may take."""
        person = self._staff.people.get(known.personne)
        posts = [self._choice(post, known) for post in self._hub.site.posts]
        return {
            "at": iso(self._clock()),
            "personne": known.personne or None,
            "nom": self._staff.nom(known.personne) if known.personne else known.who,
            "filieres": [] if person is None else list(person.filieres),
            "mien": next((post["poste"] for post in posts if post["mien"]), None),
            "regarde": _sees_all(known),
            "people": [] if known.named else tell_people(self._staff),
            "postes": posts,
        }

    def _choice(self, poste: AgentId, known: Known) -> dict[str, Any]:
        post, standing = self._staff.post(poste), self._hub.site.standings().get(poste)
        assert post is not None, "posts are the staff's own"
        return {
            "poste": poste,
            "numero": post.poste,
            "libelle": post.nom,
            "webrtc": poste in self._webrtc,
            "fixe": post.fixe,
            "personne": None if standing is None else standing.personne,
            "nom": "" if standing is None else self._staff.nom(standing.personne),
            "libre": standing is None,
            "mien": self._sits(known, poste),
        }

    # --- the picture ------------------------------------------------------------------------------------------------------

    def snapshot(self, poste: AgentId) -> dict[str, Any]:
        """The whole picture."""
        return self._hub.snapshot(poste)

    def subscribe(self, poste: AgentId, last_id: str | None = None) -> Subscription:
        """A page follows this desk.

        Raises:
            TooManyScreens: so many do already.
        """
        return self._hub.subscribe(poste, last_id)

    def leave(self, poste: AgentId, screen: Subscription) -> None:
        """This page is gone."""
        self._hub.leave(poste, screen)

    def close(self) -> None:
        """The service stops."""
        self._hub.close()

    # --- acts -------------------------------------------------------------------------------------------------------------

    async def note(self, known: Known, call_id: CallId, texte: str, by: str) -> dict[str, Any]:
        """Write what the caller told.

        Raises:
            DeskRefused: no such call, or none of hers.
            StoreUnavailable: it cannot be written.
        """
        journey = await self._find(call_id)
        if journey is None:
            raise DeskRefused(DeskWhy.UNKNOWN, "Cet appel n'est pas connu.")
        poste = self._post_in(known, journey)
        if poste is None and not _sees_all(known):
            raise DeskRefused(DeskWhy.NOT_HERS, "Cet appel n'est pas, et n'a pas été, à votre poste.")
        at = self._clock()
        for one in self._hub.notes.get(call_id, ()):
            if (one.by, one.texte) == (by, texte) and at - one.at < _TWICE:
                return tell_note(one)
        note = CallNote(note_id=secrets.token_hex(16), call_id=call_id, at=at, by=by, poste=poste or "", texte=texte)
        await self._run(self._shelf.add, note)
        self._hub.noted(note)
        return tell_note(note)

    async def notes(self, known: Known, call_id: CallId) -> list[dict[str, Any]]:
        """What was written about a call of hers, or about the call before one that she has.

        Raises:
            DeskRefused: no call of hers.
            StoreUnavailable: nothing can be read now.
        """
        if not (_sees_all(known) or self._came_before(known, call_id)):
            journey = await self._find(call_id)
            if journey is None or self._post_in(known, journey) is None:
                raise DeskRefused(DeskWhy.NOT_HERS, "Cet appel n'est pas, et n'a pas été, à votre poste.")
        return [tell_note(note) for note in await self._run(self._shelf.of, call_id)]

    def _came_before(self, known: Known, call_id: CallId) -> bool:
        """Somebody whom she has on the line called before, and this was that call."""
        mine = (one for post, calls in self._hub.floor.mine.items() if self._sits(known, post) for one in calls.values())
        repeats = (self._hub.site.repeats(one.journey) for one in mine)
        return any(repeat is not None and repeat.previous_call_id == call_id for repeat in repeats)

    def _post_in(self, known: Known, journey: Journey) -> AgentId | None:
        """The post at which she has, or had, a part in this call."""
        legs = [leg.agent for stage in journey.stages for leg in stage.legs if leg.answered_at is not None]
        posts = {*legs, *self._hub.floor.posts_of(journey.call_id)}
        return next((post for post in sorted(posts) if self._sits(known, post)), None)

    async def hang_up(self, known: Known, poste: AgentId, call_id: CallId, by: str) -> str:
        """End the part of this post in a call.

        Raises:
            DeskRefused: not hers, not possible now, or the PBX did not take it.
        """
        self.check(known, poste)
        mine = self._hub.mine(poste, call_id)
        if mine is None:
            raise DeskRefused(DeskWhy.UNKNOWN, f"Cet appel n'est pas au poste {poste}.")
        why = acts_of(mine.journey, mine.here, self._hub.ground())[DeskAct.HANG_UP]
        if why is not None:
            raise DeskRefused(DeskWhy.NOT_NOW, why)
        try:
            done = await self._hang_up(mine.here.leg)
        except AmiError as trouble:
            raise DeskRefused(DeskWhy.UNREACHABLE, f"Le PBX n'a pas raccroché : {trouble}") from None
        if not done:
            raise DeskRefused(DeskWhy.NOT_NOW, "Le canal de ce poste n'est pas connu : raccrochez sur le téléphone.")
        return f"Le poste {poste} raccroche."


def _sees_all(known: Known) -> bool:
    return not known.named or AccessRole.SUPERVISEUR in known.roles


def possible_filieres(staff: Staff, standings: Mapping[AgentId, Standing], poste: AgentId) -> list[str]:
    """What whoever sits at this post may serve."""
    standing = standings.get(poste)
    if standing is None:
        return []
    person: Person | None = staff.people.get(standing.personne)
    return list(standing.filieres if person is None else person.filieres)
