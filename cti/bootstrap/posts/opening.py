"""The posts put together from the site's settings: desk, keeper, and what the api asks."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

from cti.ami.actions import PbxActions
from cti.ami.connection import AmiLink, LinkHooks, told_in_turn, wait_for_event
from cti.ami.frames import Frame
from cti.bootstrap.clock import OneThread, now
from cti.bootstrap.posts.desk import Alarms, DutyDesk, DutyRules
from cti.bootstrap.posts.members import Look, MemberKeeper
from cti.bootstrap.posts.room import DutyRoom
from cti.bootstrap.readiness import ReadinessDesk, open_readiness
from cti.bootstrap.telephone.desk import TelephoneDesk
from cti.bootstrap.telephone.lines import Lines, Watching
from cti.bootstrap.telephone.opening import open_quality, open_telephone
from cti.bootstrap.telephone.quality import QualityDesk
from cti.journey import AgentId, Instant
from cti.live.alarms import Gravite
from cti.settings import Settings
from cti.store import Store

_HOUR_US = 3_600_000_000


class Followed(Watching, Protocol):
    """Who follows the PBX's channels, and says whether it follows them now: the PBX is up, and has loaded all that it loads."""

    up: bool


@dataclass(frozen=True, slots=True)
class Posts:
    """All of it."""

    desk: DutyDesk
    keeper: MemberKeeper
    room: DutyRoom
    telephone: TelephoneDesk
    readiness: ReadinessDesk
    quality: QualityDesk
    last_at: Instant | None  #: the last sign of life of the run before

    @property
    def hooks(self) -> LinkHooks:
        """What the actions link tells."""
        members = LinkHooks(on_frame=lambda frame: None, on_up=self.keeper.link_up, on_down=self.keeper.link_down)
        return told_in_turn(members, self.telephone.hooks, self.readiness.hooks)

    def on_frame(self, frame: Frame) -> None:
        """A live frame: of members, of contacts, of the ends of legs."""
        self.keeper.on_frame(frame)
        self.readiness.on_frame(frame)
        self.quality.on_frame(frame)

    def held_since(self, poste: AgentId) -> Instant | None:
        """Since when a post is offered no call: held, or not ready."""
        return self.desk.held_since(poste) or self.readiness.since(poste)

    def work(
        self, watch: Followed, actions: AmiLink, spawn: Callable[[Coroutine[Any, Any, None]], object]
    ) -> tuple[Coroutine[Any, Any, None], ...]:
        """What runs until cancelled: members and browser phones follow, posts are judged, acts are written.

        Args:
            watch: who follows the PBX's channels from now on.
            actions: the link by which the PBX is asked.
            spawn: runs what must cost nobody anything when it fails.
        """
        lines = Lines(watch, PbxActions(actions.ask).hangup, spawn)
        self.readiness.lost = lines.lost
        self.readiness.booted = lambda: watch.up
        self.quality.lines, self.quality.call_named = lines.of, lines.call_named
        return self.keeper.run(), self.telephone.run(), self.readiness.run(), self.quality.run(), self.desk.run()

    async def flush(self) -> None:
        """Write what waits."""
        await self.desk.flush()
        await self.quality.flush()


async def open_posts(
    settings: Settings,
    store: Store,
    store_thread: OneThread,
    board: Alarms,
    actions: Callable[[], AmiLink],
) -> Posts:
    """Take up the acts of before, and be ready to make the PBX follow.

    Args:
        settings: the site.
        store: acts and spans.
        store_thread: the one writer.
        board: shows the posts that were withdrawn.
        actions: the link by which the PBX is asked; it is made later.

    Raises:
        StoreUnavailable: the acts cannot be read.
    """
    desk = DutyDesk(_rules(settings), store.duty, store_thread, now, wait_for_event, board)
    last_at = await store_thread(store.reading.last_at)
    await desk.restore(last_at)
    queues = frozenset(queue for filiere in settings.pbx.filieres for queue in filiere.queues)
    posts = frozenset(agent.endpoint for agent in settings.roster)
    keeper = MemberKeeper(actions, desk.wanted, desk.learn, queues, posts, now, wait_for_event, _teller(board))
    telephone = open_telephone(settings, lambda: desk.standings, actions)

    readiness = open_readiness(settings, lambda: desk.standings, lambda: desk.presence.seen, actions, board)

    def changed() -> None:
        readiness.stir()
        keeper.stir()
        telephone.stir()

    def reconnected(why: str) -> None:
        readiness.look()
        keeper.look(why)

    def judged(_posts: frozenset[AgentId]) -> None:
        desk.unready_changed()
        keeper.stir()

    desk.changed, desk.reconnected, desk.unready = changed, reconnected, lambda: readiness.unready
    readiness.changed = judged
    room = DutyRoom(desk, keeper, store.duty, settings.staff, now, readiness.tell)
    quality = open_quality(settings, lambda: desk.standings, actions, store.qualities.write, store_thread)
    return Posts(desk, keeper, room, telephone, readiness, quality, last_at)


def _teller(board: Alarms) -> Callable[[Look], None]:
    """What the PBX does not do is an alarm until it does."""

    def tell(look: Look) -> None:
        if look.failed:
            more = f" (et {len(look.failed) - 1} autres)" if len(look.failed) > 1 else ""
            board.alarm("membres", f"Files du PBX : {look.failed[0]}{more}", at=look.at, gravite=Gravite.CRITIQUE)
        else:
            board.all_clear("membres")

    return tell


def _rules(settings: Settings) -> DutyRules:
    return DutyRules(
        staff=settings.staff,
        queues={filiere.code: filiere.queues for filiere in settings.pbx.filieres},
        wrapup_seconds={f.code: f.wrapup_seconds for f in settings.routing.filieres.by_code.values()},
        last_resort=settings.routing.filieres.secours.code,
        cel=settings.cti.pbx.cel,
        history_us=settings.cti.pbx.history_hours * _HOUR_US,
    )
