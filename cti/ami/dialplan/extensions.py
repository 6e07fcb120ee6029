"""The generated parts of the dialplan: globals, incoming numbers, filières, transfers, what phones may dial."""

from collections.abc import Iterator
from dataclasses import replace

from cti.ami.dialplan.sortie import sortie_conf
from cti.ami.dialplan.spec import FLUX_INCONNU, FLUX_POSTE, AgentSpec, FiliereSpec, FluxSpec, PbxSpec

#: A P0 is asked until somebody comes or the ARM gives up: longer than any call.
ATTENTE_P0_SECONDS = 14_400


def globals_conf(spec: PbxSpec) -> str:
    """Everything that depends on the machine, so that the hand-written dialplan does not."""
    values = {
        "SAS_AGI": f"{spec.agi_host}:{spec.agi_port}",
        "SAS_PATIENCE": f"{spec.patience_seconds:g}",
        "SAS_PATIENCE_SPOOL": f"{spec.spool_patience_seconds:g}",
        "SAS_REPOS": spec.repos_seconds,
        "SAS_MUET_JUSQUA": 0,
        "SAS_TOURS": spec.tours_max,
        "SAS_SECOURS": spec.secours,
        "SAS_RECOURS": spec.dernier_recours,
        "SAS_SCRIPT": spec.agi_script,
        "SAS_SPOOL": spec.spool_dir,
        "SAS_ENREGISTREMENTS": spec.recordings_dir,
        "SAS_LANGUE": spec.langue,
        # A hyphen on each side of a code: `-mru-mrg-` holds `-mrg-`, and not `-mr-`.
        "SAS_COMMUNES": f"-{'-'.join(spec.communes)}-",
        "SAS_P0": next((filiere.code for filiere in spec.filieres if filiere.p0), ""),
        "SAS_PRIO_P0": spec.priorite_p0,
        "SAS_ATTENTE_P0": ATTENTE_P0_SECONDS,
        "SAS_SONNERIE_INVITE": spec.sonnerie_invite_seconds,
        # For what only the second of two substitutions may open (sas-acces).
        "SAS_DOLLAR": "$",
    }
    if spec.sortie is not None:
        values |= {
            "SAS_TRUNK": spec.sortie.trunk,
            "SAS_PRESENTE": spec.sortie.numero_presente,
            "SAS_SONNERIE": spec.sortie.sonnerie_seconds,
        }
    return "[globals]\n" + "".join(f"{name} = {value}\n" for name, value in values.items())


def written_forms(did: str) -> tuple[str, ...]:
    """The ways in which an operator may write a number: as declared, and for a French number national and +33.

    Short numbers arrive bare from some networks and as +3315 from others (IMS writes every number in E.164).
    """
    if did.startswith("+33"):
        national = did[3:]
    elif did.startswith("0") and len(did) == 10:
        national = did[1:]
    elif did.isdigit() and (len(did) <= 3 or did.startswith("116")):
        return did, f"+33{did}"
    else:
        return (did,)
    bare = national if len(national) < 9 else f"0{national}"
    return tuple(dict.fromkeys((did, bare, f"+33{national}", f"33{national}", f"0033{national}")))


def flux_conf(spec: PbxSpec) -> str:
    """`sas-entree`: one extension per number. `sas-flux`: one per incoming line."""
    lines = ["[sas-entree]"]
    taken = {did for flux in spec.flux for did in flux.dids}
    for flux in spec.flux:
        for did in flux.dids:
            # A form that another line declares as its own number belongs to that line.
            for form in (did, *(form for form in written_forms(did) if form not in taken)):
                taken.add(form)
                lines += [f"exten => {form},1,Set(SAS_DID={did})", f" same => n,Goto(sas-flux,{flux.code},1)"]
    lines += ["include => sas-entree-inconnue", "", "[sas-flux]"]
    for flux in _with_unknown(spec.flux):
        lines += _flux(flux)
    return "\n".join(lines) + "\n"


def _with_unknown(flux: tuple[FluxSpec, ...]) -> Iterator[FluxSpec]:
    """All lines, plus the one for numbers that nobody declared: treated as the public's first line."""
    yield from flux
    if all(one.code != FLUX_INCONNU for one in flux):
        first = next((one for one in flux if one.public and not one.test), FluxSpec(FLUX_INCONNU))
        yield replace(first, code=FLUX_INCONNU, dids=())


def _flux(flux: FluxSpec) -> list[str]:
    return [
        f"exten => {flux.code},1,Set(SAS_FLUX={flux.code})",
        f" same => n,Set(SAS_PUBLIC={flux.public:d})",
        f" same => n,Set(SAS_TEST={flux.test:d})",
        f" same => n,Set(SAS_PRIO={flux.priorite})",
        f" same => n,Set(SAS_ACCUEIL={flux.accueil or ''})",
        *([f" same => n,Set(SAS_ACCUEIL_CRISE={flux.accueil_crise})"] if flux.accueil_crise else []),
        " same => n,Set(SAS_VERS=)",
        " same => n,Goto(sas-arrivee,s,1)",
    ]


def filieres_conf(spec: PbxSpec) -> str:
    """`sas-filieres`, `sas-transferts` and `sas-postes`."""
    queues = [line for filiere in spec.filieres for line in _filiere(filiere)]
    transfers = [line for filiere in spec.filieres for line in _transfer(filiere)]
    phones = [line for filiere in spec.filieres for line in _consultation(filiere)]
    posts = [line for agent in spec.agents if agent.poste for line in _post(agent, agent.poste)]
    lines = [
        "[sas-filieres]",
        *queues,
        "",
        "[sas-transferts]",
        *transfers,
        "include => sas-transferts-inconnu",
        "",
        "; What a phone of the room may dial: filières, other phones, and what goes out.",
        "[sas-postes]",
        *phones,
        *posts,
        "include => sas-codes",
        *(["include => sas-composer"] if spec.sortie is not None else []),
        *sortie_conf(spec),
    ]
    return "\n".join(lines) + "\n"


def _filiere(filiere: FiliereSpec) -> list[str]:
    return [
        f"; {filiere.libelle}",
        f"exten => {filiere.code},1,Set(SAS_VENANT=${{SAS_FILIERE}})",
        f" same => n,Set(SAS_FILIERE={filiere.code})",
        f" same => n,Set(SAS_QUEUE={filiere.queue})",
        f" same => n,Set(SAS_ATTENTE_FILIERE={filiere.attente_max_seconds})",
        f" same => n,Set(SAS_ATTENTE_CRISE={filiere.attente_crise_seconds or ''})",
        f" same => n,Set(SAS_PRIO_FILIERE={filiere.priorite})",
        f" same => n,Set(SAS_DEBORDEMENT={filiere.debordement or ''})",
        " same => n,Goto(sas-file,s,1)",
    ]


def _transfer(filiere: FiliereSpec) -> list[str]:
    return [
        f"exten => {filiere.code},1,Set(SAS_CIBLE={filiere.code})",
        " same => n,Set(ROUTE_MOTIF=transfert)",
        " same => n,Goto(sas-passage,s,1)",
        f"exten => {filiere.numero},1,Goto({filiere.code},1)",
    ]


def _consultation(filiere: FiliereSpec) -> list[str]:
    return [
        f"exten => {filiere.numero},1,Set(SAS_DID={filiere.numero})",
        f" same => n,Set(SAS_FLUX={FLUX_POSTE})",
        " same => n,Set(SAS_PUBLIC=0)",
        " same => n,Set(SAS_TEST=0)",
        " same => n,Set(SAS_PRIO=0)",
        " same => n,Set(SAS_ACCUEIL=)",
        *_AS_SECOND_LINE,
        f" same => n,Set(SAS_VERS={filiere.code})",
        " same => n,Goto(sas-arrivee,s,1)",
    ]


#: A phone that dials may have a caller on its other line: if it joins the two, its hang-up says so (`sas-jonction`).
_AS_SECOND_LINE = (
    " same => n,Set(SAS_LIGNE=${CHANNEL(name)})",
    " same => n,Set(CHANNEL(hangup_handler_push)=sas-jonction,ligne,1)",
)


def _post(agent: AgentSpec, poste: str) -> list[str]:
    """A caller who has taken the place of a line that rings here is never hung up on: he goes back to his filière."""
    return [
        f"exten => {poste},1,Set(__SAS_CANAL=${{CHANNEL(name)}})",
        *_AS_SECOND_LINE,
        f" same => n,Set(SAS_APPELE=PJSIP/{agent.endpoint})",
        " same => n,Gosub(sas-voix-poste,s,1)",
        # Only where there is something to record: CEL then tells that it must have been.
        f' same => n,Dial(PJSIP/{agent.endpoint},30,${{IF($["${{SAS_VOIX_LIGNE}}" = ""]?:U(sas-voix-ligne))}})',
        ' same => n,GotoIf($["${SAS_LIGNE}" != "${CHANNEL(name)}"]?sas-jonction,repris,1)',
        " same => n,Hangup()",
    ]
