"""What the site tells the PBX: filières, incoming lines, people's phones, trunks, and where the service listens.

These are the renderer's own words: `bootstrap` fills them from `config/` (see `config.pbx_spec`).
"""

from dataclasses import dataclass, field
from typing import Final

#: Flux of a number that nobody declared; the hand-written dialplan sends there whatever it does not know.
FLUX_INCONNU: Final = "INCONNU"
#: Flux of a call from a phone of the room.
FLUX_POSTE: Final = "POSTE"


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

    @property
    def queue(self) -> str:
        """The queue's name in Asterisk."""
        return f"sas-{self.code}"

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
    webrtc: bool = False


@dataclass(frozen=True, slots=True)
class TrunkSpec:
    """One operator's trunk, known by its addresses."""

    name: str
    match: tuple[str, ...]
    #: Where the trunk is asked whether it lives (OPTIONS); none means not asked.
    contact: str | None = None
    codecs: tuple[str, ...] = ("alaw", "ulaw")


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
    tours_max: int = 3
    qualify_seconds: int = 30
    langue: str = "fr"
    agi_script: str = "cti-secours"
    #: Interpreter of the fallback script; none leaves `/usr/bin/env python3`.
    agi_python: str | None = None
