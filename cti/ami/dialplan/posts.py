"""extensions_agents.conf: what a phone of the room dials to take a post, pause, come back and leave, without the service.

``*51`` and a person's number, ``*52`` to leave, ``*53`` and the digit of a reason (none: the first), ``*54`` to be back; ``*43``
to hear oneself. The steps themselves are hand-written (``sas-poste``, ``sas-telephone``); here is what depends on the site.
"""

from cti.ami.dialplan.browser import ECHO
from cti.ami.dialplan.spec import AgentSpec, PbxSpec, PersonSpec, retained_variable

PRISE, FIN, PAUSE, REPRISE = "*51", "*52", "*53", "*54"


def agents_conf(spec: PbxSpec) -> str:
    """The codes, who may be told apart by them, and the posts that are anybody's."""
    free = [agent for agent in spec.agents if not agent.fixe]
    lines = [
        "[sas-codes]",
        *(line for person in spec.personnes for line in _take(person)),
        f"exten => _{PRISE}!,1,Goto(sas-poste,refus,1)",
        f"exten => {FIN},1,Goto(sas-poste,fin,1)",
        *(line for code, motif in _reasons(spec) for line in _pause(code, motif)),
        f"exten => {REPRISE},1,Goto(sas-poste,reprise,1)",
        f"exten => {ECHO},1,Goto(sas-telephone,echo,1)",
        "",
        "; Posts that live in a browser.",
        "[sas-navigateurs]",
        "exten => aucun,1,Return()",
        *(f"exten => {agent.endpoint},1,Return()" for agent in spec.agents if agent.webrtc),
        "",
        "; Posts that whoever comes may take; the others have their members in queues.conf.",
        "[sas-postes-libres]",
        "exten => aucun,1,Return()",
        *(f"exten => {agent.endpoint},1,Return()" for agent in free),
        "",
        "; Each person into her queues.",
        "[sas-prendre]",
        "exten => personne,1,Return()",
        *(line for person in spec.personnes for line in _queues(person, spec)),
        "",
        "[sas-quitter]",
        "exten => s,1,Set(SAS_QUITTE=${SAS_POSTE})",
        *(f" same => n,RemoveQueueMember({queue},PJSIP/${{SAS_POSTE}})" for f in spec.filieres for queue in f.queues),
        " same => n,Return()",
        "",
        "; Wrap-ups that the service began and did not live to end.",
        "[sas-reveil]",
        "exten => s,1,Set(SAS_MAINTENANT=${EPOCH})",
        *(_wake(agent) for agent in spec.agents),
        " same => n,Return()",
    ]
    return "\n".join(lines) + "\n"


def _take(person: PersonSpec) -> list[str]:
    return [
        f"; {person.nom}",
        f"exten => {PRISE}{person.numero},1,Set(SAS_PERSONNE={person.personne})",
        f" same => n,Set(SAS_EMPREINTE={person.code_sha1})",
        f" same => n,Set(SAS_SERT={' '.join(person.filieres)})",
        " same => n,Goto(sas-poste,prise,1)",
    ]


def _reasons(spec: PbxSpec) -> list[tuple[str, str]]:
    """The bare code is the first reason; then one digit each."""
    numbered = [(f"{PAUSE}{digit}", motif) for digit, motif in enumerate(spec.motifs, start=1)]
    return [(PAUSE, spec.motifs[0]), *numbered] if spec.motifs else []


def _pause(code: str, motif: str) -> list[str]:
    return [f"exten => {code},1,Set(SAS_MOTIF={motif})", " same => n,Goto(sas-poste,pause,1)"]


def _queues(person: PersonSpec, spec: PbxSpec) -> list[str]:
    queues = [queue for f in spec.filieres if f.code in person.filieres for queue in f.queues]
    adds = [f"AddQueueMember({queue},PJSIP/${{SAS_POSTE}},0,,{person.nom},PJSIP/${{SAS_POSTE}})" for queue in queues]
    first, *rest = [*adds, "Return()"]
    return [f"exten => {person.personne},1,{first}", *(f" same => n,{step}" for step in rest)]


def _wake(agent: AgentSpec) -> str:
    name = retained_variable(agent.endpoint)
    over = f"0${{{name}}} > 0 & 0${{{name}}} <= ${{SAS_MAINTENANT}}"
    return f" same => n,ExecIf($[{over}]?Gosub(sas-liberer,s,1({agent.endpoint},{name})))"
