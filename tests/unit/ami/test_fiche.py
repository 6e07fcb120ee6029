"""The sheet of a post: what is typed into a telephone, and nothing secret for a browser."""

from dataclasses import replace

import pytest

from cti.ami.dialplan.fiche import UnknownPost, fiche
from tests.unit.ami.test_dialplan import SPEC
from tests.unit.ami.test_dialplan_telephone import SITE


def test_a_telephone_outside_is_told_tls_srtp_and_its_password() -> None:
    text = fiche(SITE, "LOIN01", "pbx.example.fr")
    for words in ("pbx.example.fr:5061", "TLS 1.2", "SRTP obligatoire", "p" * 20, "203.0.113.0/24", "main propre"):
        assert words in text


def test_a_telephone_inside_is_told_udp() -> None:
    agent = replace(SPEC.agents[0], password="un-mot-de-passe", contact=None, poste="1001")
    text = fiche(replace(SPEC, agents=(agent,)), "1001", "10.0.0.2")
    assert f"10.0.0.2:{SPEC.sip_port}" in text
    assert "UDP" in text
    assert "*51" not in text, "a fixed post is not taken"
    assert "*43" in text


def test_a_post_in_a_browser_has_nothing_to_type() -> None:
    text = fiche(SITE, "web01", "pbx.example.fr")
    assert "rien à régler" in text
    assert "*51" in text
    assert "Mot de passe" not in text


def test_a_post_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(UnknownPost, match="loin01"):
        fiche(SITE, "xx", "pbx.example.fr")
