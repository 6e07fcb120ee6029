"""queues.conf and features.conf: how callers wait, who is rung, and which keys send a patient elsewhere."""

from cti.ami.dialplan.rooms import room_keys
from cti.ami.dialplan.spec import FiliereSpec, PbxSpec

#: Nobody can answer now: on pause, unplugged, unknown. A busy agent still counts as somebody.
_NOBODY = "paused,unavailable,invalid,unknown"
#: The wrap-up is the service's (a pause); the PBX only bridges the moment between the end of the call and that pause.
#: It forgets even that at a reload, and alone it offers calls again after it: the callers come first.
WRAPUP_BRIDGE_SECONDS = 2

#: Heavier than any filière may be (100).
WEIGHT_P0 = 1000


def queues_conf(spec: PbxSpec) -> str:
    """One queue per filière, each written out whole: what one reads is what one gets."""
    general = (
        "[general]\npersistentmembers = yes\nshared_lastcall = no\nlog_membername_as_agent = no\n"
        "; `weight` between the queues that share agents is counted only by the queues that set it.\n"
    )
    queues = [text for filiere in spec.filieres for text in (_queue(filiere, spec), _queue_p0(filiere, spec)) if text]
    return "\n".join([general, *queues])


def _members(filiere: FiliereSpec, spec: PbxSpec) -> str:
    return "".join(
        f"member => PJSIP/{agent.endpoint},0,{agent.nom},PJSIP/{agent.endpoint}\n"
        for agent in spec.agents
        if agent.fixe and filiere.code in agent.filieres
    )


def _queue_p0(filiere: FiliereSpec, spec: PbxSpec) -> str:
    """The same people, all asked at once and ahead of every other queue; whoever is busy is asked the moment he is free."""
    if filiere.queue_p0 is None:
        return ""
    return (
        f"; {filiere.libelle}, P0\n[{filiere.queue_p0}]\nmusicclass = default\nstrategy = ringall\n"
        f"timeout = 60\nretry = 1\ntimeoutpriority = app\nautofill = yes\nringinuse = no\nmaxlen = 0\n"
        f"weight = {WEIGHT_P0}\nwrapuptime = 0\nautopause = no\nmemberdelay = 0\njoinempty = yes\nleavewhenempty = no\n"
        "setinterfacevar = yes\nannounce-frequency = 0\nannounce-holdtime = no\nannounce-position = no\nreportholdtime = no\n"
        f"{_members(filiere, spec)}"
    )


def _queue(filiere: FiliereSpec, spec: PbxSpec) -> str:
    """Where an overflow exists the PBX takes it alone as soon as nobody is there; the last resort takes everyone."""
    strict = filiere.debordement is not None and filiere.code != spec.dernier_recours
    members = _members(filiere, spec)
    return (
        f"; {filiere.libelle}\n[{filiere.queue}]\nmusicclass = default\nstrategy = {filiere.strategy}\n"
        f"timeout = {filiere.ring_seconds}\nretry = {filiere.retry_seconds}\ntimeoutpriority = app\n"
        f"autofill = yes\nringinuse = no\nmaxlen = 0\nweight = {filiere.weight}\n"
        f"wrapuptime = {min(filiere.wrapup_seconds, WRAPUP_BRIDGE_SECONDS)}\nautopause = no\nmemberdelay = 0\n"
        f"joinempty = {_NOBODY if strict else 'yes'}\nleavewhenempty = {_NOBODY if strict else 'no'}\n"
        "; The dialplan reads MEMBERINTERFACE to know whether somebody answered.\n"
        "setinterfacevar = yes\n"
        "; Announcements would hold back the caller at the head of the queue.\n"
        "announce-frequency = 0\nannounce-holdtime = no\nannounce-position = no\nreportholdtime = no\n"
        f"{members}"
    )


def features_conf(spec: PbxSpec) -> str:
    """One key sequence per filière, run on the channel of the agent who typed it."""
    keys = "".join(
        f'{filiere.queue} => {filiere.touche},self,Gosub,"sas-touches,{filiere.code},1"\n' for filiere in spec.filieres
    )
    keys += "".join(f'{key.name} => {key.digits},self,Gosub,"sas-touches-salle,{key.gosub}"\n' for key in room_keys(spec))
    return f"[general]\nfeaturedigittimeout = 2000\n\n[featuremap]\n\n[applicationmap]\n{keys}"
