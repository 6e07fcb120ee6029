"""queues.conf and features.conf: how callers wait, who is rung, and which keys send a patient elsewhere."""

from cti.ami.dialplan.spec import FiliereSpec, PbxSpec

#: Nobody can answer now: on pause, unplugged, unknown. A busy agent still counts as somebody.
_NOBODY = "paused,unavailable,invalid,unknown"


def queues_conf(spec: PbxSpec) -> str:
    """One queue per filière, each written out whole: what one reads is what one gets."""
    general = (
        "[general]\npersistentmembers = yes\nshared_lastcall = no\nlog_membername_as_agent = no\n"
        "; `weight` between the queues that share agents is counted only by the queues that set it.\n"
    )
    return "\n".join([general, *(_queue(filiere, spec) for filiere in spec.filieres)])


def _queue(filiere: FiliereSpec, spec: PbxSpec) -> str:
    """Where an overflow exists the PBX takes it alone as soon as nobody is there; the last resort takes everyone."""
    strict = filiere.debordement is not None and filiere.code != spec.dernier_recours
    members = "".join(
        f"member => PJSIP/{agent.endpoint},0,{agent.nom},PJSIP/{agent.endpoint}\n"
        for agent in spec.agents
        if filiere.code in agent.filieres
    )
    return (
        f"; {filiere.libelle}\n[{filiere.queue}]\nmusicclass = default\nstrategy = {filiere.strategy}\n"
        f"timeout = {filiere.ring_seconds}\nretry = {filiere.retry_seconds}\ntimeoutpriority = app\n"
        f"autofill = yes\nringinuse = no\nmaxlen = 0\nweight = {filiere.weight}\n"
        f"wrapuptime = {filiere.wrapup_seconds}\nautopause = no\nmemberdelay = 0\n"
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
    return f"[general]\nfeaturedigittimeout = 2000\n\n[featuremap]\n\n[applicationmap]\n{keys}"
