"""Who may ask for a route, from the site's table; and the words of a refusal."""

from collections.abc import Sequence
from typing import Final, Protocol

import structlog

from cti.access.routes import Route, RouteRights
from cti.api.edge.problems import Problem
from cti.journey.around.access import SITE, AccessRole

log = structlog.get_logger(__name__)

#: How people call the roles.
LABELS: Final = {
    "arm_n1": "ARM N1", "arm_n2": "ARM N2", "osnp": "OSNP", "mru": "médecin urgentiste", "mrg": "médecin généraliste",
    "superviseur": "superviseur", "qualite": "qualité", "admin": "administration", "ecran": "écran",
    "bandeau": "bandeau", SITE: "le service lui-même",
}  # fmt: skip


class Told(Route, Protocol):
    """An operation that people can be told of."""

    @property
    def summary(self) -> str:
        """What it does, in French."""
        ...

    @property
    def streams(self) -> bool:
        """Its answer goes on for as long as somebody follows it."""
        ...


def check_rights(rights: RouteRights, route: Told, who: str, roles: Sequence[AccessRole]) -> None:
    """Let a request go on only when one of its sender's roles may ask for this route.

    Raises:
        Problem: 403, naming who may.
    """
    allowed = rights.of(route) or frozenset()
    if any(word in allowed for word in ((SITE,) if who == SITE else roles)):
        return
    log.warning("route_refused", who=who, roles=[str(role) for role in roles], route=route.name)
    for_whom = ", ".join(LABELS[word] for word in LABELS if word in allowed) or "personne"
    if who == SITE:
        raise Problem(403, f"« {route.summary} » demande un compte : {for_whom}.")
    mine = ", ".join(LABELS[role] for role in roles) or "aucun"
    raise Problem(403, f"« {route.summary} » n'est pas permis à vos rôles ({mine}) ; réservé à : {for_whom}.")
