"""pjsip.conf and http.conf: the trunks, the phones of the room, and who may send what."""

import ipaddress
import re

from cti.ami.dialplan.browser import browser_aor, browser_endpoint
from cti.ami.dialplan.rooms import room_keys
from cti.ami.dialplan.secure import distant_endpoint, http_tls, transports
from cti.ami.dialplan.spec import AgentSpec, PbxSpec, SortieSpec, TrunkSpec
from cti.ami.sip_probe import PROBE

_PHONE_CODECS = "g722,alaw,ulaw"
#: Every leg tells once, as it ends, how well it was heard (`sas-qualite`).
_TELLS_QUALITY = "set_var = CHANNEL(hangup_handler_push)=sas-qualite,s,1\n"


def pjsip_conf(spec: PbxSpec) -> str:
    """Transports, trunks by address, phones by name. There is no anonymous endpoint: unknown senders get 401."""
    parts = [
        _general(spec),
        *_probe(spec),
        *(_trunk(trunk, spec) for trunk in spec.trunks),
        *(_agent(agent, spec) for agent in spec.agents),
    ]
    return "\n".join(parts) + "\n; The site's own additions (TLS, NAT, further trunks).\n#tryinclude pjsip_site.conf\n"


def http_conf(spec: PbxSpec) -> str:
    """The small web server that carries the WebSocket of browser phones."""
    return (
        f"[general]\nenabled = yes\nbindaddr = {spec.http_bind}\nbindport = {spec.http_port}\n"
        "enablestatic = no\nsessionlimit = 400\n"
    ) + ("" if spec.tls is None else http_tls(spec.tls))


def identifier_order(spec: PbxSpec) -> str:
    """Who is asked first: the sender's address or the name in From.

    The address, so that nobody on a trunk can call himself `arm01`. But where a phone with a fixed contact shares an
    address with a trunk (the sandbox: all is 127.0.0.1), names must go first, or every phone would be the trunk. Browsers
    come from this very machine in a sandbox, and behind a proxy that ends TLS here.
    """
    hosts = [_host(agent.contact) for agent in spec.agents if agent.contact]
    hosts += ["127.0.0.1" for agent in spec.agents if agent.webrtc]
    shared = any(_within(host, network) for host in hosts for trunk in spec.trunks for network in trunk.match)
    return "username,ip" if shared else "ip,username"


def _general(spec: PbxSpec) -> str:
    return (
        "[global]\ntype = global\nuser_agent = SAS\n"
        "; The address first, so that nobody on a trunk can call himself by the name of a phone; the name first only\n"
        "; where phones share the trunk's address (a sandbox on one machine).\n"
        f"endpoint_identifier_order = {identifier_order(spec)}\n"
        "; `sip:15;phone-context=...` is 15.\n"
        "ignore_uri_user_options = yes\n"
        "\n"
        f"[transport-udp]\ntype = transport\nprotocol = udp\nbind = {spec.sip_bind}:{spec.sip_port}\n"
        "\n"
        "; The socket itself is http.conf's.\n"
        f"[transport-ws]\ntype = transport\nprotocol = ws\nbind = {spec.sip_bind}\n"
    ) + transports(spec)


def _probe(spec: PbxSpec) -> tuple[str, ...]:
    """The name under which the service asks whether SIP is heard; from its own address, and with nowhere to call."""
    if not spec.sonde_seconds:
        return ()
    own = sorted({host for host in ("127.0.0.1", spec.agi_host, spec.sip_bind) if _is_address(host) and host != "0.0.0.0"})  # noqa: S104
    return (
        "; The service asks by OPTIONS whether SIP is still heard; this name may do nothing else.\n"
        f"[{PROBE}]\ntype = endpoint\ncontext = {PROBE}\nidentify_by = username\ndisallow = all\nallow = alaw\n"
        f"allow_transfer = no\nallow_subscribe = no\ndeny = 0.0.0.0/0.0.0.0\n" + "".join(f"permit = {host}/32\n" for host in own),
    )


def _trunk(trunk: TrunkSpec, spec: PbxSpec) -> str:
    """An operator: may only enter, is believed about the caller's number, may not transfer.

    No `rtp_timeout`: a caller who is silent, or whose network sends nothing in silence, is never cut off. A line that
    died is found by the session timers.
    """
    text = (
        f"[{trunk.name}]\ntype = endpoint\ncontext = sas-entree\nidentify_by = ip\n"
        f"disallow = all\nallow = {','.join(trunk.codecs)}\n"
        "trust_id_inbound = yes\ndirect_media = no\nrtp_symmetric = yes\nforce_rport = yes\n"
        "allow_transfer = no\nallow_overlap = no\nallow_subscribe = no\n"
        f"timers = yes\ntimers_min_se = 90\ntimers_sess_expires = 600\nlanguage = {spec.langue}\n" + _TELLS_QUALITY
    )
    if trunk.contact:
        text += f"aors = {trunk.name}\n"
    text += f"\n[{trunk.name}-adresses]\ntype = identify\nendpoint = {trunk.name}\n"
    text += "".join(f"match = {address}\n" for address in trunk.match)
    if trunk.contact:
        text += f"\n[{trunk.name}]\ntype = aor\ncontact = {trunk.contact}\nqualify_frequency = {spec.qualify_seconds}\n"
    sortie = spec.sortie
    if sortie is not None and sortie.trunk == trunk.name:
        text += _way_out(trunk, sortie, spec)
    return text


def _way_out(trunk: TrunkSpec, sortie: SortieSpec, spec: PbxSpec) -> str:
    """The same operator for calls that we place: an endpoint of its own, so that the one that enters can only enter.

    It is known by no address (`identify_by = ip` without one): nobody can send as it.
    """
    return (
        f"\n; Calls placed by the room; nothing comes in here.\n"
        f"[{trunk.name}-sortie]\ntype = endpoint\ncontext = sas-appele\nidentify_by = ip\n"
        f"disallow = all\nallow = {','.join(trunk.codecs)}\naors = {trunk.name}\n"
        f"from_user = {sortie.numero_presente}\ntrust_id_outbound = no\nsend_pai = no\n"
        "direct_media = no\nrtp_symmetric = yes\nforce_rport = yes\n"
        "allow_transfer = no\nallow_overlap = no\nallow_subscribe = no\n"
        f"timers = yes\ntimers_min_se = 90\ntimers_sess_expires = 600\nlanguage = {spec.langue}\n" + _TELLS_QUALITY
    )


def _agent(agent: AgentSpec, spec: PbxSpec) -> str:
    """A phone: dials in `sas-postes`, transfers in `sas-transferts`.

    Feature codes are set on the phone's channels, never on the patient's: only the agent's keys count.

    A phone that passes a caller on (REFER) is told at once that it is done, and not how it goes on: what Asterisk builds for that
    can lock the whole of PJSIP for good (decision 0039).
    """
    features = "#".join([*(filiere.queue for filiere in spec.filieres), *(key.name for key in room_keys(spec))])
    text = (
        f"[{agent.endpoint}]\ntype = endpoint\ncontext = {'sas-distants' if agent.distant else 'sas-postes'}\n"
        "identify_by = username\n"
        f"disallow = all\nallow = {'alaw,ulaw' if agent.webrtc else _PHONE_CODECS}\naors = {agent.endpoint}\n"
        f'callerid = "{agent.nom}" <{agent.poste or agent.endpoint}>\n'
        f"language = {spec.langue}\ndirect_media = no\nrtp_symmetric = yes\nforce_rport = yes\nrewrite_contact = yes\n"
        "dtmf_mode = auto_info\nallow_subscribe = no\nrefer_blind_progress = no\nsend_pai = yes\ntrust_id_outbound = yes\n"
        f"timers = yes\nset_var = TRANSFER_CONTEXT=sas-transferts\nset_var = DYNAMIC_FEATURES={features}\n"
    )
    text += browser_endpoint(agent, spec) if agent.webrtc else _TELLS_QUALITY
    if agent.distant:
        text += distant_endpoint(agent)
    if agent.password:
        text += f"auth = {agent.endpoint}\n"
    elif agent.contact and _is_address(_host(agent.contact)):
        text += f"deny = 0.0.0.0/0.0.0.0\npermit = {_host(agent.contact)}/32\n"
    text += f"\n[{agent.endpoint}]\ntype = aor\n"
    if agent.webrtc:
        text += browser_aor(spec)
    else:
        text += f"qualify_frequency = {spec.qualify_seconds}\n"
        text += f"contact = {agent.contact}\n" if agent.contact else "max_contacts = 1\nremove_existing = yes\n"
    if agent.password:
        text += (
            f"\n[{agent.endpoint}]\ntype = auth\nauth_type = userpass\nusername = {agent.endpoint}\npassword = {agent.password}\n"
        )
    return text


def _host(contact: str) -> str:
    return re.sub(r"^sips?:[^@]*@", "", contact).partition(";")[0].partition(":")[0]


def _is_address(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).version == 4
    except ValueError:
        return False


def _within(host: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return host == network
