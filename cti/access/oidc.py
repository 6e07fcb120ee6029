"""An identity provider beside our own passwords (``acces.toml``, ``[oidc]``): its settings, and what its answers must say. Pure.

Made for Pro Santé Connect (OpenID Connect, authorization code with PKCE; who it is stands in ``SubjectNameID``, the RPPS behind
an 8). The signature is looked at elsewhere; here is everything that the claims must say before a subject is believed (OpenID
Connect Core 1.0, 3.1.3.7 and 5.3.2).
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from cti.access.connexion import address_of
from cti.access.reading import Reading
from cti.journey.words import Instant

#: Clocks differ by so much at most.
_LEEWAY_US: Final = 60_000_000
#: A token that was made longer ago was made for another sign-in.
_AGE_US: Final = 600_000_000
_TEXTS: Final = {
    "nom": "name", "emetteur": "issuer", "client_id": "client_id", "client_secret": "client_secret", "portee": "scope",
    "sujet": "subject", "acr": "acr",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcSettings:
    """``[oidc]``."""

    active: bool = False
    name: str = "Pro Santé Connect"
    issuer: str = ""
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    scope: str = "openid scope_all"
    subject: str = "SubjectNameID"  #: the claim that ``cti user link`` ties to an account
    acr: str = "eidas1"  #: asked for, and must be answered; empty: any
    demanded: Mapping[str, str] = field(default_factory=dict)  #: claims that must have these values
    seconds: int = 5  #: for each of its answers


USUAL: Final = OidcSettings()


class NotBelieved(ValueError):
    """What the provider said is not for us, not for now, or not enough; the message says why, in French, for the log."""


def provider(reading: Reading, data: Mapping[str, object]) -> OidcSettings:
    """``[oidc]`` of a parsed ``acces.toml``; its faults are in ``reading``."""
    table = reading.table(data, "oidc", (*_TEXTS, "actif", "exige", "delai_secondes"))
    active = reading.flag(table, "[oidc] actif", "actif", default=False)
    texts = {
        field: reading.text({**table}, f"[oidc] {name}", name, "") or getattr(USUAL, field) for name, field in _TEXTS.items()
    }
    if isinstance(table.get("acr"), str):
        texts["acr"] = str(table["acr"]).strip()  # empty is meant: any
    demanded = table.get("exige", {})
    if not isinstance(demanded, Mapping) or not all(isinstance(value, str) for value in demanded.values()):
        reading.fault(
            "[oidc] exige", 'claims with the value that each must have are expected, such as {Acces_Regulation_Medicale = "VRAI"}'
        )
        demanded = {}
    if active:
        for name in ("emetteur", "client_id", "client_secret"):
            if not texts[_TEXTS[name]]:
                reading.fault(
                    f"[oidc] {name}", "needed because actif is true" + (" (CTI_OIDC_SECRET)" if name == "client_secret" else "")
                )
        if texts["issuer"] and not sound_address(texts["issuer"]):
            reading.fault("[oidc] emetteur", "an https address is expected")
    seconds = reading.whole(table, "[oidc] delai_secondes", "delai_secondes", 60, USUAL.seconds)
    return OidcSettings(
        active=active, demanded={str(name): str(value) for name, value in demanded.items()}, seconds=seconds, **texts
    )


def sound_address(url: str) -> bool:
    """Whether we may speak to this address: over TLS, or on this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    address = address_of(host)
    here = host == "localhost" or (address is not None and address.is_loopback)
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and here))


def check_identity(settings: OidcSettings, claims: Mapping[str, Any], nonce: str, at: Instant) -> None:
    """Whether an identity token whose signature is good is the provider's, for us, for this sign-in, now.

    Raises:
        NotBelieved: it is not.
    """
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if claims.get("iss") != settings.issuer:
        raise NotBelieved(f"jeton d'un autre émetteur : {claims.get('iss')!r}")
    if settings.client_id not in audiences or (len(audiences) > 1 and claims.get("azp") != settings.client_id):
        raise NotBelieved("jeton destiné à un autre service")
    if not _same(claims.get("nonce"), nonce):
        raise NotBelieved("jeton d'une autre connexion (nonce)")
    expires, issued = _instant(claims, "exp"), _instant(claims, "iat")
    if expires + _LEEWAY_US <= at:
        raise NotBelieved("jeton expiré")
    if issued > at + _LEEWAY_US or issued < at - _AGE_US:
        raise NotBelieved("jeton fait à une autre heure")
    if settings.acr and claims.get("acr") != settings.acr:
        raise NotBelieved(f"niveau d'authentification {claims.get('acr')!r}, {settings.acr!r} est exigé")


def subject_of(settings: OidcSettings, claims: Mapping[str, Any], about: Mapping[str, Any]) -> str:
    """Who it is, from the identity token and what the provider says of her.

    Raises:
        NotBelieved: the two speak of two people, of nobody, or a demanded claim is missing.
    """
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject or not _same(about.get("sub"), subject):
        raise NotBelieved("les deux réponses du fournisseur ne parlent pas de la même personne")
    known = {**about, **claims}
    for name, value in settings.demanded.items():
        if known.get(name) != value:
            raise NotBelieved(f"{name} vaut {known.get(name)!r}, {value!r} est exigé")
    found = known.get(settings.subject)
    if not isinstance(found, str) or not found.strip() or len(found) > 200 or not found.isprintable():
        raise NotBelieved(f"le fournisseur ne donne pas {settings.subject}")
    return found.strip()


def as_subject(settings: OidcSettings, given: str) -> str:
    """A subject as an administrator types it: an RPPS of 11 digits is what Pro Santé Connect calls ``8`` and those digits."""
    text = given.strip()
    plain_rpps = settings.subject == USUAL.subject and len(text) == 11 and text.isascii() and text.isdecimal()
    return f"8{text}" if plain_rpps else text


def _same(found: object, expected: str) -> bool:
    return isinstance(found, str) and hmac.compare_digest(found.encode(), expected.encode())


def _instant(claims: Mapping[str, Any], name: str) -> Instant:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise NotBelieved(f"jeton sans {name}")
    return int(value * 1_000_000)
