"""From the site's TOML tables to what the renderer needs: four files in, one `PbxSpec` out. Pure.

`filieres.toml` and `flux.toml` hold much that only routing reads: those fields are left alone here.
"""

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from cti.ami.dialplan.spec import (
    AgentSpec,
    AmiSpec,
    DialplanSpecError,
    FiliereSpec,
    FluxSpec,
    PbxSpec,
    TrunkSpec,
)

Table = Mapping[str, object]
_T = TypeVar("_T")
_PBX_FIELDS = (
    "langue",
    "sip_bind",
    "sip_port",
    "http_bind",
    "http_port",
    "agi_host",
    "agi_port",
    "recordings_dir",
    "spool_dir",
    "patience_seconds",
    "spool_patience_seconds",
    "repos_seconds",
    "qualify_seconds",
    "agi_script",
    "agi_python",
)


def pbx_spec(pbx: Table, agents: Table, filieres: Table, flux: Table) -> PbxSpec:
    """The PBX that these four files describe (parsed `pbx.toml`, `agents.toml`, `filieres.toml`, `flux.toml`).

    Raises:
        DialplanSpecError: a field is missing or of another kind; the message names file, block and field.
    """
    machine = _Block("pbx.toml", "pbx", pbx.get("pbx", {}))
    machine.only(_PBX_FIELDS)
    defaults = PbxSpec((), (), (), (), AmiSpec("", ""), "", "")
    chosen: dict[str, Any] = {name: _chosen(machine, name, getattr(defaults, name)) for name in machine.table}
    top = _Block("filieres.toml", "(top)", filieres)
    secours = top.get("secours", "")
    return PbxSpec(
        filieres=tuple(_filiere(block) for block in _blocks("filieres.toml", "filieres", filieres)),
        flux=tuple(_flux(block) for block in _blocks("flux.toml", "flux", flux)),
        agents=tuple(_agent(block) for block in _blocks("agents.toml", "agents", agents)),
        trunks=tuple(_trunk(block) for block in _blocks("pbx.toml", "trunks", pbx)),
        ami=_ami(_Block("pbx.toml", "ami", pbx.get("ami", {}))),
        secours=secours,
        dernier_recours=secours,
        tours_max=top.get("debordements_max", defaults.tours_max),
        **chosen,
    )


def _chosen(machine: "_Block", name: str, default: object) -> object:
    """A field of `[pbx]`, checked against the kind of its default; where the default is nothing, a text."""
    return machine.need(name) if default is None else machine.get(name, default)


class _Block:
    """One TOML table; a value of another kind than its default is refused."""

    def __init__(self, file: str, name: str, table: object) -> None:
        if not isinstance(table, Mapping):
            raise DialplanSpecError(f"{file}: [{name}]: a table is expected")
        self.file, self.name = file, name
        self.table: Table = table

    @property
    def code(self) -> str:
        """The last word of the block's name: `arm01` of `agents.arm01`."""
        return self.name.rpartition(".")[2]

    def get(self, name: str, default: _T) -> _T:
        """The field, of the same kind as `default`."""
        value = self.table.get(name, default)
        kind: type = type(default)
        if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
            return cast("_T", float(value))
        if type(value) is not kind:
            raise DialplanSpecError(f"{self.file}: [{self.name}] {name}: {value!r} is not of kind {kind.__name__}")
        return cast("_T", value)

    def need(self, name: str) -> str:
        """A text that must be there."""
        if name not in self.table:
            raise DialplanSpecError(f"{self.file}: [{self.name}] {name}: missing")
        return self.get(name, "")

    def texts(self, name: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """A list of texts."""
        values = self.get(name, list(default))
        if not all(isinstance(value, str) for value in values):
            raise DialplanSpecError(f"{self.file}: [{self.name}] {name}: a list of texts is expected")
        return tuple(values)

    def optional(self, name: str) -> str | None:
        """A text, or nothing."""
        return self.need(name) if name in self.table else None

    def only(self, names: tuple[str, ...]) -> None:
        """Refuse a field that nobody reads: most often a spelling mistake."""
        for name in self.table:
            if name not in names:
                raise DialplanSpecError(f"{self.file}: [{self.name}] {name}: unknown field")


def _blocks(file: str, name: str, table: Table) -> list[_Block]:
    inside = _Block(file, name, table.get(name, {})).table
    return [_Block(file, f"{name}.{code}", block) for code, block in inside.items()]


def _filiere(block: _Block) -> FiliereSpec:
    return FiliereSpec(
        code=block.code,
        libelle=block.need("libelle"),
        numero=block.need("numero"),
        strategy=block.get("strategy", "rrmemory"),
        ring_seconds=block.get("ring_seconds", 15),
        retry_seconds=block.get("retry_seconds", 1),
        wrapup_seconds=block.get("wrapup_seconds", 0),
        attente_max_seconds=block.get("attente_max_seconds", 60),
        debordement=block.optional("debordement"),
        priorite=block.get("priorite_defaut", 0),
        weight=block.get("weight", 0),
    )


def _flux(block: _Block) -> FluxSpec:
    return FluxSpec(
        code=block.code,
        dids=block.texts("dids"),
        priorite=block.get("priorite", 0),
        public=block.get("public", False),
        test=block.get("test", False),
        accueil=block.optional("accueil"),
    )


def _agent(block: _Block) -> AgentSpec:
    return AgentSpec(
        endpoint=block.code,
        nom=block.need("nom"),
        filieres=block.texts("filieres"),
        poste=block.optional("poste"),
        contact=block.optional("contact"),
        password=block.optional("password"),
        webrtc=block.get("webrtc", False),
    )


def _trunk(block: _Block) -> TrunkSpec:
    block.only(("match", "contact", "codecs"))
    return TrunkSpec(block.code, block.texts("match"), block.optional("contact"), block.texts("codecs", ("alaw", "ulaw")))


def _ami(block: _Block) -> AmiSpec:
    block.only(("bind", "port", "permit", "events_login", "events_secret", "actions_login", "actions_secret"))
    return AmiSpec(
        events_secret=block.need("events_secret"),
        actions_secret=block.need("actions_secret"),
        bind=block.get("bind", "127.0.0.1"),
        port=block.get("port", 5038),
        permit=block.texts("permit", ("127.0.0.1/32",)),
        events_login=block.get("events_login", "cti-events"),
        actions_login=block.get("actions_login", "cti-actions"),
    )
