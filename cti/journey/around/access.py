"""Who may do what with the voice, as values: accounts and their tokens, ties of a person to a recording, and the log of accesses.

A **trace** is one entry of that log. Entries are numbered from 1 and each holds the digest of the one before it, so that none can
be changed or taken out without showing (``cti.access.chain``). Nothing is ever changed in place but an account's state.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeAlias

from cti.journey.around.duty import PersonId
from cti.journey.words import Instant

#: Name of an account, as in a token's owner and in a trace: ``anne.petit``.
UserName: TypeAlias = str

#: Whoever comes by the site's own token, or from this machine where none is asked: nobody in particular.
SITE: Final = "site"
#: The digest before the first entry.
GENESIS: Final = "0" * 64
#: In a trace, the verb of whoever came in or tried to, and of whoever left.
ENTER: Final = "entrer"
LEAVE: Final = "sortir"


class AccessRole(StrEnum):
    """What an account is for. One account may hold several."""

    ARM_N1 = "arm_n1"
    ARM_N2 = "arm_n2"
    OSNP = "osnp"
    MRU = "mru"
    MRG = "mrg"
    SUPERVISEUR = "superviseur"
    QUALITE = "qualite"  #: reviews drawn calls
    ADMIN = "admin"  #: accounts and the archive's keeping
    ECRAN = "ecran"  #: a screen on a wall
    BANDEAU = "bandeau"  #: another software, which shows what happens at one post; its account's person is that post


#: Roles that are nobody's: they look, and do nothing.
SCREENS: Final = frozenset({AccessRole.ECRAN, AccessRole.BANDEAU})


class Verb(StrEnum):
    """What one may want to do."""

    ECOUTER = "ecouter"
    EXPORTER = "exporter"
    CHERCHER = "chercher"
    VOIR = "voir"  #: what lies beside the voice: times, stages, agents
    VERIFIER = "verifier"  #: read the log of accesses, check the archive
    CONSERVER = "conserver"  #: place a legal hold
    LIBERER = "liberer"  #: take it off
    PROPOSER = "proposer"  #: a destruction
    APPROUVER = "approuver"  #: somebody else's proposal
    ADMINISTRER = "administrer"  #: accounts and tokens
    TIRER = "tirer"  #: calls at random, for somebody's quality review


class Relation(StrEnum):
    """What ties a person to a recording."""

    SES_APPELS = "ses_appels"  #: she spoke in it
    DOSSIER = "dossier"  #: of a dossier she regulates, or of the caller she was just given
    QUALITE = "qualite"  #: drawn for a quality review that is hers
    SALLE = "salle"  #: any recording of the centre
    REQUISITION = "requisition"  #: named in a requisition or a patient's request


class AccessOutcome(StrEnum):
    """How it went."""

    GRANTED = "accordé"
    REFUSED = "refusé"
    DONE = "fait"  #: an act: what a right was used for, or an account changed from the command line


@dataclass(frozen=True, slots=True, kw_only=True)
class Tie:
    """One relation of one person to one recording."""

    relation: Relation
    since: Instant | None = None  #: what the time limits of the table count from (the end of her part); None while it goes on
    until: Instant | None = None  #: its own end: of a campaign, of a requisition; None when it has none


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """One entry of the log. Texts are empty where there is nothing to say."""

    seq: int  #: 1, 2, 3...
    at: Instant  #: whole milliseconds
    who: UserName
    role: str  #: the role that gave the right; on a refusal every role, joined by "+"
    verb: str  #: a ``Verb``, or ``ENTER``
    call_id: str = ""
    piece_id: str = ""
    relation: str = ""
    reason: str = ""
    client: str = ""  #: address of whoever asked; ``cli`` for the command line
    outcome: str  #: an ``AccessOutcome``, unless somebody wrote something else into the database
    detail: str = ""  #: in French: why it was refused, what was searched, what was changed
    previous: str  #: ``hash`` of the entry before
    hash: str = ""  #: SHA-256 of the canonical form of all the rest


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A named account."""

    name: UserName
    roles: tuple[AccessRole, ...]
    personne: PersonId = ""  #: of ``agents.toml``; empty: nobody of the room
    created_at: Instant
    disabled_at: Instant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What a program or a person shows to come in. The token itself is kept nowhere."""

    token_id: str
    user: UserName
    digest: str = field(repr=False)  #: keyed (``cti.access.tokens``)
    created_at: Instant
    expires_at: Instant
    last_used_at: Instant | None = None  #: to the minute
    revoked_at: Instant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """What an account is recognised by when a person signs in, and how often that went wrong. Nothing here opens by itself."""

    user: UserName
    hash: str = field(default="", repr=False)  #: argon2id, with its own parameters and salt; empty: no password, nobody signs in
    hashed_at: Instant | None = None
    failures: int = 0  #: in a row
    failed_at: Instant | None = None
    locked_until: Instant | None = None  #: no password is looked at before
    totp: str = field(default="", repr=False)  #: secret of the one-time codes, sealed; empty: none are asked
    totp_at: Instant | None = None
    totp_step: int | None = None  #: the last step of which a code was taken: none is taken twice


class Means(StrEnum):
    """By what a person showed who she is."""

    PASSWORD = "mot de passe"  # noqa: S105 - the name of a means
    CODE = "mot de passe et code"
    OIDC = "fournisseur d'identité"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A person who signed in, on one browser. The cookie itself is kept nowhere."""

    session_id: str  #: names it in lists and in the log; opens nothing
    user: UserName
    digest: str = field(repr=False)  #: keyed (``cti.access.sessions``)
    created_at: Instant
    seen_at: Instant  #: to the minute
    expires_at: Instant  #: not beyond, however much it is used
    client: str
    means: Means
    ended_at: Instant | None = None
    ended_why: str = ""  #: in French


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Whom an identity provider calls what: this subject of this issuer is that account."""

    issuer: str
    subject: str
    user: UserName
    created_at: Instant


class AccountActKind(StrEnum):
    """What was done to an account."""

    ADD = "creation"
    ROLES = "roles"
    DISABLE = "desactivation"
    ENABLE = "reactivation"
    TOKEN = "jeton"  # noqa: S105 - the name of an act
    REVOKE = "revocation"
    PASSWORD = "mot de passe"  # noqa: S105 - the name of an act
    UNLOCK = "deblocage"
    TOTP = "code a usage unique"
    SESSIONS = "fin de session"
    LINK = "rattachement"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountAct:
    """One act on an account. Never changed, never taken back."""

    number: int
    at: Instant
    by: str
    kind: AccountActKind
    user: UserName
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountChange:
    """What an act makes of accounts: the user, the token or both as they are from now on."""

    at: Instant
    by: str
    kind: AccountActKind
    user: User
    token: Token | None = None
    detail: str = ""  #: in French
    credential: Credential | None = None
    link: Link | None = None
    unlink: Link | None = None
    ends: str = ""  #: in French: why the sessions of this account are over; empty: they go on
    session_id: str = ""  #: only this one is over
