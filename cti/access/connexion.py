"""How people sign in (``acces.toml``, ``[connexion]``): slow digests, waiting after failures, sessions, and who needs a code."""

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from cti.access.reading import Reading

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address


class CodeAsked(StrEnum):
    """From where a one-time code is asked of everybody; who has enrolled is asked everywhere."""

    NEVER = "jamais"
    REMOTE = "hors_site"
    ALWAYS = "toujours"


def networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """These networks.

    Raises:
        ValueError: one of them is none.
    """
    return tuple(ipaddress.ip_network(text) for text in texts)


def address_of(client: str) -> Address | None:
    """The address that this text is; an IPv4 one in IPv6's clothes is the IPv4 one. None when it is no address."""
    try:
        found = ipaddress.ip_address(client.strip().strip("[]").partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped if mapped is not None else found


def within(client: str, among: Iterable[Network]) -> bool:
    """Whether this address is in one of these networks; what is no address is in none."""
    address = address_of(client)
    return address is not None and any(address in network for network in among)


_ON_SITE: Final = ("127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fe80::/10")


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInSettings:
    """``[connexion]``."""

    passes: int = 3  #: argon2id: how often the memory is gone over
    memory_mib: int = 64  #: argon2id: memory of one digest (RFC 9106, second recommended option)
    lanes: int = 1  #: argon2id: threads of one digest
    at_once: int = 2  #: digests made at the same time, whatever asks for them
    failures: int = 5  #: from so many in a row on the account waits
    wait_seconds: int = 30  #: the first time, then twice as long each time
    wait_most_minutes: int = 15
    forget_minutes: int = 60  #: after so long without one, failures are forgotten
    idle_minutes: int = 60  #: a session that asks nothing ends
    life_hours: int = 13  #: a session ends, however much it is used
    code_asked: CodeAsked = CodeAsked.REMOTE
    on_site: tuple[Network, ...] = networks(_ON_SITE)

    def needs_code(self, client: str) -> bool:
        """Whether nobody comes in from this address without a code."""
        if self.code_asked is CodeAsked.REMOTE:
            return not within(client, self.on_site)
        return self.code_asked is CodeAsked.ALWAYS


USUAL: Final = SignInSettings()
#: The file's names: field, lowest and highest value.
_NUMBERS: Final[Mapping[str, tuple[str, int, int]]] = {
    "argon2_passes": ("passes", 1, 50),
    "argon2_memoire_mio": ("memory_mib", 8, 1024),
    "argon2_voies": ("lanes", 1, 16),
    "argon2_a_la_fois": ("at_once", 1, 8),
    "echecs": ("failures", 1, 10),  # the CNIL's limit
    "attente_secondes": ("wait_seconds", 1, 3600),
    "attente_max_minutes": ("wait_most_minutes", 1, 24 * 60),
    "oubli_minutes": ("forget_minutes", 1, 7 * 24 * 60),
    "inactivite_minutes": ("idle_minutes", 1, 24 * 60),
    "duree_heures": ("life_hours", 1, 24 * 7),
}


def sign_in(reading: Reading, data: Mapping[str, object]) -> SignInSettings:
    """``[connexion]`` of a parsed ``acces.toml``; its faults are in ``reading``."""
    table = reading.table(data, "connexion", (*_NUMBERS, "code_exige", "reseaux_site"))
    numbers = {
        field: reading.whole(table, f"[connexion] {name}", name, most, getattr(USUAL, field), least)
        for name, (field, least, most) in _NUMBERS.items()
    }
    asked = reading.words([table.get("code_exige", USUAL.code_asked.value)], "[connexion] code_exige", CodeAsked)
    return SignInSettings(code_asked=next(iter(asked), USUAL.code_asked), on_site=_on_site(reading, table), **numbers)


def _on_site(reading: Reading, table: Mapping[str, object]) -> tuple[Network, ...]:
    told = table.get("reseaux_site")
    if told is None:
        return USUAL.on_site
    if not isinstance(told, list) or not all(isinstance(one, str) for one in told):
        reading.fault("[connexion] reseaux_site", 'a list of networks is expected, such as ["10.0.0.0/8"]')
        return ()
    found: list[Network] = []
    for one in told:
        try:
            found.extend(networks([one]))
        except ValueError as trouble:
            reading.fault("[connexion] reseaux_site", f"no network: {trouble}")
    return tuple(found)
