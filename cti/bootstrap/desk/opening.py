"""The desks put together from the site's settings."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from cti.agents.duty import Standing
from cti.agents.people import Staff
from cti.agents.telling import Sights, Unready, tell_post
from cti.ami.actions import PbxActions
from cti.ami.connection import AmiLink
from cti.ami.translate import Translator
from cti.bootstrap.answering.recent import RecentCallers
from cti.bootstrap.clock import OneThread, now
from cti.bootstrap.desk.desks import Desks, possible_filieres
from cti.bootstrap.desk.hub import Board, Hub, Site
from cti.bootstrap.posts import Posts
from cti.journey import AgentId, FiliereCode, Instant, Journey
from cti.journey.around.callers import Repeat
from cti.pipeline import Pipeline
from cti.settings import Settings
from cti.store import Store


class Watching(Protocol):
    """Who follows the PBX's channels."""

    @property
    def translator(self) -> Translator:
        """The translator of the present connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seats:
    """Who sits where, as the duty desk or a double of it knows."""

    staff: Staff
    standings: Callable[[], Mapping[AgentId, Standing]]
    sights: Callable[[], Sights]
    webrtc: frozenset[AgentId]
    clock: Callable[[], Instant]
    unready: Unready = lambda poste: None

    def tell(self, poste: AgentId) -> dict[str, Any]:
        """A post as it is now, and what its person may choose from."""
        standings = self.standings()
        return {
            **tell_post(poste, standings.get(poste), self.staff, self.sights(), self.clock(), self.unready),
            "webrtc": poste in self.webrtc,
            "possibles": possible_filieres(self.staff, standings, poste),
            "motifs": list(self.staff.motifs),
        }

    def name(self, agent: AgentId) -> str:
        """How people call whoever sits there; the post itself where nobody is known to."""
        standing = self.standings().get(agent)
        return self.staff.nom(standing.personne) if standing is not None else self.staff.roster.find(agent).nom

    def site(self, p0: FiliereCode | None, repeats: Callable[[Journey], Repeat | None]) -> Site:
        """What desks need of it."""
        return Site(
            posts=tuple(agent.endpoint for agent in self.staff.roster),
            numbers={agent.poste: agent.endpoint for agent in self.staff.roster if agent.poste},
            p0=p0,
            standings=self.standings,
            tell_post=self.tell,
            names=self.name,
            repeats=repeats,
        )


@dataclass(frozen=True, slots=True)
class DeskRoom:
    """The pictures, and what the desks of the api are made of."""

    hub: Hub
    seats: Seats
    store: Store
    store_thread: OneThread
    pipeline: Pipeline

    def desks(self, link: AmiLink, watch: Watching) -> Desks:
        """What the api asks, of a PBX that is asked by this link and whose channels this watch knows."""
        actions = PbxActions(link.ask)

        async def hang_up(leg: str) -> bool:
            channel = watch.translator.book.get(leg)
            if channel is not None:
                await actions.hangup(channel.name)
            return channel is not None

        seats = self.seats
        find = self.pipeline.find
        return Desks(self.hub, seats.staff, seats.webrtc, self.store.notes, self.store_thread, now, find, hang_up)


async def open_desks(
    settings: Settings,
    store: Store,
    store_thread: OneThread,
    board: Board,
    posts: Posts,
    recent: RecentCallers,
    pipeline: Pipeline,
) -> DeskRoom:
    """The desks, told of each call and of each act about a post from now on, with the notes of the calls that go on.

    The board and the posts are told of each event before they are.

    Raises:
        StoreUnavailable: the notes cannot be read.
    """
    seats = Seats(
        staff=settings.staff,
        standings=lambda: posts.desk.standings,
        sights=lambda: posts.desk.presence.seen,
        webrtc=frozenset(agent.endpoint for agent in settings.pbx.agents if agent.webrtc),
        clock=now,
        unready=posts.readiness.tell,
    )
    p0 = next((filiere.code for filiere in settings.pbx.filieres if filiere.p0), None)
    hub = Hub(seats.site(p0, recent.repeat_of), board, now, asyncio.get_running_loop().call_later, asyncio.sleep)
    hub.notes.update(await store_thread(store.notes.of_open_calls))
    followed = posts.desk.changed

    def changed() -> None:
        followed()
        hub.seats_changed()

    posts.desk.changed = changed
    judged = posts.readiness.changed

    def judged_too(which: frozenset[AgentId]) -> None:
        judged(which)
        hub.posts_changed(which)

    posts.readiness.changed = judged_too
    pipeline.listen(hub)
    return DeskRoom(hub, seats, store, store_thread, pipeline)
