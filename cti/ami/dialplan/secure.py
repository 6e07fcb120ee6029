"""What is encrypted: the WebSocket of browsers (wss), and telephones outside of our network (SIP over TLS, SRTP).

A distant phone is called by TLS alone (`transport`), its voice is SRTP or its call is refused (`media_encryption`), and what it
asks in clear is refused by the dialplan (`sas-distants`): Asterisk itself has no "this endpoint by this transport only".
"""

from cti.ami.dialplan.spec import AgentSpec, PbxSpec, TlsSpec


def http_tls(tls: TlsSpec) -> str:
    """The lines of http.conf."""
    return (
        f"tlsenable = yes\ntlsbindaddr = {tls.bind}:{tls.ws_port}\n"
        f"tlscertfile = {tls.certificat}\ntlsprivatekey = {tls.cle}\n"
        "tlsdisablev1 = yes\ntlsdisablev11 = yes\n"
    )


def transports(spec: PbxSpec) -> str:
    """The transports of pjsip.conf that have a certificate; none without one."""
    tls = spec.tls
    if tls is None:
        return ""
    return (
        f"\n[transport-wss]\ntype = transport\nprotocol = wss\nbind = {tls.bind}\n"
        f"\n; Telephones outside.\n[transport-tls]\ntype = transport\nprotocol = tls\nbind = {tls.bind}:{tls.sip_port}\n"
        f"cert_file = {tls.certificat}\npriv_key_file = {tls.cle}\nmethod = tlsv1_2\n"
    )


def distant_endpoint(agent: AgentSpec) -> str:
    """What a distant phone has beside what every phone has."""
    text = "transport = transport-tls\nmedia_encryption = sdes\nmedia_encryption_optimistic = no\n"
    if agent.reseaux:
        text += "deny = 0.0.0.0/0.0.0.0\n" + "".join(f"permit = {network}\n" for network in agent.reseaux)
    return text
