"""The room of a caller with several people: its keys, its profiles, and whom one can ask into it.

`extensions_salle.conf` is written by hand; what depends on the site is rendered here.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cti.ami.dialplan.spec import FiliereSpec, PbxSpec

#: What an agent types: P0 (`*90`), give up what he asked for (`*91`); while he consults: pass his caller on (`*92`), all
#: together (`*93`), back to his caller (`*94`). A consultation is `*7` and the filière's number, a guest has a key of his own.
P0, ANNULER, COMPLET, CONFERENCE, RETOUR, CONSULTER = "*90", "*91", "*92", "*93", "*94", "*7"


@dataclass(frozen=True, slots=True)
class RoomKey:
    """One key of a talk between two: its name in features.conf, what is typed, what it runs in `sas-touches-salle`."""

    name: str
    digits: str
    gosub: str


def room_keys(spec: PbxSpec) -> tuple[RoomKey, ...]:
    """What an agent may type during a talk, besides the transfers."""
    keys = [RoomKey("sas-annuler", ANNULER, "annuler,1")]
    if any(filiere.p0 for filiere in spec.filieres):
        keys.insert(0, RoomKey("sas-p0", P0, "p0,1"))
    keys += [
        RoomKey(f"sas-consulter-{filiere.code}", CONSULTER + filiere.numero, f"consulter,1({filiere.code}@sas-renfort)")
        for filiere in spec.filieres
    ]
    keys += [
        RoomKey(f"sas-inviter-{one.code}", one.touche, f"inviter,1({one.code}@sas-invites,invite,invite)")
        for one in spec.effecteurs
        if one.touche
    ]
    return tuple(keys)


def confbridge_conf(spec: PbxSpec) -> str:
    """Rooms without a word, a tone or music: nobody hears that there is one."""
    quiet = (
        "type = user\nquiet = yes\nannounce_join_leave = no\nannounce_user_count = no\nannounce_only_user = no\n"
        "music_on_hold_when_empty = no\nstartmuted = no\ndtmf_passthrough = no\n"
    )
    keys = [(P0, "p0")] if any(filiere.p0 for filiere in spec.filieres) else []
    keys += [(ANNULER, "annuler"), *((filiere.touche, filiere.code) for filiere in spec.filieres)]
    apart = ((COMPLET, "complet"), (CONFERENCE, "conference"), (RETOUR, "retour"), (ANNULER, "retour"))
    room = _menu("sas-touches-piece", keys)
    room += _menu("sas-touches-invites", [(one.touche, one.code) for one in spec.effecteurs if one.touche])
    consult = _menu("sas-touches-piece", apart)
    return (
        "[general]\n\n"
        "; As narrow as the trunk: one conversion less, and what is recorded is what is heard.\n"
        "[sas-salle]\ntype = bridge\nmixing_interval = 20\ninternal_sample_rate = 8000\nvideo_mode = none\n"
        "record_conference = no\n\n"
        f"; The room ends for the caller when the last agent has left it.\n[sas-appelant]\n{quiet}end_marked = yes\n\n"
        f"[sas-agent]\n{quiet}marked = yes\n\n[sas-invite]\n{quiet}\n"
        f"; Keys of an agent in the room.\n[sas-touches-agent]\ntype = menu\n{room}\n"
        f"; Keys of an agent who consults.\n[sas-touches-aparte]\ntype = menu\n{consult}"
    )


def _menu(context: str, keys: Iterable[tuple[str, str]]) -> str:
    return "".join(f"{digits} = dialplan_exec({context},{name},1)\n" for digits, name in keys)


def renforts_conf(spec: PbxSpec) -> str:
    """Who can be asked to come: filières, the same for P0, the directory and the room's phones."""
    lines = ["[sas-renfort]"]
    for filiere in spec.filieres:
        lines += _queue(filiere, filiere.queue)
    lines += ["", "; Every free physician at once, ahead of every other caller.", "[sas-renfort-p0]"]
    for filiere in spec.filieres:
        if filiere.queue_p0 is not None:
            lines += _queue(filiere, filiere.queue_p0)
    lines += ["", "[sas-invites]", *_guests(spec)]
    lines += ["", "; Keys of the room that invite somebody.", "[sas-touches-invites]"]
    for one in spec.effecteurs:
        arguments = f"{one.code}@sas-invites,invite,invite"
        lines += [f"exten => {one.code},1,Gosub(sas-touches-salle,inviter,1({arguments}))", " same => n,NoOp(salle)"]
    return "\n".join(lines) + "\n"


def _queue(filiere: FiliereSpec, queue: str) -> list[str]:
    return [
        f"exten => {filiere.code},1,Set(SAS_RENFORT={filiere.code})",
        f" same => n,Set(SAS_QUEUE={queue})",
        f" same => n,Set(SAS_ATTENTE_RENFORT={filiere.attente_max_seconds})",
        " same => n,Goto(sas-renfort-file,s,1)",
    ]


def _guests(spec: PbxSpec) -> Iterator[str]:
    for one in spec.effecteurs:
        yield from _guest(one.code, one.libelle, one.numero, f"PJSIP/{one.numero}@{spec.trunk_sortant}")
    if spec.numero_libre:
        # The number is in SAS_NUMERO, of digits alone: whoever asks sees to it.
        yield from _guest("numero", "", "${FILTER(0-9+,${SAS_NUMERO})}", "PJSIP/${SAS_NUMERO}@" + str(spec.trunk_sortant))
    for agent in spec.agents:
        if agent.poste:
            yield from _guest(agent.poste, agent.nom, agent.poste, f"PJSIP/{agent.endpoint}")


def _guest(code: str, libelle: str, numero: str, place: str) -> list[str]:
    return [
        f"exten => {code},1,Set(SAS_CODE={code})",
        f" same => n,Set(SAS_LIBELLE={libelle})",
        f" same => n,Set(SAS_NUMERO={numero})",
        f" same => n,Set(SAS_OU={place})",
        " same => n,Goto(sas-invite-appel,s,1)",
    ]
