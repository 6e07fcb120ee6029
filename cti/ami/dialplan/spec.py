"""What the site tells the PBX: filières, incoming lines, people's phones, trunks, and where the service listens.

These are the renderer's own words: `bootstrap` fills them from `config/` (see `config.pbx_spec`).
"""

import re
from dataclasses import dataclass, field
from typing import Final

#: Flux of a number that nobody declared; the hand-written dialplan sends there whatever it does not know.
FLUX_INCONNU: Final = "INCONNU"
#: Flux of a call from a phone of the room.
FLUX_POSTE: Final = "POSTE"


def retained_variable(poste: str) -> str:
    """The PBX's global variable that says until when (seconds since the epoch) a post is in its wrap-up; 0: it is not."""
    return f"SAS_RETENU_{re.sub('[^A-Za-z0-9_]', '_', poste)}"


class DialplanSpecError(ValueError):
    """The site's description cannot be rendered; the message has one line per fault, each naming block and field."""


@dataclass(frozen=True, slots=True)
class FiliereSpec:
    """One queue and what the PBX does with it when the service is silent."""

    code: str
    libelle: str
    #: Extension for transfers.
    numero: str
    #: `ringall` serves one caller at a time: for a doctors' queue of two or three phones only.
    strategy: str = "rrmemory"
    ring_seconds: int = 15
    retry_seconds: int = 1
    wrapup_seconds: int = 0
    #: How long a caller waits here before the overflow; 0 means for ever.
    attente_max_seconds: int = 60
    debordement: str | None = None
    #: QUEUE_PRIO when the service gives none; higher goes first.
    priorite: int = 0
    #: Which queue wins when one agent serves several; higher first.
    weight: int = 0
    #: The wait in a crisis, at the first queue or after a transfer; none means the same.
    attente_crise_seconds: int | None = None
    #: Physicians who are all asked at once, ahead of every other caller, when an ARM asks for them in a P0.
    p0: bool = False

    @property
    def queue(self) -> str:
        """The queue's name in Asterisk."""
        return f"sas-{self.code}"

    @property
    def queue_p0(self) -> str | None:
        """The second queue of the same people, for P0; None where P0 is not asked."""
        return f"sas-{self.code}-p0" if self.p0 else None

    @property
    def queues(self) -> tuple[str, ...]:
        """Every queue in which whoever serves this filière must be a member."""
        return (self.queue,) if self.queue_p0 is None else (self.queue, self.queue_p0)

    @property
    def touche(self) -> str:
        """What an agent types during a call to send the patient here."""
        return f"*{self.numero}"


@dataclass(frozen=True, slots=True)
class FluxSpec:
    """One incoming line. Where it goes is the service's business; alone, the PBX sends every line to the secours."""

    code: str
    dids: tuple[str, ...] = ()
    priorite: int = 0
    public: bool = True
    test: bool = False
    #: Sound played before the queue, without its file extension.
    accueil: str | None = None
    #: What is played instead in a crisis; none leaves the ordinary one.
    accueil_crise: str | None = None


@dataclass(frozen=True, slots=True)
class AgentSpec:
    """One phone, and the queues it serves."""

    endpoint: str
    nom: str
    filieres: tuple[str, ...] = ()
    #: Internal number of this phone.
    poste: str | None = None
    #: Fixed SIP address; without one the phone registers.
    contact: str | None = None
    password: str | None = field(default=None, repr=False)
    #: In a browser: registers with credentials that the service gives for a while (`browser.CREDENTIALS`), never with a password.
    webrtc: bool = False
    #: A telephone outside of our network: TLS and SRTP or nothing.
    distant: bool = False
    #: Networks that a distant one may come from; none said: from anywhere.
    reseaux: tuple[str, ...] = ()
    #: Its members are written in ``queues.conf``; otherwise whoever takes the post is the member.
    fixe: bool = True


@dataclass(frozen=True, slots=True)
class PersonSpec:
    """Somebody who may take a post from its phone, without the service."""

    personne: str
    nom: str
    filieres: tuple[str, ...]
    #: Dialled after ``*51``.
    numero: str
    #: SHA-1 of ``personne:code``; empty when no code is asked.
    code_sha1: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class TrunkSpec:
    """One operator's trunk, known by its addresses."""

    name: str
    match: tuple[str, ...]
    #: Where the trunk is asked whether it lives (OPTIONS); none means not asked.
    contact: str | None = None
    codecs: tuple[str, ...] = ("alaw", "ulaw")


@dataclass(frozen=True, slots=True)
class SortieSpec:
    """The way out: which trunk, and which numbers a phone of the room or a click may dial."""

    trunk: str
    #: The number that whoever is called sees.
    numero_presente: str
    #: What is dialled on a phone before the number; nothing: the number alone.
    prefixe: str = ""
    #: Allowed numbers as Asterisk patterns without their underscore: ``0[1-9]XXXXXXXX``.
    formes: tuple[str, ...] = ()
    #: Short numbers, emergency ones among them, letter by letter.
    courts: tuple[str, ...] = ()
    #: How long it may ring there.
    sonnerie_seconds: int = 60
    #: A phone rung for a click picks up by itself (header ``Call-Info: answer-after=0``).
    decroche_auto: bool = False


@dataclass(frozen=True, slots=True)
class EffecteurSpec:
    """Somebody outside whom an agent may invite: fire service, police, interpreter."""

    code: str
    libelle: str
    numero: str
    #: What an agent types during a talk to invite him; none: from the screen only.
    touche: str | None = None


@dataclass(frozen=True, slots=True)
class AmiSpec:
    """The manager interface and its two logins."""

    events_secret: str = field(repr=False)
    actions_secret: str = field(repr=False)
    bind: str = "127.0.0.1"
    port: int = 5038
    permit: tuple[str, ...] = ("127.0.0.1/32",)
    events_login: str = "cti-events"
    actions_login: str = "cti-actions"


@dataclass(frozen=True, slots=True)
class TlsSpec:
    """The PBX's certificate, and where it listens with it."""

    certificat: str
    cle: str
    bind: str = "0.0.0.0"  # noqa: S104 - distant phones come from outside
    #: The WebSocket of browsers (wss).
    ws_port: int = 8089
    #: Telephones (SIP over TLS).
    sip_port: int = 5061


@dataclass(frozen=True, slots=True)
class PbxSpec:
    """All that is rendered."""

    filieres: tuple[FiliereSpec, ...]
    flux: tuple[FluxSpec, ...]
    agents: tuple[AgentSpec, ...]
    trunks: tuple[TrunkSpec, ...]
    ami: AmiSpec
    #: Filière that takes the calls while the service is silent.
    secours: str
    #: Filière that takes, without limit, whoever nobody else took.
    dernier_recours: str
    agi_host: str = "127.0.0.1"
    agi_port: int = 4573
    http_bind: str = "127.0.0.1"
    http_port: int = 8088
    sip_bind: str = "127.0.0.1"
    sip_port: int = 5060
    recordings_dir: str = "/var/spool/asterisk/sas"
    spool_dir: str = "/var/spool/asterisk/sas-secours"
    #: How long a caller waits for the service's answer. With the next one, 2 s at the very worst.
    patience_seconds: float = 1.5
    #: How long he waits for the script that keeps a trace of a call routed alone.
    spool_patience_seconds: float = 0.5
    #: How long nobody waits for a service that was silent.
    repos_seconds: int = 10
    #: Overflows of one call before the last resort; the service counts the same (`debordements_max`).
    tours_max: int = 4
    #: Filières that answer for each other in a crisis: a transfer to one of them asks the service which is quicker.
    communes: tuple[str, ...] = ()
    sortie: SortieSpec | None = None
    qualify_seconds: int = 30
    #: The same for posts in a browser: who does not answer is offered no call; 0: never asked, and never missed.
    qualify_navigateur_seconds: int = 10
    #: The service asks whether the PBX still hears SIP, so often; 0: never, and it has no name to ask under.
    sonde_seconds: int = 5
    langue: str = "fr"
    agi_script: str = "cti-secours"
    #: Priority of a caller for whom a P0 is asked, in the queue of whoever is asked.
    priorite_p0: int = 90
    effecteurs: tuple[EffecteurSpec, ...] = ()
    #: The trunk on which guests are called; none: nobody outside can be invited.
    trunk_sortant: str | None = None
    #: How long a guest's phone rings.
    sonnerie_invite_seconds: int = 45
    #: Whether a number that is in no directory may be invited.
    numero_libre: bool = False
    personnes: tuple[PersonSpec, ...] = ()
    #: Reasons of a pause, in the order of the digit dialled after ``*53``.
    motifs: tuple[str, ...] = ()
    #: Without one, nothing is encrypted: browsers come by ``ws``, and no phone may be distant.
    tls: TlsSpec | None = None
    #: A browser post that sends no voice for so long is lost, and its caller goes back to the head of his queue.
    perte_seconds: int = 8
