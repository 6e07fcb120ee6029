"""Where a page reaches the PBX: the WebSocket, the SIP address of a post, the servers that help its voice through."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from cti.ami.dialplan import PbxSpec
from cti.ami.telephone import TelephoneSettings
from cti.bootstrap.telephone.ice import ice_servers
from cti.journey import AgentId, Instant
from cti.settings import Settings

_ANYWHERE = ("0.0.0.0", "::", "")  # noqa: S104 - read, not bound


@dataclass(frozen=True, slots=True)
class PhoneAddress:
    """What the site says of it."""

    ws: str
    settings: TelephoneSettings

    @property
    def origin(self) -> str:
        """What a page must be allowed to connect to (CSP ``connect-src``)."""
        parts = urlsplit(self.ws)
        return f"{parts.scheme}://{parts.netloc}"

    def uri(self, poste: AgentId) -> str:
        """The SIP address of a post."""
        return f"sip:{poste}@{urlsplit(self.ws).hostname}"

    def ice(self, user: str, until: Instant) -> list[dict[str, Any]]:
        """The STUN and TURN servers."""
        return ice_servers(self.settings, user, until)


def phone_address(settings: Settings) -> PhoneAddress:
    """As the site says, or as pbx.toml has it."""
    said = settings.cti.telephone.adresse
    return PhoneAddress(said or _by_pbx(settings.pbx, settings.cti.pbx.host), settings.cti.telephone)


def _by_pbx(pbx: PbxSpec, host: str) -> str:
    if pbx.tls is not None:
        return f"wss://{reachable(pbx.tls.bind, host)}:{pbx.tls.ws_port}/ws"
    return f"ws://{reachable(pbx.http_bind, host)}:{pbx.http_port}/ws"


def reachable(bind: str, host: str) -> str:
    """The address of a server that listens there; ``host`` where it listens everywhere."""
    return host if bind in _ANYWHERE else bind
