"""The phones of pages put together from the site's settings."""

from collections.abc import Callable, Mapping

from cti.agents.duty import Standing
from cti.agents.telephone import PhoneRules
from cti.ami.connection import AmiLink, wait_for_event
from cti.bootstrap.clock import now
from cti.bootstrap.telephone.address import phone_address
from cti.bootstrap.telephone.desk import TelephoneDesk
from cti.journey import AgentId
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
    browser = frozenset(agent.endpoint for agent in settings.pbx.agents if agent.webrtc)
    rules = PhoneRules(browser, round(settings.cti.telephone.validite_heures * _HOUR_US))
    return TelephoneDesk(rules, phone_address(settings), link, standings, now, wait_for_event)
