"""The shapes of signing in."""

from datetime import datetime

from pydantic import Field

from cti.api.contract.shape import Shape
from cti.journey.around.access import AccessRole


class SessionOut(Shape):
    """Who is signed in on this browser."""

    compte: str
    nom: str = Field(description="tel qu'on l'appelle dans la salle")
    roles: list[AccessRole]
    personne: str = Field(description="identifiant dans agents.toml ; vide : personne de la salle")
    csrf: str = Field(description="à rendre dans X-CSRF-Token avec toute requête qui change quelque chose")
    expires_at: datetime
    totp: bool = Field(description="un code à usage unique est demandé à ce compte")


class ProviderOut(Shape):
    """Whether one can sign in by an identity provider, and how people call it."""

    actif: bool
    nom: str
