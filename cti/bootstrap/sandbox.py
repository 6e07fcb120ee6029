"""A site of our own: the shipped configuration with sandbox ports, folders, phones and secrets, written as a config folder.

A sandbox site is an ordinary site: ``cti run --config SITE/config``, ``cti calls --config SITE/config`` and the PBX itself
all read the same files, so nothing that the demo or the tests show is special to them.
"""

import json
import secrets
import socket
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import tomli_w

from cti.ami.dialplan.render import write
from cti.sandbox import verbs
from cti.sandbox.host.free import free_port, free_range
from cti.sandbox.install import Install
from cti.sandbox.machine import MachineSettings
from cti.sandbox.people.staff import Phone
from cti.settings import FILES, load

#: Taken as they are shipped; the people are the sandbox's own.
_FILES = tuple(name for name in FILES if name not in {"cti", "pbx", "agents"})


@dataclass(frozen=True, slots=True)
class Ports:
    """Where everything of one site listens, on the loopback address."""

    sip: int
    ami: int
    agi: int
    pbx_http: int
    web: int
    rtp_first: int
    rtp_last: int


@dataclass(frozen=True, slots=True)
class Site:
    """One sandbox site on disk."""

    folder: Path
    ports: Ports
    phones: tuple[Phone, ...] = ()
    changes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def config(self) -> Path:
        """The TOML files."""
        return self.folder / "config"

    @property
    def pbx(self) -> Path:
        """Asterisk's run folder."""
        return self.folder / "pbx"

    @property
    def telephony(self) -> Path:
        """What is rendered for Asterisk."""
        return self.folder / "telephony"

    @property
    def var(self) -> Path:
        """What the service writes."""
        return self.folder / "var"

    @property
    def recordings(self) -> Path:
        """Where the voice is written."""
        return self.folder / "voix"

    @property
    def web(self) -> str:
        """Address of the service."""
        return f"http://127.0.0.1:{self.ports.web}"


def free_ports(rtp_ports: int = 800) -> Ports:
    """Ports that are free now, TCP or UDP as each needs; the RTP range is checked at both ends and in the middle."""
    sip, first = free_port(socket.SOCK_DGRAM), free_range(rtp_ports)
    tcp = [free_port() for _ in range(4)]
    ami, agi, pbx_http, web = tcp
    return Ports(sip, ami, agi, pbx_http, web, rtp_first=first, rtp_last=first + rtp_ports - 1)


def make_site(
    shipped: Path,
    folder: Path,
    phones: Sequence[Phone],
    ports: Ports | None = None,
    changes: Mapping[str, Mapping[str, Any]] | None = None,
) -> Site:
    """Write the configuration of a sandbox site.

    Args:
        shipped: the configuration to start from.
        folder: where the site lives.
        phones: the simulated people; they replace those of the shipped ``agents.toml``.
        ports: where to listen; free ones by default.
        changes: further values, ``{"filieres": {...}}``, merged block by block into the file of that name.

    Raises:
        ConfigError: the shipped configuration is faulty.
    """
    site = Site(folder.absolute(), ports or free_ports(), tuple(phones), changes or {})
    for path in (site.config, site.var, site.recordings, site.folder / "secours"):
        path.mkdir(parents=True, exist_ok=True)
    tables: dict[str, dict[str, Any]] = {
        name: tomllib.loads((shipped / f"{name}.toml").read_text(encoding="utf-8")) for name in (*_FILES, "pbx", "cti")
    }
    tables["agents"] = {"agents": {p.endpoint: _agent(p) for p in phones}}
    _merge(tables, _own(site))
    _merge(tables, site.changes)
    for name, table in tables.items():
        (site.config / f"{name}.toml").write_text(tomli_w.dumps(table), encoding="utf-8")
    (site.folder / "ports.json").write_text(json.dumps(asdict(site.ports)), encoding="utf-8")
    load(site.config, {})
    return site


def browser_posts(count: int) -> dict[str, dict[str, Any]]:
    """So many posts in a browser (``web01``...), free, and as many people to take them: changes for `make_site`.

    Their WebSocket is on the loopback address; their voice is not: Asterisk offers no address of 127.0.0.0/8 to ICE
    (`cti.sandbox.host.address`).
    """
    ranks = range(1, count + 1)
    posts = {f"web{n:02d}": {"nom": f"Poste web {n}", "fixe": False, "webrtc": True, "poste": f"19{n:02d}"} for n in ranks}
    people = {
        f"personne{n:02d}": {"nom": f"Personne {n}", "role": "arm_n1", "filieres": ["n1", "amu"], "numero": f"9{n:02d}"}
        for n in ranks
    }
    return {"agents": {"agents": posts, "personnes": people}} if count else {}


def _agent(phone: Phone) -> dict[str, Any]:
    return {"nom": phone.nom, "role": phone.role, "filieres": list(phone.filieres), "contact": phone.contact}


def _own(site: Site) -> dict[str, dict[str, Any]]:
    ports = site.ports
    return {
        "pbx": {
            "pbx": {
                "sip_bind": "127.0.0.1",
                "sip_port": ports.sip,
                "http_bind": "127.0.0.1",
                "http_port": ports.pbx_http,
                "agi_port": ports.agi,
                "recordings_dir": str(site.recordings),
                "spool_dir": str(site.folder / "secours"),
                "qualify_seconds": 0,
            },
            "ami": {
                "port": ports.ami,
                "events_secret": secrets.token_hex(16),
                "actions_secret": secrets.token_hex(16),
            },
            "trunks": {"operateur": {"match": ["127.0.0.1"], "codecs": ["alaw"], "contact": None}},
            "sortie": None,  # nobody is there to be called, unless the site is told of somebody
        },
        "recording": {"racine": str(site.recordings)},
        "cti": {
            "service": {"var": str(site.var)},
            "http": {"port": ports.web},
            "pbx": {"cel": str(site.pbx / "log" / "cel-custom" / "cti-cel.csv")},
        },
    }


def _merge(into: dict[str, Any], changes: Mapping[str, Any]) -> None:
    """Merge tables into tables; None removes a key."""
    for key, value in changes.items():
        if value is None:
            into.pop(key, None)
        elif isinstance(value, Mapping):
            _merge(into.setdefault(key, {}), value)
        else:
            into[key] = value


def open_site(folder: Path) -> Site:
    """A site written before, found again by its own configuration.

    Raises:
        OSError, ConfigError: there is none, or it was damaged.
    """
    folder = folder.absolute()
    settings = load(folder / "config", {})
    kept = json.loads((folder / "ports.json").read_text(encoding="utf-8"))
    ports = Ports(**kept)
    phones = tuple(
        Phone(a.endpoint, a.nom, str(settings.roster.find(a.endpoint).role), a.filieres, a.contact or "")
        for a in settings.pbx.agents
    )
    return Site(folder, ports, phones)


def render_site(site: Site, hand_written: Path) -> Path:
    """Render the PBX side of the site; returns the folder."""
    write(load(site.config, {}).pbx, site.telephony, hand_written)
    return site.telephony


def machine(site: Site) -> MachineSettings:
    """The machine side of the site's Asterisk."""
    return MachineSettings(rtp_ports=(site.ports.rtp_first, site.ports.rtp_last), agi_dir=site.telephony / "agi-bin")


async def start_sandbox(site: Site, hand_written: Path, install: Install) -> verbs.State:
    """``cti pbx up``: an Asterisk that outlives this process."""
    return await verbs.up(install, render_site(site, hand_written), site.pbx, machine(site))
