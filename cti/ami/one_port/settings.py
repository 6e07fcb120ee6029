"""What the site says of its single port: block ``[telephone.port_unique]`` of cti.toml, and whether the rest of it fits."""

import re
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address
from typing import Final
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

#: As much of RFC 7065 as a page needs: scheme, name, port, transport.
_TURNS: Final = re.compile(r"turns:(?P<host>[A-Za-z0-9.-]+)(?::(?P<port>\d{1,5}))?(?:\?transport=(?P<transport>tcp|udp))?")
_TURNS_PORT: Final = 5349
#: Ends up between quotes in two files of other programs.
_PLAIN_PATH: Final = re.compile(r"/[\w./+@-]+")


class OnePort(BaseModel):
    """What nginx and coturn are told beside what is known already. All of it is on one machine, which people reach."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    #: The certificate of both names, whole chain, and its key, where nginx and coturn read them (PEM).
    certificat: str
    cle: str
    #: The address from which the relay talks to the PBX: one of its own machine, on the PBX's side (no page asks for IPv6).
    relais: IPv4Address
    #: Where the PBX takes and sends voice: the only addresses that the relay talks to.
    pbx: tuple[IPv4Address, ...] = Field(min_length=1)
    #: UDP ports of the relay, on the PBX's side; nobody outside needs them.
    ports_relais: tuple[int, int] = (49_152, 65_535)
    #: Ports of the loopback address behind the one port: HTTPS, TURN on its way, TURN.
    port_https: int = Field(default=8443, ge=1, le=65_535)
    port_passage: int = Field(default=5348, ge=1, le=65_535)
    port_turn: int = Field(default=_TURNS_PORT, ge=1, le=65_535)
    #: Relays at once: of one post, and in all. A call takes one for each network of the computer.
    relais_par_poste: int = Field(default=12, ge=1, le=1_000)
    relais_max: int = Field(default=400, ge=1, le=100_000)

    @field_validator("certificat", "cle")
    @classmethod
    def _a_path(cls, path: str) -> str:
        if not _PLAIN_PATH.fullmatch(path):
            raise PydanticCustomError("path", "an absolute path without blanks or quotes is expected")
        return path

    @field_validator("pbx")
    @classmethod
    def _one_machine(cls, addresses: tuple[IPv4Address, ...]) -> tuple[IPv4Address, ...]:
        if wide := [str(one) for one in addresses if one.is_unspecified or one.is_multicast or one.is_loopback]:
            raise PydanticCustomError("pbx", "an address of the PBX is expected, not {wide}", {"wide": ", ".join(wide)})
        return addresses

    @model_validator(mode="after")
    def _fits(self) -> "OnePort":
        first, last = self.ports_relais
        if not 1_024 <= first < last <= 65_535:
            raise PydanticCustomError("ports_relais", "ports_relais: [first, last] between 1024 and 65535 is expected")
        inner = (self.port_https, self.port_passage, self.port_turn)
        if len(set(inner)) < len(inner):
            raise PydanticCustomError("ports", "port_https, port_passage and port_turn must be three different ports")
        return self


class Public(BaseModel):
    """How the one port is called by those who come from outside."""

    model_config = ConfigDict(frozen=True)

    port: int
    pages: str  #: name of the pages, the API and the WebSocket
    relay: str  #: name of the TURN server
    websocket: str  #: path of the WebSocket


def public_of(public_url: str, adresse: str, turn: Iterable[str]) -> Public:
    """The names, when everything is at one port.

    Raises:
        ValueError: it is not, one line for each reason.
    """
    if faults := list(public_faults(public_url, adresse, turn)):
        raise ValueError("\n".join(faults))
    pages, websocket = urlsplit(public_url), urlsplit(adresse)
    (url,) = turn
    found = _TURNS.fullmatch(url)
    assert found is not None
    return Public(port=pages.port or 443, pages=str(pages.hostname), relay=found["host"].lower(), websocket=websocket.path or "/")


def public_faults(public_url: str, adresse: str, turn: Iterable[str]) -> Iterator[str]:
    """Why not everything is at one port: a line for each reason."""
    pages, websocket = urlsplit(public_url), urlsplit(adresse)
    port = pages.port or 443
    if pages.scheme != "https":
        yield "[http] public_url: https://NAME is needed by [telephone.port_unique]"
    if (websocket.scheme, websocket.hostname, websocket.port or 443) != ("wss", pages.hostname, port):
        yield f"[telephone] adresse: the same name and port as [http] public_url are needed ({_wss(public_url)})"
    urls = tuple(turn)
    found = [match for url in urls if (match := _TURNS.fullmatch(url))]
    at = [(match["host"].lower(), int(match["port"] or _TURNS_PORT), match["transport"]) for match in found]
    if len(urls) != 1 or len(at) != 1 or at[0][1:] != (port, "tcp") or at[0][0] == pages.hostname:
        yield (
            f"[telephone] turn: one address at port {port} under a name of its own is needed by [telephone.port_unique] "
            f"(turns:turn.{pages.hostname or 'sas.example.fr'}:{port}?transport=tcp)"
        )


def _wss(public_url: str) -> str:
    return f"wss://{urlsplit(public_url).netloc or 'sas.example.fr'}/ws"
