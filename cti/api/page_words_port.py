"""What the api needs of whoever listens to the pages of browser phones: how they are, and how well a call is heard there."""

from dataclasses import dataclass
from typing import Any, Protocol

from cti.journey import AgentId, Instant
from cti.journey.around.duty import PersonId


@dataclass(frozen=True, slots=True)
class VoiceTried:
    """A call to the PBX's echo, as the page saw it."""

    made: str  #: names this try
    ok: bool  #: what was played came back
    loss: float  #: the worse of both ways, 0 to 1
    refused: bool = False  #: the PBX refused the call to the echo


@dataclass(frozen=True, slots=True, kw_only=True)
class PageState:
    """How a page is."""

    sent_at: Instant  #: by the page's own clock
    micro_dbfs: float  #: the loudest moment lately
    micro_cut: bool  #: unplugged, refused, or cut by the machine
    voice: VoiceTried | None  #: the latest try since devices and network last changed


@dataclass(frozen=True, slots=True, kw_only=True)
class PageQuality:
    """How well a call is heard in a page, from its beginning until now."""

    sip: str  #: the SIP Call-ID of its leg
    over: bool
    talk_ms: int
    received: int
    lost: int
    sent: int | None
    remote_lost: int | None
    jitter_ms: float | None
    round_trip_ms: float | None
    mos: float | None
    mos_min: float | None


class PageStates(Protocol):
    """Decides from it whether the post may be offered calls."""

    async def state(self, poste: AgentId, who: PersonId, said: PageState) -> dict[str, Any]:
        """What the service makes of it: ready or not, why not, and when to speak again.

        Raises:
            PhoneRefusal: the post is none in a browser, or not hers (``cti.agents.telephone``).
        """
        ...


class PageQualities(Protocol):
    """Keeps how well each leg was heard."""

    async def measured(self, poste: AgentId, who: PersonId, said: PageQuality) -> bool:
        """Keep it; False when that leg is no call's (an echo, a colleague), so that nothing was kept.

        Raises:
            PhoneRefusal: the post is none in a browser, or not hers.
        """
        ...
