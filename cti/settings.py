"""The site's settings: config/*.toml and the environment, read once, into one frozen object per room.

Each room reads and checks its own table; here they are found, parsed and put together, and whatever is wrong is said all at once,
with file, block and field. Environment variables (``CTI_...``) win over files, because secrets belong there.
"""

import ipaddress
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from cti.access import routes as access_routes
from cti.access import table as access_table
from cti.agents.people import Staff, read_staff
from cti.agents.roster import Roster
from cti.ami.dialplan.config import pbx_spec
from cti.ami.dialplan.faults import faults as pbx_faults
from cti.ami.dialplan.spec import DialplanSpecError, PbxSpec
from cti.ami.telephone import TelephoneSettings
from cti.archive.keeping.settings import RetentionSettings
from cti.archive.settings import ArchiveSettings
from cti.callback import rules as callback_rules
from cti.dossier import settings as dossier_settings
from cti.qos import profiles as qos_profiles
from cti.recording import policy as recording_policy
from cti.routing.plan import RoutingRules
from cti.routing.rules import Source, read_rules

T = TypeVar("T")
#: A shorter token can be guessed; the api refuses it too.
TOKEN_LENGTH: Final = 16


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
    database_url: str = Field(default="", repr=False)

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise PydanticCustomError("zone", "no such time zone") from None
        return zone


class HttpSettings(_Block):
    """The web side."""

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    #: Names under which browsers reach us; another Host header is refused (DNS rebinding).
    allowed_hosts: tuple[str, ...] = ("127.0.0.1", "localhost", "[::1]")
    #: The address that people type, when a proxy in front of us ends TLS; https marks the cookie ``Secure``.
    public_url: str = ""
    #: What passes requests on to us (addresses or networks): only these are believed about for whom they ask (X-Forwarded-For).
    mandataires: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = ()
    #: When set, every /api route asks for it. Needed as soon as ``host`` is not a loopback address.
    token: str = Field(default="", repr=False, validate_default=True)

    @field_validator("token")
    @classmethod
    def _asked_for(cls, token: str, info: ValidationInfo) -> str:
        host = info.data.get("host", "")
        if not token and host and not _is_loopback(host):
            raise PydanticCustomError("token", "needed because others than this machine can reach the service (CTI_HTTP_TOKEN)")
        if token and len(token) < TOKEN_LENGTH:
            raise PydanticCustomError("token", "too short to guard anything: at least 16 characters (CTI_HTTP_TOKEN)")
        return token

    @field_validator("public_url")
    @classmethod
    def _an_address(cls, url: str) -> str:
        parts = urlsplit(url)
        plain = parts.scheme in ("http", "https") and parts.hostname and parts.path in ("", "/") and not parts.query
        if url and not plain:
            raise PydanticCustomError("public_url", "an address such as https://sas.example.fr is expected, without a path")
        return url

    @property
    def secure(self) -> bool:
        """Whether browsers reach us over TLS."""
        return self.public_url.startswith("https:")

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names under which browsers reach us."""
        name = urlsplit(self.public_url).hostname
        return (*self.allowed_hosts, name) if name else self.allowed_hosts


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


class PbxLink(_Block):
    """How we reach the PBX (its own side is in pbx.toml)."""

    host: str = "127.0.0.1"
    #: The CEL file that Asterisk writes (``<astlogdir>/cel-custom/cti-cel.csv``).
    cel: Path = Path("/var/log/asterisk/cel-custom/cti-cel.csv")
    #: Folder of the recordings as this service sees it; empty means as the PBX does.
    recordings: str = ""
    history_hours: int = Field(default=24, ge=0, le=24 * 31)  #: how far back a first start reads CEL


class JournalFile(_Block):
    """The raw journal of frames."""

    rotate_mib: int = Field(default=64, ge=1)
    rotate_hours: int = Field(default=24, ge=1)
    keep_days: int = Field(default=30, ge=1)


class QosFile(_Block):
    """Which profile of ``qos.toml`` is meant when nobody says."""

    default_profile: str = "sas_public"
    board_profile: str = "public_24h"  #: the board shows the whole day, whatever the hour


class CtiFile(_Block):
    """``cti.toml``."""

    service: ServiceSettings = ServiceSettings()
    http: HttpSettings = HttpSettings()
    pbx: PbxLink = PbxLink()
    journal: JournalFile = JournalFile()
    qos: QosFile = QosFile()
    telephone: TelephoneSettings = TelephoneSettings()


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that a site decides."""

    folder: Path
    cti: CtiFile
    pbx: PbxSpec
    routing: RoutingRules
    staff: Staff
    qos: qos_profiles.Regulation
    dossier: dossier_settings.DossierSettings
    recording: recording_policy.RecordingSettings
    callback: callback_rules.CallbackRules
    archive: ArchiveSettings
    retention: RetentionSettings
    access: access_table.AccessSettings
    routes: access_routes.RouteRights

    @property
    def roster(self) -> Roster:
        """The posts."""
        return self.staff.roster

    @property
    def zone(self) -> ZoneInfo:
        """Civil time of the site."""
        return ZoneInfo(self.cti.service.zone)

    @property
    def heads(self) -> Path:
        """Folder of the daily heads of the log of accesses; a relative one stands in the service's own."""
        return self.cti.service.var / self.access.heads

    @property
    def exports(self) -> Path:
        """Folder of the closed packages; a relative one stands in the service's own."""
        return self.cti.service.var / self.archive.exports.dossier

    @property
    def database_url(self) -> str:
        """The store, SQLite in the service's folder unless said otherwise."""
        return self.cti.service.database_url or f"sqlite:///{self.cti.service.var / 'cti.db'}"


#: Every file of the folder, without its ending.
FILES = (
    "cti", "pbx", "agents", "filieres", "flux", "horaires", "qos", "dossier", "recording", "rappels", "crise", "effecteurs",
    "archive", "retention", "acces", "droits",
)  # fmt: skip


def load(folder: Path, environ: Mapping[str, str]) -> Settings:
    """Read every file of the folder.

    Raises:
        ConfigError: whatever is wrong, all at once.
    """
    files = _Files(folder, environ)
    cti = files.read(CtiFile.model_validate, "cti")
    pbx = files.read(_sound_pbx, "pbx", "agents", "filieres", "flux", "crise", "effecteurs")
    routing = files.read(
        lambda *tables: read_rules(*(Source(f"{n}.toml", t) for n, t in zip(_ROUTING, tables, strict=True))), *_ROUTING
    )
    staff = files.read(lambda table: read_staff(table, "agents.toml"), "agents")
    qos = files.read(lambda table: qos_profiles.from_mapping(table, "qos.toml"), "qos")
    dossier = files.read(lambda table: dossier_settings.from_mapping(table, "dossier.toml"), "dossier")
    recording = files.read(lambda table: recording_policy.from_mapping(table, "recording.toml"), "recording")
    callbacks = files.read(_callbacks, "rappels", "filieres", "flux")
    archive = files.read(ArchiveSettings.model_validate, "archive")
    retention = files.read(RetentionSettings.model_validate, "retention")
    access = files.read(lambda table: access_table.from_mapping(table, "acces.toml"), "acces")
    routes = files.read(lambda table: access_routes.from_mapping(table, "droits.toml"), "droits")
    files.faults.extend(_disagreements(cti, pbx, routing, qos, recording, access))
    if cti is not None and qos is not None:
        for field in ("default_profile", "board_profile"):
            if (code := getattr(cti.qos, field)) not in qos.profiles:
                files.faults.append(f"cti.toml: [qos] {field}: no profile {code!r} in qos.toml ({', '.join(qos.profiles)})")
    if (
        files.faults
        or cti is None or pbx is None or routing is None or staff is None or qos is None or dossier is None
        or recording is None or callbacks is None or archive is None or retention is None or access is None or routes is None
    ):  # fmt: skip
        raise ConfigError("\n".join(dict.fromkeys(files.faults)))
    return Settings(folder, cti, pbx, routing, staff, qos, dossier, recording, callbacks, archive, retention, access, routes)


def _sound_pbx(*tables: Mapping[str, Any]) -> PbxSpec:
    """The PBX side, as `cti dialplan` could write it.

    Raises:
        DialplanSpecError: with every fault.
    """
    spec = pbx_spec(*tables)
    if found := pbx_faults(spec):
        raise DialplanSpecError("\n".join(_PBX_FILES.get(line[1:].partition(".")[0], "pbx.toml: ") + line for line in found))
    return spec


_PBX_FILES = {name: f"{name}.toml: " for name in ("filieres", "flux", "agents")}


def _disagreements(
    cti: CtiFile | None,
    pbx: PbxSpec | None,
    routing: RoutingRules | None,
    qos: qos_profiles.Regulation | None,
    recording: recording_policy.RecordingSettings | None,
    access: access_table.AccessSettings | None,
) -> Iterator[str]:
    """What is written in several files and must be the same; a file at fault itself is not compared."""
    if cti is not None:
        yield from cti.telephone.disagreements(cti.http.public_url)
        zone, in_qos = cti.service.zone, "qos.toml: [calendrier] zone"
        others = {"horaires.toml: zone": routing and routing.zone.key, in_qos: qos and qos.calendar.zone.key}
        for place, other in others.items():
            if other is not None and other != zone:
                yield f"{place}: {other!r}, but {zone!r} in cti.toml [service] zone: one site has one civil time"
    if cti is not None and access is not None and access.oidc.active and not cti.http.public_url:
        yield "acces.toml: [oidc] actif: cti.toml [http] public_url is needed: the provider sends people back to it"
    if cti is not None and pbx is not None and recording is not None:
        yield from _recording_folders(cti.pbx.recordings, pbx.recordings_dir, recording)


def _recording_folders(seen_here: str, seen_by_pbx: str, recording: recording_policy.RecordingSettings) -> Iterator[str]:
    here, there = PurePosixPath(seen_here or seen_by_pbx), PurePosixPath(seen_by_pbx)
    root, pbx_root = PurePosixPath(recording.root), PurePosixPath(recording.pbx_root or recording.root)
    if root != here:
        where = "cti.toml [pbx] recordings" if seen_here else "pbx.toml [pbx] recordings_dir (cti.toml [pbx] recordings is empty)"
        yield f"recording.toml: racine: {str(root)!r}, but {str(here)!r} in {where}: they name the same folder"
    if pbx_root != there:
        name = "racine_pbx" if recording.pbx_root else "racine_pbx (empty, so racine)"
        yield f"recording.toml: {name}: {str(pbx_root)!r}, but {str(there)!r} in pbx.toml [pbx] recordings_dir"


def remarks(settings: Settings) -> list[str]:
    """What is no fault and will surprise all the same, one French line each."""
    found = []
    if settings.dossier.external is not None:
        found.append(
            "dossier.toml : [externe] actif : rien n'est encore envoyé au logiciel de régulation d'un autre éditeur ; "
            "les dossiers ont nos propres numéros"
        )
    if settings.cti.http.public_url and not settings.cti.http.mandataires:
        found.append(
            "cti.toml : [http] public_url sans mandataires : derrière un mandataire, toutes les adresses sont la sienne, "
            "et personne n'est vu hors du site ; nommez-le dans mandataires"
        )
    found.extend(settings.archive.remarks())
    return found


def _callbacks(table: Mapping[str, Any], filieres: Mapping[str, Any], flux: Mapping[str, Any]) -> callback_rules.CallbackRules:
    """The call-back list, checked against the names that the other two files declare, sound or not."""
    declared = [file.get(name) for file, name in ((filieres, "filieres"), (flux, "flux"))]
    known = [names if isinstance(names, Mapping) else {} for names in declared]
    return callback_rules.from_mapping(table, "rappels.toml", *known)


_ROUTING = ("filieres", "flux", "horaires", "crise")


def with_pbx(settings: Settings, **changes: Any) -> Settings:
    """The same site with another PBX side: what the sandbox does to its ports and folders."""
    return replace(settings, pbx=replace(settings.pbx, **changes))


#: Environment variable -> (file, block, field).
ENVIRONMENT: Mapping[str, tuple[str, str, str]] = {
    "CTI_DATABASE_URL": ("cti", "service", "database_url"),
    "CTI_VAR": ("cti", "service", "var"),
    "CTI_HTTP_HOST": ("cti", "http", "host"),
    "CTI_HTTP_PORT": ("cti", "http", "port"),
    "CTI_HTTP_TOKEN": ("cti", "http", "token"),
    "CTI_TURN_SECRET": ("cti", "telephone", "turn_secret"),
    "CTI_ARCHIVE_IDENTITY": ("archive", "archive", "identite"),
    "CTI_ACCESS_KEY": ("acces", "jetons", "cle"),
    "CTI_OIDC_SECRET": ("acces", "oidc", "client_secret"),
    "CTI_AMI_EVENTS_SECRET": ("pbx", "ami", "events_secret"),
    "CTI_AMI_ACTIONS_SECRET": ("pbx", "ami", "actions_secret"),
}

#: The blocks of the files whose readers look at their own blocks only.
_BLOCKS: Mapping[str, frozenset[str]] = {
    "pbx": frozenset({"pbx", "ami", "trunks", "sortie", "tls"}),
    "agents": frozenset({"agents", "personnes", "pauses", "pret"}),
}


class _Files:
    """The tables of the folder, and what is wrong with them so far."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self.faults: list[str] = []
        self._environ = environ
        self._tables = {name: self._parse(folder / f"{name}.toml") for name in FILES}
        for variable, (file, block, field) in ENVIRONMENT.items():
            table = self._tables[file]
            if variable in environ and table is not None and isinstance(table.setdefault(block, {}), dict):
                table[block][field] = environ[variable]
        for file, known in _BLOCKS.items():
            unknown = [block for block in self._tables[file] or () if block not in known]
            self.faults.extend(f"{file}.toml: [{block}]: unknown block" for block in unknown)

    def read(self, reader: Callable[..., T], *names: str) -> T | None:
        """What a room makes of these files; None when one of them is missing or at fault, which has been noted."""
        tables = [table for name in names if (table := self._tables[name]) is not None]
        if len(tables) < len(names):
            return None
        try:
            return reader(*tables)
        except ValidationError as trouble:
            self.faults.extend(self._explain(names[0], trouble))
        except ValueError as trouble:
            self.faults.extend(str(trouble).splitlines())
        return None

    def _parse(self, path: Path) -> dict[str, Any] | None:
        try:
            return tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            self.faults.append(f"{path.name}: no such file in {path.parent}")
        except OSError as trouble:
            self.faults.append(f"{path.name}: {trouble.strerror}")
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as trouble:
            self.faults.append(f"{path.name}: {trouble}")
        return None

    def _explain(self, file: str, trouble: ValidationError) -> list[str]:
        lines = []
        for fault in trouble.errors():
            block, *rest = (str(part) for part in fault["loc"])
            field = ".".join(rest) or "(block)"
            found = "" if field in _SECRET else f" (found {fault['input']!r})"
            named = (variable for variable, place in ENVIRONMENT.items() if place == (file, block, field))
            origin = "".join(f", from {variable}" for variable in named if variable in self._environ)
            lines.append(f"{file}.toml: [{block}] {field}: {fault['msg']}{found}{origin}")
        return lines


#: Never shown, not even when they are wrong.
_SECRET = frozenset({"token", "database_url", "turn_secret"})
