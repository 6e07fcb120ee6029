"""How people sign in, as ``acces.toml`` says it; and who is on site."""

import pytest

from cti.access import AccessConfigError, from_mapping
from cti.access.connexion import USUAL, CodeAsked, SignInSettings, networks, within
from tests.fakes.access import shipped_table

ADMIN = {"relation": "salle", "verbes": ["administrer"], "roles": ["admin"]}


def test_the_shipped_file_says_what_the_code_takes_for_usual() -> None:
    assert shipped_table().sign_in == USUAL


def test_every_fault_is_told_at_once() -> None:
    block = {
        "echecs": 11, "argon2_memoire_mio": 4, "inactivite_minutes": "soixante", "code_exige": "peut-être",
        "reseaux_site": ["10.0.0.0/8", "10.0.0.1/8", "chez nous"], "x": 1,
    }  # fmt: skip
    with pytest.raises(AccessConfigError) as refused:
        from_mapping({"droits": [ADMIN], "connexion": block}, "acces.toml")
    told = "\n".join(refused.value.problems)
    for place in (
        "[connexion] x: unknown field",
        "[connexion] echecs: a whole number from 1 to 10 is expected, not 11",
        "[connexion] argon2_memoire_mio: a whole number from 8 to 1024",
        "[connexion] inactivite_minutes: a whole number",
        "[connexion] code_exige: one of jamais, hors_site, toujours",
        "[connexion] reseaux_site: no network: 10.0.0.1/8",
        "[connexion] reseaux_site: no network: 'chez nous'",
    ):
        assert place in told, place
    assert len(refused.value.problems) == 7


def test_networks_are_a_list() -> None:
    for told in ("10.0.0.0/8", [10]):
        with pytest.raises(AccessConfigError, match=r"\[connexion\] reseaux_site: a list of networks is expected"):
            from_mapping({"droits": [ADMIN], "connexion": {"reseaux_site": told}}, "acces.toml")


def test_a_provider_needs_what_it_needs() -> None:
    with pytest.raises(AccessConfigError) as refused:
        from_mapping({"droits": [ADMIN], "oidc": {"actif": True, "exige": ["VRAI"], "emetteur": "http://[1"}}, "acces.toml")
    assert [one.split(": ", 2)[-1].split(" (")[0] for one in refused.value.problems] == [
        "claims with the value that each must have are expected, such as {Acces_Regulation_Medicale = \"VRAI\"}",
        "needed because actif is true",
        "needed because actif is true",
        "an https address is expected",
    ]


@pytest.mark.parametrize(
    ("client", "asked", "needed"),
    [
        ("10.1.2.3", CodeAsked.REMOTE, False),
        ("::ffff:10.1.2.3", CodeAsked.REMOTE, False),
        ("127.0.0.1", CodeAsked.REMOTE, False),
        ("203.0.113.7", CodeAsked.REMOTE, True),
        ("2001:db8::1", CodeAsked.REMOTE, True),
        ("inconnue", CodeAsked.REMOTE, True),
        ("203.0.113.7", CodeAsked.NEVER, False),
        ("10.1.2.3", CodeAsked.ALWAYS, True),
    ],
)
def test_who_comes_from_elsewhere_needs_a_code(client: str, asked: CodeAsked, needed: bool) -> None:
    assert SignInSettings(code_asked=asked).needs_code(client) is needed


def test_an_address_is_in_a_network_of_its_own_kind() -> None:
    assert within("[2001:db8::5]", networks(["2001:db8::/32"]))
    assert not within("10.0.0.1", networks(["::/0"]))
    assert not within("fe80::1%eth0", networks(["10.0.0.0/8"]))
