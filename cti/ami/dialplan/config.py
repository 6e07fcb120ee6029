"""From the site's TOML tables to what the renderer needs: five files in, one `PbxSpec` out. Pure.

`filieres.toml`, `flux.toml` and `crise.toml` hold much that only routing reads: those fields are left alone here.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar, cast

from cti.ami.dialplan.spec import (
    AgentSpec,
    AmiSpec,
    DialplanSpecError,
    EffecteurSpec,
    FiliereSpec,
    FluxSpec,
    PbxSpec,
    PersonSpec,
    SortieSpec,
    TlsSpec,
    TrunkSpec,
)

Table = Mapping[str, object]
_T = TypeVar("_T")
#: Fields whose value no message shows.
_SECRET = frozenset({"events_secret", "actions_secret", "password"})
#: The reasons of a pause, when the site says none (``cti.agents.people`` has the same).
DEFAULT_MOTIFS = ("repas", "administratif", "formation", "autre")
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
    "qualify_navigateur_seconds",
    "sonde_seconds",
    "agi_script",
    "perte_seconds",
)


def pbx_spec(
    pbx: Table, agents: Table, filieres: Table, flux: Table, crise: Table | None = None, effecteurs: Table | None = None
) -> PbxSpec:
    """The PBX that these files describe, parsed: pbx, agents, filieres, flux, crise, effecteurs.

    Raises:
        DialplanSpecError: fields are missing or of another kind; one line each, which names file, block and field.
    """
    wrong: list[str] = []
    spec = _read(wrong, pbx, agents, filieres, flux, crise or {}, effecteurs or {})
    if wrong:
        raise DialplanSpecError("\n".join(dict.fromkeys(wrong)))
    return spec


def _read(wrong: list[str], pbx: Table, agents: Table, filieres: Table, flux: Table, crise: Table, effecteurs: Table) -> PbxSpec:
    """What the tables say; what is wrong is noted and replaced, so that the reading goes on to the next fault."""
    machine = _Block(wrong, "pbx.toml", "pbx", pbx.get("pbx", {}))
    machine.only(_PBX_FIELDS)
    defaults = PbxSpec((), (), (), (), AmiSpec("", ""), "", "")
    chosen: dict[str, Any] = {
        name: _chosen(machine, name, getattr(defaults, name)) for name in machine.table if name in _PBX_FIELDS
    }
    top = _Block(wrong, "filieres.toml", "(top)", filieres)
    secours = top.get("secours", "")
    crisis = _Crise(wrong, crise)
    outside = _Block(wrong, "effecteurs.toml", "(top)", effecteurs)
    outside.only(("trunk", "sonnerie_seconds", "numero_libre", "effecteurs"))
    ranks = _Block(wrong, "filieres.toml", "priorites", filieres.get("priorites", {}))
    return PbxSpec(
        filieres=tuple(crisis.filiere(_filiere(block)) for block in _blocks(wrong, "filieres.toml", "filieres", filieres)),
        flux=tuple(crisis.flux(_flux(block)) for block in _blocks(wrong, "flux.toml", "flux", flux)),
        agents=tuple(_agent(block) for block in _blocks(wrong, "agents.toml", "agents", agents)),
        trunks=tuple(_trunk(block) for block in _blocks(wrong, "pbx.toml", "trunks", pbx)),
        ami=_ami(_Block(wrong, "pbx.toml", "ami", pbx.get("ami", {}))),
        secours=secours,
        dernier_recours=secours,
        sortie=_sortie(wrong, pbx),
        tls=_tls(wrong, pbx),
        tours_max=top.get("debordements_max", defaults.tours_max),
        communes=crisis.communes,
        personnes=_persons(wrong, agents),
        motifs=_Block(wrong, "agents.toml", "pauses", agents.get("pauses", {})).texts("motifs", DEFAULT_MOTIFS),
        priorite_p0=ranks.get("P0", defaults.priorite_p0),
        effecteurs=tuple(_effecteur(block) for block in _blocks(wrong, "effecteurs.toml", "effecteurs", effecteurs)),
        trunk_sortant=outside.optional("trunk"),
        sonnerie_invite_seconds=outside.get("sonnerie_seconds", defaults.sonnerie_invite_seconds),
        numero_libre=outside.get("numero_libre", defaults.numero_libre),
        **chosen,
    )


def _chosen(machine: "_Block", name: str, default: object) -> object:
    """A field of `[pbx]`, checked against the kind of its default; where the default is nothing, a text."""
    return machine.need(name) if default is None else machine.get(name, default)


class _Crise:
    """What the PBX itself does in a crisis: another greeting, and other waits."""

    def __init__(self, wrong: list[str], table: Table) -> None:
        self._accueil = _Block(wrong, "crise.toml", "(top)", table).get("accueil", "") or None
        self._accueils = _Block(wrong, "crise.toml", "accueils", table.get("accueils", {}))
        self._attentes = _Block(wrong, "crise.toml", "attentes", table.get("attentes", {}))
        repartition = _Block(wrong, "crise.toml", "repartition", table.get("repartition", {}))
        groups: list[object] = repartition.get("mutualisees", [])
        self.communes = tuple(code for group in groups if isinstance(group, list) for code in group if isinstance(code, str))

    def filiere(self, filiere: FiliereSpec) -> FiliereSpec:
        """With its wait in a crisis."""
        if filiere.code not in self._attentes.table:
            return filiere
        return replace(filiere, attente_crise_seconds=self._attentes.get(filiere.code, 0))

    def flux(self, flux: FluxSpec) -> FluxSpec:
        """With its greeting in a crisis: a line without a greeting has none then either, unless it is given its own."""
        general = self._accueil if flux.accueil is not None else None
        return replace(flux, accueil_crise=self._accueils.optional(flux.code) or general)


class _Block:
    """One TOML table; a value of another kind than its default is a fault, noted in `wrong`, and the default is taken."""

    def __init__(self, wrong: list[str], file: str, name: str, table: object) -> None:
        self.file, self.name = file, name
        self.table: Table = table if isinstance(table, Mapping) else {}
        self._wrong = wrong
        #: Not a table: what is missing in it is no fault of its own.
        self._sound = isinstance(table, Mapping)
        if not self._sound:
            wrong.append(f"{file}: [{name}]: a table is expected")

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
            self._fault(name, f"{_shown(name, value)} is not of kind {kind.__name__}")
            return default
        return cast("_T", value)

    def need(self, name: str) -> str:
        """A text that must be there."""
        if name not in self.table and self._sound:
            self._fault(name, "missing")
        return self.get(name, "")

    def texts(self, name: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """A list of texts."""
        values = self.get(name, list(default))
        if not all(isinstance(value, str) for value in values):
            self._fault(name, "a list of texts is expected")
            return default
        return tuple(values)

    def optional(self, name: str) -> str | None:
        """A text, or nothing."""
        return self.need(name) if name in self.table else None

    def only(self, names: tuple[str, ...]) -> None:
        """Refuse a field that nobody reads: most often a spelling mistake."""
        for name in self.table:
            if name not in names:
                self._fault(name, "unknown field")

    def _fault(self, name: str, message: str) -> None:
        self._wrong.append(f"{self.file}: [{self.name}] {name}: {message}")


def _shown(name: str, value: object) -> str:
    """The value as a message may show it."""
    return "the value" if name in _SECRET else repr(value)


def _blocks(wrong: list[str], file: str, name: str, table: Table) -> list[_Block]:
    inside = _Block(wrong, file, name, table.get(name, {})).table
    return [_Block(wrong, file, f"{name}.{code}", block) for code, block in inside.items()]


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
        p0=block.get("p0", False),
    )


def _effecteur(block: _Block) -> EffecteurSpec:
    block.only(("libelle", "numero", "touche"))
    return EffecteurSpec(block.code, block.need("libelle"), block.need("numero"), block.optional("touche"))


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
        distant=block.get("distant", False),
        reseaux=block.texts("reseaux"),
        fixe=block.get("fixe", True),
    )


def _persons(wrong: list[str], agents: Table) -> tuple[PersonSpec, ...]:
    """Those who may take a post from a phone: the others have no number to dial."""
    blocks = _blocks(wrong, "agents.toml", "personnes", agents)
    return tuple(
        PersonSpec(block.code, block.need("nom"), block.texts("filieres"), block.need("numero"), block.get("code_sha1", ""))
        for block in blocks
        if block.get("numero", "")
    )


def _trunk(block: _Block) -> TrunkSpec:
    block.only(("match", "contact", "codecs"))
    return TrunkSpec(block.code, block.texts("match"), block.optional("contact"), block.texts("codecs", ("alaw", "ulaw")))


def _sortie(wrong: list[str], pbx: Table) -> SortieSpec | None:
    if "sortie" not in pbx:
        return None
    block = _Block(wrong, "pbx.toml", "sortie", pbx["sortie"])
    block.only(("trunk", "numero_presente", "prefixe", "formes", "courts", "sonnerie_seconds", "decroche_auto"))
    return SortieSpec(
        trunk=block.need("trunk"),
        numero_presente=block.need("numero_presente"),
        prefixe=block.get("prefixe", ""),
        formes=block.texts("formes"),
        courts=block.texts("courts"),
        sonnerie_seconds=block.get("sonnerie_seconds", 60),
        decroche_auto=block.get("decroche_auto", False),
    )


def _tls(wrong: list[str], pbx: Table) -> TlsSpec | None:
    if "tls" not in pbx:
        return None
    block = _Block(wrong, "pbx.toml", "tls", pbx["tls"])
    block.only(("certificat", "cle", "bind", "ws_port", "sip_port"))
    usual = TlsSpec("", "")
    return TlsSpec(
        certificat=block.need("certificat"),
        cle=block.need("cle"),
        bind=block.get("bind", usual.bind),
        ws_port=block.get("ws_port", usual.ws_port),
        sip_port=block.get("sip_port", usual.sip_port),
    )


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
