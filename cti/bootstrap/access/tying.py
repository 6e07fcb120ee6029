"""What ties a person to the recordings of a call, with the store behind it: who sat where then, which calls share the dossier."""

from collections.abc import Iterable
from typing import Protocol

from cti.access.ties import ties
from cti.agents.people import Staff
from cti.journey.around.access import Tie
from cti.journey.around.duty import PersonId
from cti.journey.model import Journey
from cti.journey.words import AgentId, Instant


class Posts(Protocol):
    """The store's journal of duty."""

    def sat(self, poste: AgentId, at: Instant) -> PersonId | None:
        """Who sat at a post that is not fixed, at that instant."""


class Dossiers(Protocol):
    """The store's calls."""

    def of_dossier(self, dossier_id: str) -> list[Journey]:
        """The calls of one dossier."""


class Tying:
    """Reads ties off the store. Blocking; safe from any thread."""

    def __init__(self, staff: Staff, posts: Posts, calls: Dossiers) -> None:
        self._staff = staff
        self._posts = posts
        self._calls = calls

    def ties(self, personne: PersonId, journey: Journey, given: Iterable[Tie] = ()) -> tuple[Tie, ...]:
        """Every tie of this person (empty: of nobody in the room) to the recordings of this call, and those ``given``.

        Raises:
            StoreUnavailable: nothing can be read now.
        """
        shared = self._calls.of_dossier(journey.dossier_id) if personne and journey.dossier_id is not None else []
        others = [other for other in shared if other.call_id != journey.call_id]
        return ties(journey, others, personne, self.sits, given)

    def nom(self, poste: AgentId, at: Instant) -> str:
        """How people call whoever sat at this post at that instant; the post itself when nobody is known to.

        Raises:
            StoreUnavailable: nothing can be read now.
        """
        return self._staff.nom(self.sits(poste, at) or poste)

    def sits(self, poste: AgentId, at: Instant) -> PersonId:
        """The person who sat at this post at that instant; empty when nobody is known to.

        Raises:
            StoreUnavailable: nothing can be read now.
        """
        if poste in self._staff.fixed:
            return poste  # a fixed post belongs to the person whose name it bears
        return self._posts.sat(poste, at) or ""
