"""qos.toml: every fault is named with its file, block and field, all at once; profiles and dated values."""

from datetime import date
from typing import Any

import pytest
from qos_calls import SITE, settings

from cti.qos import NoValueYet, QosConfigError, UnknownProfile, from_mapping
from cti.qos.figures import DEFINITIONS, ROLES
from cti.qos.indicators import INDICATORS
from cti.qos.rules import Unit


def faults(data: Any) -> str:
    with pytest.raises(QosConfigError) as caught:
        from_mapping(data, "qos.toml")
    return str(caught.value)


def test_the_site_s_file_is_complete() -> None:
    assert list(SITE.profiles) == ["sas_public", "public_24h", "tous_flux", "sae", "asterisk_compatible"]
    assert set(SITE.roles) == set(ROLES)
    for rule in SITE.rules.values():
        assert rule.description, rule.code
        assert rule.reference, rule.code


def test_every_figure_has_its_function_and_the_other_way_round() -> None:
    assert list(DEFINITIONS) == list(INDICATORS)


def test_unknown_profile_lists_those_that_exist() -> None:
    with pytest.raises(UnknownProfile, match=r"'sau'.*sas_public, public_24h, tous_flux, sae, asterisk_compatible"):
        SITE.profile("sau")


def test_the_value_of_the_day_holds() -> None:
    data = settings()
    data["regles"]["seuil_qs30"]["values"] = {"2026-06-01": 20000, "2022-01-01": 30000}
    rule = from_mapping(data, "qos.toml").rules["seuil_qs30"]
    assert [rule.on(date(2026, 5, 31)), rule.on(date(2026, 6, 1))] == [30000, 20000]
    assert rule.versions(date(2026, 6, 1), date(2026, 6, 30)) == ("seuil_qs30@2026-06-01",)
    assert rule.versions(date(2026, 5, 1), date(2026, 6, 30)) == ("seuil_qs30@2022-01-01", "seuil_qs30@2026-06-01")
    with pytest.raises(NoValueYet, match="the first holds from 2022-01-01"):
        rule.on(date(2021, 12, 31))


def test_units() -> None:
    assert SITE.rules["pdsa_soir"].on(date(2026, 1, 1)) == 20 * 60
    assert SITE.rules["objectif_qs60"].unit is Unit.RATIO
    data = settings()
    data["regles"]["pdsa_soir"]["values"] = {"2019-01-01": "24:00"}
    assert from_mapping(data, "f").rules["pdsa_soir"].on(date(2026, 1, 1)) == 1440


def test_all_faults_are_told_at_once() -> None:
    data = settings()
    data["surprise"] = 1
    data["calendrier"] |= {"zone": "Europe/Rennes", "departement": "20", "feries_ajoutes": {"2026-13-01": "x", "2026-01-02": ""}}
    data["calendrier"]["feries_retires"] = {"2026-01-02": "x"}
    data["regles"]["seuil_qs30"]["values"] = {"demain": 1, "2026-01-01": -1, "2026-01-02": True}
    data["regles"]["seuil_qs60"]["unit"] = "heure"
    data["regles"]["seuil_qs60"]["seuil"] = 3
    data["regles"]["pdsa_soir"]["values"] = {"2019-01-01": "25:00"}
    data["regles"]["objectif_qs60"]["values"] = {"2019-01-01": 99}
    data["regles"]["pdsa_matin"]["values"] = {}
    data["regles"]["inconnue"] = {}
    del data["regles"]["seuil_abandon_court"]
    data["profils"]["sae"] |= {"plage": "nuit", "indicateurs": ["entrants", "bonheur"], "compte_refuses": "oui", "libelle": " "}
    del data["profils"]["sas_public"]["horloge"]
    data["profils"]["public_24h"] = 4
    data["roles"] |= {"mrl": ["mrg", "n1"], "osnp": "mg"}
    told = faults(data)
    for line in (
        "qos.toml: [(top)] surprise: unknown field",
        "qos.toml: [calendrier] zone: unknown time zone 'Europe/Rennes'",
        "qos.toml: [calendrier] departement: unknown département '20'",
        "qos.toml: [calendrier] feries_ajoutes.2026-13-01: not a day (AAAA-MM-JJ)",
        "qos.toml: [calendrier] feries_ajoutes.2026-01-02: the reason is expected",
        "qos.toml: [calendrier] feries_retires.2026-01-02: also in feries_ajoutes",
        "qos.toml: [regles.seuil_qs30] values.demain: not a day",
        "qos.toml: [regles.seuil_qs30] values.2026-01-01: -1 is not a value in ms",
        "qos.toml: [regles.seuil_qs30] values.2026-01-02: True is not a value in ms",
        "qos.toml: [regles.seuil_qs60] unit: ms is expected, not heure",
        "qos.toml: [regles.seuil_qs60] seuil: unknown field",
        "qos.toml: [regles.pdsa_soir] values.2019-01-01: '25:00' is not a value in heure",
        "qos.toml: [regles.objectif_qs60] values.2019-01-01: 99 is not a value in ratio",
        "qos.toml: [regles.pdsa_matin] values: a table of days",
        "qos.toml: [regles.inconnue] (code): no indicator reads this rule",
        "qos.toml: [(top)] regles.seuil_abandon_court: missing",
        "qos.toml: [profils.sae] plage: 'nuit' is none of sas, pdsa, 24h",
        "qos.toml: [profils.sae] indicateurs: unknown figure 'bonheur'",
        "qos.toml: [profils.sae] compte_refuses: true or false is expected, not 'oui'",
        "qos.toml: [profils.sae] libelle: a text is expected, not ' '",
        "qos.toml: [profils.sas_public] horloge: missing",
        "qos.toml: [profils.public_24h] (block): a table is expected, not 4",
        "qos.toml: [roles] mrl: filière 'n1' is also in arm_front",
        "qos.toml: [roles] osnp: a list of texts is expected, not 'mg'",
    ):
        assert line in told


def test_an_empty_file_says_what_is_missing() -> None:
    told = faults({})
    for line in ("version: missing", "[calendrier] (block)", "regles: at least one block", "profils: at least one", "[roles]"):
        assert line in told
