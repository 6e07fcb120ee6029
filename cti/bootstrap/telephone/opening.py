"""The phones of pages put together from the site's settings."""

from collections.abc import Callable, Mapping, Sequence

from cti.agents.duty import Standing
from cti.agents.telephone import PhoneRules
from cti.ami.connection import AmiLink, wait_for_event
from cti.bootstrap.clock import now
from cti.bootstrap.telephone.address import phone_address
from cti.bootstrap.telephone.desk import TelephoneDesk
from cti.bootstrap.telephone.quality import QualityDesk
from cti.journey import AgentId
from cti.journey.around.quality import LegQuality
from cti.pipeline.ports import Runner
from cti.settings import Settings

_HOUR_US = 3_600_000_000


def open_telephone(
    settings: Settings, standings: Callable[[], Mapping[AgentId, Standing]], link: Callable[[], AmiLink]
) -> TelephoneDesk:
    """The desk.

    Args:
        settings: the site.
        standings: who sits where.
        link: by which the PBX is asked; it is made later.
    """
    return TelephoneDesk(phone_rules(settings), phone_address(settings), link, standings, now, wait_for_event)


def open_quality(
    settings: Settings,
    standings: Callable[[], Mapping[AgentId, Standing]],
    link: Callable[[], AmiLink],
    write: Callable[[Sequence[LegQuality]], None],
    runner: Runner,
) -> QualityDesk:
    """Who keeps how well legs are heard.

    Args:
        settings: the site.
        standings: who sits where.
        link: by which the PBX is asked; it is made later.
        write: the store's side; blocking.
        runner: runs it where the store is written.
    """
    return QualityDesk(phone_rules(settings), standings, link, write, runner, now, wait_for_event)


def phone_rules(settings: Settings) -> PhoneRules:
    """Which posts are in a browser, and for how long they are given a phone."""
    browser = frozenset(agent.endpoint for agent in settings.pbx.agents if agent.webrtc)
    return PhoneRules(browser, round(settings.cti.telephone.validite_heures * _HOUR_US))
