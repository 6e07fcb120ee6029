"""Phones in a browser and phones outside, as they are rendered; and what is refused."""

from dataclasses import replace

import pytest

from cti.ami.dialplan import AgentSpec, TlsSpec, TrunkSpec, faults, render
from tests.unit.ami.test_dialplan import SPEC, section

TLS = TlsSpec("/etc/asterisk/keys/sas.pem", "/etc/asterisk/keys/sas.key")
WEB = AgentSpec("web01", "Poste web 1", webrtc=True, fixe=False, poste="1901")
DISTANT = AgentSpec("loin01", "Dr Anne Petit", ("n1",), password="p" * 20, distant=True, reseaux=("203.0.113.0/24",))
SITE = replace(SPEC, agents=(*SPEC.agents, WEB, DISTANT), tls=TLS)


def sections(text: str, name: str) -> list[str]:
    """Every section of that name: endpoint, aor, auth."""
    parts = text.split(f"\n[{name}]\n")[1:]
    return [part.partition("\n[")[0] for part in parts]


def test_a_browser_post_has_no_secret_and_one_short_registration() -> None:
    endpoint, aor = sections(render(SITE)["pjsip.conf"], "web01")
    assert "webrtc = yes" in endpoint
    assert "auth = web01" in endpoint
    assert "allow = alaw,ulaw" in endpoint
    assert "rtp_timeout = 8" in endpoint
    for line in ("max_contacts = 1", "remove_existing = yes", "maximum_expiration = 60"):
        assert line in aor


def test_browsers_of_this_machine_are_no_trunk_on_it() -> None:
    here = replace(SPEC, agents=(WEB,), trunks=(TrunkSpec("operateur", ("127.0.0.1",)),))
    assert "endpoint_identifier_order = username,ip" in render(here)["pjsip.conf"]
    elsewhere = replace(here, trunks=(TrunkSpec("operateur", ("192.0.2.10",)),))
    assert "endpoint_identifier_order = ip,username" in render(elsewhere)["pjsip.conf"]


def test_sorcery_looks_into_astdb_after_the_file() -> None:
    lines = render(SITE)["sorcery.conf"].splitlines()
    first, second = (line for line in lines if line.startswith("auth"))
    assert first == "auth = config,pjsip.conf,criteria=type=auth"
    assert second == "auth = astdb,sas-telephone"


def test_the_dialplan_knows_the_posts_in_a_browser_and_the_echo() -> None:
    text = render(SITE)["extensions_agents.conf"]
    assert "exten => web01,1,Return()" in section(text, "sas-navigateurs")
    assert "loin01" not in section(text, "sas-navigateurs")
    assert "exten => *43,1,Goto(sas-telephone,echo,1)" in section(text, "sas-codes")


def test_with_a_certificate_browsers_come_by_wss_and_telephones_by_tls() -> None:
    files = render(SITE)
    assert "tlsbindaddr = 0.0.0.0:8089" in files["http.conf"]
    assert "[transport-wss]" in files["pjsip.conf"]
    (tls,) = sections(files["pjsip.conf"], "transport-tls")
    assert "bind = 0.0.0.0:5061" in tls
    without = render(replace(SPEC, agents=(*SPEC.agents, WEB)))
    assert "tls" not in without["http.conf"]
    assert "transport-tls" not in without["pjsip.conf"]


def test_a_distant_phone_has_srtp_and_tls_and_its_own_networks() -> None:
    endpoint, _, auth = sections(render(SITE)["pjsip.conf"], "loin01")
    for line in ("context = sas-distants", "transport = transport-tls", "media_encryption = sdes", "permit = 203.0.113.0/24"):
        assert line in endpoint
    assert "deny = 0.0.0.0/0.0.0.0" in endpoint
    assert "auth_type = userpass" in auth


def test_nothing_is_anonymous() -> None:
    text = render(SITE)["pjsip.conf"]
    assert "[anonymous]" not in text
    probe = text[text.index("[sas-sonde]") :].partition("\n[")[0]
    assert "deny = 0.0.0.0/0.0.0.0\npermit = 127.0.0.1/32" in probe, "the service alone asks under that name"
    assert text.count("identify_by = username") == len(SITE.agents) + 1


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        (replace(WEB, password="change-me-web01"), "neither password nor contact"),
        (replace(WEB, contact="sip:web01@10.0.0.5"), "neither password nor contact"),
        (replace(WEB, distant=True), "encrypted anyway"),
        (replace(DISTANT, password="p" * 12), "at least 16 characters"),
        (replace(DISTANT, password=None, contact="sip:a@10.0.0.5"), "registers"),
        (replace(DISTANT, reseaux=("chez elle",)), "no network"),
    ],
)
def test_what_would_weaken_it_is_refused(agent: AgentSpec, said: str) -> None:
    assert any(said in fault for fault in faults(replace(SITE, agents=(agent,))))


def test_no_phone_is_distant_without_a_certificate() -> None:
    assert any("nothing in clear" in fault for fault in faults(replace(SITE, tls=None)))
    assert any("certificat" in fault for fault in faults(replace(SITE, tls=replace(TLS, certificat="sas.pem\n[x]"))))
    assert any("perte_seconds" in fault for fault in faults(replace(SITE, perte_seconds=0)))
