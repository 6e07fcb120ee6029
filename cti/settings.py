"""The site's settings: config/*.toml and the environment, read once, into one frozen object per room.

Each room reads and checks its own table; here they are found, parsed and put together, and whatever is wrong is said all at once,
with file, block and field. Environment variables (``CTI_...``) win over files, because secrets belong there.
"""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cti.agents.roster import Roster
from cti.ami.dialplan.config import pbx_spec
from cti.ami.dialplan.spec import PbxSpec
from cti.dossier import settings as dossier_settings
from cti.qos import profiles as qos_profiles
from cti.recording import policy as recording_policy
from cti.routing.plan import RoutingRules
from cti.routing.rules import Source, read_rules

T = TypeVar("T")


class ConfigError(ValueError):
    """The configuration cannot be used; one line per fault, each naming file, block and field."""


class _Block(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ServiceSettings(_Block):
    """Where the service keeps its own things."""

    #: Civil time zone of the département: hours of filières, days of dossiers, months of figures.
    zone: str = "Europe/Paris"
    #: Folder of the database, the raw journal and whatever else the service writes.
    var: Path = Path("var")
    #: ``sqlite:///...`` or ``postgresql://...``; empty means SQLite in ``var``.
    database_url: str = ""


class HttpSettings(_Block):
    """The web side."""

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    #: Names under which browsers reach us; another Host header is refused (DNS rebinding).
    allowed_hosts: tuple[str, ...] = ("127.0.0.1", "localhost", "[::1]")
    #: When set, every /api route asks for it. Needed as soon as ``host`` is not a loopback address.
    token: str = Field(default="", repr=False)


class PbxLink(_Block):
    """How we reach the PBX (its own side is in pbx.toml)."""

    host: str = "127.0.0.1"
    #: The CEL file that Asterisk writes (``<astlogdir>/cel-custom/cti-cel.csv``).
    cel: Path = Path("/var/log/asterisk/cel-custom/cti-cel.csv")
    #: Folder of the recordings as this service sees it; empty means as the PBX does.
    recordings: str = ""
    #: How far back a first start reads CEL.
    history_hours: int = Field(default=24, ge=0, le=24 * 31)


class JournalFile(_Block):
    """The raw journal of frames."""

    rotate_mib: int = Field(default=64, ge=1)
    rotate_hours: int = Field(default=24, ge=1)
    keep_days: int = Field(default=30, ge=1)


class QosFile(_Block):
    """Which profile of ``qos.toml`` is meant when nobody says."""

    default_profile: str = "sas_public"
    #: The board shows the whole day, whatever the hour.
    board_profile: str = "public_24h"


class CtiFile(_Block):
    """``cti.toml``."""

    service: ServiceSettings = ServiceSettings()
    http: HttpSettings = HttpSettings()
    pbx: PbxLink = PbxLink()
    journal: JournalFile = JournalFile()
    qos: QosFile = QosFile()


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that a site decides."""

    folder: Path
    cti: CtiFile
    pbx: PbxSpec
    routing: RoutingRules
    roster: Roster
    qos: qos_profiles.Regulation
    dossier: dossier_settings.DossierSettings
    recording: recording_policy.RecordingSettings

    @property
    def zone(self) -> ZoneInfo:
        """Civil time of the site."""
        return ZoneInfo(self.cti.service.zone)

    @property
    def database_url(self) -> str:
        """The store, SQLite in the service's folder unless said otherwise."""
        return self.cti.service.database_url or f"sqlite:///{self.cti.service.var / 'cti.db'}"


def load(folder: Path, environ: Mapping[str, str]) -> Settings:
    """Read every file of the folder.

    Raises:
        ConfigError: whatever is wrong, all at once.
    """
    faults: list[str] = []
    names = ("cti", "pbx", "agents", "filieres", "flux", "horaires", "qos", "dossier", "recording")
    tables = {name: _parse(folder / f"{name}.toml", faults) for name in names}
    if faults:
        raise ConfigError("\n".join(faults))
    _override(tables, environ)
    file = {name: f"{name}.toml" for name in names}

    def attempt(read: Callable[[], T]) -> T | None:
        try:
            return read()
        except ValidationError as trouble:
            faults.extend(_explain("cti.toml", trouble))
        except ValueError as trouble:
            faults.extend(str(trouble).splitlines())
        return None

    cti = attempt(lambda: CtiFile.model_validate(tables["cti"]))
    pbx = attempt(
        lambda: pbx_spec(*(tables[n] for n in ("pbx", "agents", "filieres", "flux"))),
    )
    routing = attempt(lambda: read_rules(*(Source(file[n], tables[n]) for n in ("filieres", "flux", "horaires"))))
    roster = attempt(lambda: Roster.from_mapping(tables["agents"], file["agents"]))
    qos = attempt(lambda: qos_profiles.from_mapping(tables["qos"], file["qos"]))
    dossier = attempt(lambda: dossier_settings.from_mapping(tables["dossier"], file["dossier"]))
    recording = attempt(lambda: recording_policy.from_mapping(tables["recording"], file["recording"]))
    if cti is not None and qos is not None:
        for field in ("default_profile", "board_profile"):
            code = getattr(cti.qos, field)
            if code not in qos.profiles:
                faults.append(f"cti.toml: [qos] {field}: no profile {code!r} in qos.toml ({', '.join(qos.profiles)})")
    if (
        faults
        or cti is None
        or pbx is None
        or routing is None
        or roster is None
        or qos is None
        or dossier is None
        or recording is None
    ):
        raise ConfigError("\n".join(dict.fromkeys(faults)))
    return Settings(folder, cti, pbx, routing, roster, qos, dossier, recording)


def with_pbx(settings: Settings, **changes: Any) -> Settings:
    """The same site with another PBX side: what the sandbox does to its ports and folders."""
    return replace(settings, pbx=replace(settings.pbx, **changes))


def _parse(path: Path, faults: list[str]) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        faults.append(f"{path.name}: no such file in {path.parent}")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as trouble:
        faults.append(f"{path.name}: {trouble}")
    return {}


#: Environment variable -> (file, block, field).
ENVIRONMENT: Mapping[str, tuple[str, str, str]] = {
    "CTI_DATABASE_URL": ("cti", "service", "database_url"),
    "CTI_VAR": ("cti", "service", "var"),
    "CTI_HTTP_HOST": ("cti", "http", "host"),
    "CTI_HTTP_PORT": ("cti", "http", "port"),
    "CTI_HTTP_TOKEN": ("cti", "http", "token"),
    "CTI_AMI_EVENTS_SECRET": ("pbx", "ami", "events_secret"),
    "CTI_AMI_ACTIONS_SECRET": ("pbx", "ami", "actions_secret"),
}


def _override(tables: dict[str, dict[str, Any]], environ: Mapping[str, str]) -> None:
    for variable, (file, block, field) in ENVIRONMENT.items():
        if variable in environ:
            tables[file].setdefault(block, {})[field] = environ[variable]


def _explain(file: str, trouble: ValidationError) -> list[str]:
    lines = []
    for fault in trouble.errors():
        block, *rest = (str(part) for part in fault["loc"])
        field = ".".join(rest) or "(block)"
        lines.append(f"{file}: [{block}] {field}: {fault['msg']} (found {fault['input']!r})")
    return lines
