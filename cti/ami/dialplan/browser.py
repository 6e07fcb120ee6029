"""The phones that live in a browser: SIP over WebSocket, DTLS-SRTP, credentials for a while.

Their password stands in no file. Sorcery looks for an ``auth`` object in pjsip.conf first, then in AstDB, at each request; the
service writes one there when somebody opens the phone at a post, and removes it when she leaves (`cti.ami.credentials`).
"""

from typing import Final

from cti.ami.dialplan.spec import AgentSpec, PbxSpec

#: AstDB family of all that is given to browser phones; sorcery adds ``/auth``, and the key is the endpoint.
CREDENTIALS: Final = "sas-telephone"
#: A registration lasts so long (seconds): a phone that was put out is out of reach within this.
REGISTRATION_SECONDS: Final = 60
#: What a phone of the room dials to hear itself.
ECHO: Final = "*43"
#: Silence allowed on hold, where a phone may send nothing for a while (seconds).
_HELD_SECONDS: Final = 60


def sorcery_conf() -> str:
    """Where chan_pjsip finds credentials: the file, then AstDB."""
    return (
        "; Credentials of browser posts live in AstDB, for a while.\n"
        f"[res_pjsip]\nauth = config,pjsip.conf,criteria=type=auth\nauth = astdb,{CREDENTIALS}\n"
    )


def browser_endpoint(agent: AgentSpec, spec: PbxSpec) -> str:
    """What a browser post has beside what every phone has.

    ``webrtc`` stands for rtcp_mux, AVPF, ICE, bundle and a DTLS certificate that Asterisk makes itself. A page that is gone sends
    no BYE: its silence ends the leg. The hang-up handler says so to the caller's
    channel (`sas-telephone`), then how well it was heard.
    """
    return (
        f"webrtc = yes\nauth = {agent.endpoint}\n"
        f"rtp_timeout = {spec.perte_seconds}\nrtp_timeout_hold = {_HELD_SECONDS}\n"
        "set_var = CHANNEL(hangup_handler_push)=sas-telephone,perdu,1\n"
    )


def browser_aor(spec: PbxSpec) -> str:
    """One contact, the latest; it is removed when its WebSocket closes, and lasts a minute otherwise.

    It is asked by OPTIONS more often than a telephone: a page that hangs keeps its WebSocket.
    """
    return (
        f"qualify_frequency = {spec.qualify_navigateur_seconds}\n"
        "max_contacts = 1\nremove_existing = yes\n"
        f"minimum_expiration = 30\ndefault_expiration = {REGISTRATION_SECONDS}\nmaximum_expiration = {REGISTRATION_SECONDS}\n"
    )
