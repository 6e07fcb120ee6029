"""The room opened to people (``cti demo --desk``): two posts in browsers, an ARM and a GP with accounts of their own.

They take their share of the simulated callers, who go on calling and being transferred to them. What a person did is in no log of
SIPp: her calls are left out of the comparison.
"""

import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from cti.bootstrap.access import accounts
from cti.bootstrap.access.recognising import set_password
from cti.bootstrap.clock import now
from cti.bootstrap.sandbox import Site
from cti.journey import Journey
from cti.sandbox.host.address import own_address
from cti.sandbox.people.truth import CallerTruth
from cti.settings import load


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody who may sit down."""

    compte: str
    nom: str
    role: str
    filieres: tuple[str, ...]


GUESTS: Final = (
    Guest("camille", "Camille Durand", "arm_n1", ("n1", "amu")),
    Guest("louis", "Dr Louis Ferrand", "mrg", ("mg", "mrg")),
)
_BY: Final = "démonstration"


def posts() -> dict[str, dict[str, Any]]:
    """A post in a browser for each of them: changes for ``make_site``."""
    seats = {
        f"web{rank:02d}": {"nom": f"Poste web {rank}", "fixe": False, "webrtc": True, "poste": f"19{rank:02d}"}
        for rank in range(1, len(GUESTS) + 1)
    }
    people = {
        guest.compte: {"nom": guest.nom, "role": guest.role, "filieres": list(guest.filieres), "numero": f"9{rank:02d}"}
        for rank, guest in enumerate(GUESTS, 1)
    }
    return {"agents": {"agents": seats, "personnes": people}}


def open_accounts(site: Site) -> str:
    """An account for each, with a password that is theirs together and new at each demo; the password."""
    settings = load(site.config, {})
    password = f"salle-{secrets.token_hex(5)}"
    for guest in GUESTS:
        accounts.add(settings, guest.compte, (guest.role,), guest.compte, _BY, now())
        set_password(settings, guest.compte, password, _BY, now())
    return password


def told(site: Site, password: str) -> Iterator[str]:
    """How to sit down, in French."""
    yield "  [bold]la salle vous est ouverte[/bold] : deux onglets (fenêtres privées, pour deux comptes à la fois), un casque, et"
    yield f"      {site.web}/connexion?vers=/poste"
    for guest in GUESTS:
        yield f"      compte [bold]{guest.compte}[/bold] ({guest.nom})   mot de passe [bold]{password}[/bold]"
    yield "  puis « Ce navigateur » : l'appel s'affiche et sonne ; Entrée décroche, M passe au généraliste, ? montre les touches"
    if own_address() is None:
        yield "  cette machine n'a que l'adresse 127.0.0.1 : la voix des navigateurs ne passera pas (ICE)"


def without_people(truths: Sequence[CallerTruth], journeys: Iterable[Journey]) -> tuple[list[CallerTruth], list[Journey], int]:
    """What simulated people alone did, and how many calls somebody at a browser took or was offered."""
    seats = frozenset(posts()["agents"]["agents"])
    every = list(journeys)
    hers = [one for one in every if any(leg.agent in seats for stage in one.stages for leg in stage.legs)]
    numbers, calls = {one.caller for one in hers}, {one.call_id for one in hers}
    kept = [truth for truth in truths if (truth.number if truth.shown else None) not in numbers]
    return kept, [one for one in every if one.call_id not in calls and one.caller not in numbers], len(hers)
