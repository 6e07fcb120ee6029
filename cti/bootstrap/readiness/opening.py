"""Readiness put together from the site's settings."""

from collections.abc import Callable, Mapping

from cti.agents.duty import Standing
from cti.ami.connection import AmiLink, wait_for_event
from cti.bootstrap.clock import now
from cti.bootstrap.readiness.desk import Alarms, ReadinessDesk, Room
from cti.bootstrap.telephone.opening import phone_rules
from cti.journey import AgentId, FiliereCode
from cti.journey.events import Presence
from cti.settings import Settings


def open_readiness(
    settings: Settings,
    standings: Callable[[], Mapping[AgentId, Standing]],
    seen: Callable[[], Mapping[tuple[AgentId, FiliereCode], Presence]],
    link: Callable[[], AmiLink],
    board: Alarms,
) -> ReadinessDesk:
    """The desk.

    Args:
        settings: the site.
        standings: who sits where.
        seen: what the PBX shows of posts.
        link: by which the PBX is asked; it is made later.
        board: shows the post that is kept because it is the last one.
    """
    room = Room(
        posts=frozenset(agent.endpoint for agent in settings.pbx.agents),
        phones=phone_rules(settings),
        rules=settings.staff.ready,
        last_resort=settings.routing.filieres.secours.code,
        standings=standings,
        seen=seen,
        names=settings.staff.nom,
    )
    return ReadinessDesk(room, link, now, wait_for_event, board)
