"""The posts put together from the site's settings: desk, keeper, and what the api asks."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from cti.ami.connection import AmiLink, LinkHooks, told_in_turn, wait_for_event
from cti.bootstrap.clock import OneThread, now
from cti.bootstrap.posts.desk import Alarms, DutyDesk, DutyRules
from cti.bootstrap.posts.members import Look, MemberKeeper
from cti.bootstrap.posts.room import DutyRoom
from cti.bootstrap.telephone.desk import TelephoneDesk
from cti.bootstrap.telephone.opening import open_telephone
from cti.journey import Instant
from cti.live.alarms import Gravite
from cti.settings import Settings
from cti.store import Store

_HOUR_US = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Posts:
    """All of it."""

    desk: DutyDesk
    keeper: MemberKeeper
    room: DutyRoom
    telephone: TelephoneDesk
    last_at: Instant | None  #: the last sign of life of the run before

    @property
    def hooks(self) -> LinkHooks:
        """What the actions link tells."""
        members = LinkHooks(on_frame=lambda frame: None, on_up=self.keeper.link_up, on_down=self.keeper.link_down)
        return told_in_turn(members, self.telephone.hooks)

    def work(self) -> tuple[Coroutine[Any, Any, None], ...]:
        """What runs until cancelled: members and browser phones follow, acts are written."""
        return self.keeper.run(), self.telephone.run(), self.desk.run()


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

    def changed() -> None:
        keeper.stir()
        telephone.stir()

    desk.changed, desk.reconnected = changed, keeper.look
    return Posts(desk, keeper, DutyRoom(desk, keeper, store.duty, settings.staff, now), telephone, last_at)


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
