"""Which ports a telephony configuration asks for, and whether they are free.

Asterisk starts without a port it cannot have and only logs it; a PBX that nobody can reach is worth stopping for, with
the number of the port and the file that asks for it.
"""

import re
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cti.sandbox.errors import PortTaken

_SECTION = re.compile(r"\[([^\]]+)\]\s*(?:\(([^)]*)\))?")
_SETTING = re.compile(r"([A-Za-z_][\w-]*)\s*=>?\s*(.*)")
_TCP_TRANSPORTS = {"tcp", "tls"}


@dataclass(frozen=True, slots=True)
class Claim:
    """One address that the PBX will listen on, and the file that says so."""

    file: str
    host: str
    port: int
    tcp: bool

    def address(self) -> str:
        """The address as a person would look it up."""
        return f"{self.host}:{self.port}/{'tcp' if self.tcp else 'udp'}"


def claims(telephony: Path) -> tuple[Claim, ...]:
    """Every address asked for by manager.conf, http.conf and the transports of pjsip.conf, where these are present."""
    return (
        *_manager(_sections(telephony / "manager.conf")),
        *_http(_sections(telephony / "http.conf")),
        *_transports(_sections(telephony / "pjsip.conf")),
    )


def require_free(asked: Iterable[Claim]) -> None:
    """`PortTaken` for the first address that another program already holds."""
    for claim in asked:
        kind = socket.SOCK_STREAM if claim.tcp else socket.SOCK_DGRAM
        family = socket.AF_INET6 if ":" in claim.host else socket.AF_INET
        with socket.socket(family, kind) as probe:
            if claim.tcp:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((claim.host, claim.port))
            except OSError as error:
                raise PortTaken(
                    f"port {claim.port} ({claim.address()}) asked by {claim.file} cannot be had: {error.strerror}"
                ) from error


def _manager(sections: list[tuple[str, dict[str, str]]]) -> Iterator[Claim]:
    general = dict(sections).get("general", {})
    if _yes(general.get("enabled")):
        yield Claim("manager.conf", general.get("bindaddr", "0.0.0.0"), int(general.get("port", "5038")), tcp=True)  # noqa: S104


def _http(sections: list[tuple[str, dict[str, str]]]) -> Iterator[Claim]:
    general = dict(sections).get("general", {})
    if not _yes(general.get("enabled")):
        return
    host = general.get("bindaddr", "0.0.0.0")  # noqa: S104
    yield Claim("http.conf", host, int(general.get("bindport", "8088")), tcp=True)
    if _yes(general.get("tlsenable")):
        secure_host, secure_port = _split(general.get("tlsbindaddr", host), 8089)
        yield Claim("http.conf", secure_host, secure_port, tcp=True)


def _transports(sections: list[tuple[str, dict[str, str]]]) -> Iterator[Claim]:
    for _, settings in sections:
        protocol = settings.get("protocol", "udp")
        if settings.get("type") == "transport" and protocol not in {"ws", "wss"}:
            host, port = _split(settings.get("bind", "0.0.0.0"), 5060)  # noqa: S104
            yield Claim("pjsip.conf", host, port, tcp=protocol in _TCP_TRANSPORTS)


def _split(address: str, port: int) -> tuple[str, int]:
    """The host and port of `host`, `host:port` or `[host]:port`."""
    if address.startswith("["):
        host, _, rest = address[1:].partition("]")
        return host, int(rest.removeprefix(":") or port)
    host, colon, rest = address.partition(":")
    return (host, int(rest)) if colon and ":" not in rest else (address, port)


def _yes(value: str | None) -> bool:
    return (value or "").lower() in {"yes", "true", "y", "t", "1", "on"}


def _sections(path: Path) -> list[tuple[str, dict[str, str]]]:
    """The sections of an Asterisk file in order, templates applied; the last value of a setting counts."""
    found: list[tuple[str, dict[str, str]]] = []
    templates: dict[str, dict[str, str]] = {}
    current: dict[str, str] = {}
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []
    for raw in lines:
        line = raw.split(";", 1)[0].strip()
        if section := _SECTION.match(line):
            options = [option.strip() for option in (section[2] or "").split(",")]
            current = {}
            for parent in options:
                current.update(templates.get(parent, {}))
            templates[section[1]] = current
            if "!" not in options:
                found.append((section[1], current))
        elif setting := _SETTING.match(line):
            current[setting[1].lower()] = setting[2].strip()
    return found
