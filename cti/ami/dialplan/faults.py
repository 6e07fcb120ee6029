"""What forbids rendering a description of the site.

Every value ends up in a line of Asterisk configuration, so whatever could end a line, start a comment or open a second
argument is refused; so is what would leave a caller without a way.
"""

import ipaddress
import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from cti.ami.dialplan.rooms import room_keys
from cti.ami.dialplan.sortie import sortie_faults
from cti.ami.dialplan.spec import AgentSpec, DialplanSpecError, PbxSpec, retained_variable
from cti.journey.events.placed import SORTANT

# Two characters at least: h, i, s, t, e and T are extensions with a meaning of their own. No hyphen: Asterisk skips
# it when it compares extensions.
_FILIERE: Final = re.compile(r"[a-z][a-z0-9_]{1,15}")
_FLUX: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_]{0,15}")
_PERSON: Final = re.compile(r"[a-z][a-z0-9_]{1,31}")
_DID: Final = re.compile(r"\+?[0-9*#]{2,20}")
_NUMERO: Final = re.compile(r"[0-9]{2,6}")
_TOUCHE: Final = re.compile(r"[*#][0-9*#]{1,9}")
_ENDPOINT: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,31}")
_WORD: Final = re.compile(r"[A-Za-z0-9_.:/@+-]+")
_SECRET: Final = re.compile(r"[!-:<-~]{8,128}")
_NAME: Final = re.compile(r"[^\x00-\x1f\x7f;,\"|\[\]\\<>${}]{1,80}")
_SOUND: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_/-]{0,63}")
_HASH: Final = re.compile(r"[0-9a-f]{40}")
_CONTACT: Final = re.compile(r"sips?:[A-Za-z0-9_.-]+@[A-Za-z0-9.-]+(:[0-9]{1,5})?(;[a-z]+=[a-z]+)*")
_FOLDER: Final = re.compile(r"/[A-Za-z0-9_./-]+")
#: Characters of a password that the whole Internet may try.
_DISTANT_SECRET: Final = 16


def faults(spec: PbxSpec) -> list[str]:
    """Everything that forbids rendering, one line each; empty when all is well."""
    return [
        *_filiere_faults(spec),
        *_flux_faults(spec),
        *_phone_faults(spec),
        *_person_faults(spec),
        *_pbx_faults(spec),
        *sortie_faults(spec),
        *_guest_faults(spec),
    ]


def require_sound(spec: PbxSpec) -> None:
    """Raise `DialplanSpecError` with every fault, if there is one."""
    found = faults(spec)
    if found:
        raise DialplanSpecError("\n".join(found))


def _unfit(block: str, pattern: re.Pattern[str], **values: str | None) -> Iterator[str]:
    for name, value in values.items():
        if value is not None and not pattern.fullmatch(value):
            shown = "the value" if pattern is _SECRET else repr(value)
            yield f"[{block}] {name}: {shown} does not match {pattern.pattern}"


def _twice(block: str, values: list[str]) -> Iterator[str]:
    for value, times in Counter(values).items():
        if times > 1:
            yield f"[{block}] {value!r} is declared {times} times"


def _filiere_faults(spec: PbxSpec) -> Iterator[str]:
    codes = [filiere.code for filiere in spec.filieres]
    yield from _twice("filieres", codes)
    numbers = [filiere.numero for filiere in spec.filieres] + [a.poste for a in spec.agents if a.poste]
    yield from _twice("numeros", numbers)
    for filiere in spec.filieres:
        block = f"filieres.{filiere.code}"
        yield from _unfit(block, _FILIERE, code=filiere.code)
        if filiere.code == SORTANT:
            yield f"[{block}] code: {SORTANT!r} stands for the talk of an outgoing call"
        yield from _unfit(block, _NAME, libelle=filiere.libelle)
        yield from _unfit(block, _NUMERO, numero=filiere.numero)
        yield from _unfit(block, _TOUCHE, touche=filiere.touche)
        yield from _unfit(block, _WORD, strategy=filiere.strategy)
        if filiere.debordement is not None and filiere.debordement not in codes:
            yield f"[{block}] debordement: unknown filière {filiere.debordement!r}"
        if min(filiere.ring_seconds, filiere.retry_seconds) < 1:
            yield f"[{block}] ring_seconds, retry_seconds: at least 1"
        if filiere.attente_crise_seconds is not None and filiere.attente_crise_seconds < 1:
            yield f"[{block}] attente_crise_seconds: at least 1"
        if min(filiere.wrapup_seconds, filiere.attente_max_seconds, filiere.priorite, filiere.weight) < 0:
            yield f"[{block}] wrapup_seconds, attente_max_seconds, priorite, weight: never negative"
    for name, code in (("secours", spec.secours), ("dernier_recours", spec.dernier_recours)):
        if code not in codes:
            yield f"[pbx] {name}: unknown filière {code!r}"


def _flux_faults(spec: PbxSpec) -> Iterator[str]:
    yield from _twice("flux", [flux.code for flux in spec.flux])
    yield from _twice("flux dids", [did for flux in spec.flux for did in flux.dids])
    for flux in spec.flux:
        block = f"flux.{flux.code}"
        yield from _unfit(block, _FLUX, code=flux.code)
        yield from _unfit(block, _SOUND, accueil=flux.accueil, accueil_crise=flux.accueil_crise)
        for did in flux.dids:
            yield from _unfit(block, _DID, dids=did)
        if flux.priorite < 0:
            yield f"[{block}] priorite: never negative"


def _phone_faults(spec: PbxSpec) -> Iterator[str]:
    codes = {filiere.code for filiere in spec.filieres}
    yield from _twice("endpoints", [a.endpoint for a in spec.agents] + [trunk.name for trunk in spec.trunks])
    for agent in spec.agents:
        block = f"agents.{agent.endpoint}"
        yield from _unfit(block, _ENDPOINT, endpoint=agent.endpoint)
        yield from _unfit(block, _NAME, nom=agent.nom)
        yield from _unfit(block, _NUMERO, poste=agent.poste)
        yield from _unfit(block, _CONTACT, contact=agent.contact)
        yield from _unfit(block, _SECRET, password=agent.password)
        for code in agent.filieres:
            if code not in codes:
                yield f"[{block}] filieres: unknown filière {code!r}"
        yield from _credential_faults(block, agent)
        if agent.distant:
            yield from _distant_faults(block, agent, spec)
    for trunk in spec.trunks:
        block = f"trunks.{trunk.name}"
        yield from _unfit(block, _ENDPOINT, name=trunk.name)
        yield from _unfit(block, _CONTACT, contact=trunk.contact)
        for value in (*trunk.match, *trunk.codecs):
            yield from _unfit(block, _WORD, match=value)
        if not trunk.match:
            yield f"[{block}] match: at least one address"


def _credential_faults(block: str, agent: AgentSpec) -> Iterator[str]:
    if agent.webrtc:
        if agent.password is not None or agent.contact is not None:
            yield f"[{block}] webrtc: a post in a browser has neither password nor contact: it is given credentials for a while"
        if agent.distant:
            yield f"[{block}] distant: a post in a browser is encrypted anyway (pbx.toml, [tls])"
    elif agent.contact is None and agent.password is None:
        yield f"[{block}] password: a phone without a fixed contact must register with a password"


def _distant_faults(block: str, agent: AgentSpec, spec: PbxSpec) -> Iterator[str]:
    if spec.tls is None:
        yield f"[{block}] distant: pbx.toml has no [tls]: nothing in clear for a phone outside"
    if agent.password is None or len(agent.password) < _DISTANT_SECRET:
        yield f"[{block}] password: a phone outside needs one of at least {_DISTANT_SECRET} characters"
    if agent.contact is not None:
        yield f"[{block}] contact: a phone outside registers"
    for network in agent.reseaux:
        try:
            ipaddress.ip_network(network)
        except ValueError:
            yield f"[{block}] reseaux: {network!r} is no network such as 203.0.113.0/24"


def _person_faults(spec: PbxSpec) -> Iterator[str]:
    codes = {filiere.code for filiere in spec.filieres}
    yield from _twice("personnes numeros", [person.numero for person in spec.personnes])
    yield from _twice("agents", [retained_variable(agent.endpoint) for agent in spec.agents])
    for person in spec.personnes:
        block = f"personnes.{person.personne}"
        yield from _unfit(block, _PERSON, personne=person.personne)
        yield from _unfit(block, _NAME, nom=person.nom)
        yield from _unfit(block, _NUMERO, numero=person.numero)
        if person.code_sha1:
            yield from _unfit(block, _HASH, code_sha1=person.code_sha1)
        for code in person.filieres:
            if code not in codes:
                yield f"[{block}] filieres: unknown filière {code!r}"
    for motif in spec.motifs:
        yield from _unfit("pauses", _NAME, motifs=motif)


def _guest_faults(spec: PbxSpec) -> Iterator[str]:
    trunks = [trunk.name for trunk in spec.trunks]
    if spec.trunk_sortant is not None and spec.trunk_sortant not in trunks:
        yield f"effecteurs.toml: trunk: unknown trunk {spec.trunk_sortant!r} ({', '.join(trunks)})"
    if spec.trunk_sortant is None and (spec.effecteurs or spec.numero_libre):
        yield "effecteurs.toml: trunk: missing, so nobody of this file could be called"
    if not 5 <= spec.sonnerie_invite_seconds <= 300:
        yield "effecteurs.toml: sonnerie_seconds: from 5 to 300"
    yield from _twice("touches", [key.digits for key in room_keys(spec)])
    for one in spec.effecteurs:
        block = f"effecteurs.{one.code}"
        yield from _unfit(block, _FILIERE, code=one.code)
        yield from _unfit(block, _NAME, libelle=one.libelle)
        yield from _unfit(block, _DID, numero=one.numero)
        yield from _unfit(block, _TOUCHE, touche=one.touche)


def _pbx_faults(spec: PbxSpec) -> Iterator[str]:
    yield from _unfit("pbx", _FOLDER, recordings_dir=spec.recordings_dir, spool_dir=spec.spool_dir)
    yield from _unfit("pbx", _WORD, agi_host=spec.agi_host, http_bind=spec.http_bind, sip_bind=spec.sip_bind)
    yield from _unfit("pbx", _WORD, langue=spec.langue, agi_script=spec.agi_script)
    ami = spec.ami
    yield from _unfit("pbx.ami", _WORD, bind=ami.bind, events_login=ami.events_login, actions_login=ami.actions_login)
    yield from _unfit("pbx.ami", _SECRET, events_secret=ami.events_secret, actions_secret=ami.actions_secret)
    for address in ami.permit:
        yield from _unfit("pbx.ami", _WORD, permit=address)
    ports = {"agi_port": spec.agi_port, "http_port": spec.http_port, "sip_port": spec.sip_port, "ami.port": ami.port}
    if spec.tls is not None:
        yield from _unfit("pbx.tls", _FOLDER, certificat=spec.tls.certificat, cle=spec.tls.cle)
        yield from _unfit("pbx.tls", _WORD, bind=spec.tls.bind)
        ports |= {"tls.ws_port": spec.tls.ws_port, "tls.sip_port": spec.tls.sip_port}
    for name, port in ports.items():
        if not 1 <= port <= 65_535:
            yield f"[pbx] {name}: {port} is not a port"
    yield from _time_faults(spec)
    for code in spec.communes:
        yield from _unfit("repartition", _FILIERE, mutualisees=code)
    if spec.repos_seconds < 1 or spec.tours_max < 1:
        yield "[pbx] repos_seconds, tours_max: at least 1"


def _time_faults(spec: PbxSpec) -> Iterator[str]:
    """How long one waits, or how often one asks."""
    if not 0 <= spec.qualify_navigateur_seconds <= 60:
        yield "[pbx] qualify_navigateur_seconds: from 0 (never asked) to 60"
    if not 2 <= spec.perte_seconds <= 60:
        yield "[pbx] perte_seconds: from 2 to 60"
    if spec.sonde_seconds and not 2 <= spec.sonde_seconds <= 3600:
        yield "[pbx] sonde_seconds: from 2 to 3600, or 0 for never"
    if spec.patience_seconds <= 0 or spec.spool_patience_seconds <= 0:
        yield "[pbx] patience_seconds, spool_patience_seconds: more than 0, or a caller could wait for ever"
    if spec.patience_seconds + spec.spool_patience_seconds > 2:
        yield "[pbx] patience_seconds + spool_patience_seconds: at most 2 s, no fault may hold a caller longer"
