"""The verbs about people: the call-back list, crisis mode, who sits where."""

import json
from pathlib import Path

import pytest

from cti.journey.around.duty import DutyAct, DutyKind, PresenceSpan
from cti.store import open_store
from tests.unit.bootstrap.verbs_house import DAY, T0, Cti, S, refused


def test_the_call_back_list_is_rebuilt_from_the_calls(cti: Cti, two_calls: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cti.bootstrap.verbs.people.now", lambda: T0 + 3600 * S)
    assert cti("rappels").stdout == ""
    (line,) = cti("rappels", "--rebuild", "--json").stdout.splitlines()
    entry = json.loads(line)
    assert (entry["state"], entry["kind"], entry["calls"]) == ("a_rappeler", "abandon", 1)
    assert entry["id"] in cti("rappels").stdout


def test_crisis_on_off_and_its_history(cti: Cti) -> None:
    assert cti("crise", "etat").stdout == "Pas de crise en cours\n"
    on = cti("crise", "on", "--par", "Dr Martin", "--raison", "accident de car")
    assert on.returncode == 0, on.stderr
    assert on.stdout.splitlines()[0] == "CRISE EN COURS"
    assert on.stdout.splitlines()[1].endswith("  crise  Dr Martin : accident de car")
    told = refused(cti("crise", "on", "--par", "Dr Petit", "--raison", "moi aussi"))
    assert "rien à changer" in told
    assert "Dr Martin" in told
    assert cti("crise", "off", "--par", "Dr Martin", "--raison", "fini").stdout.startswith("Pas de crise en cours\n")
    acts = [json.loads(line) for line in cti("crise", "etat", "--json").stdout.splitlines()]
    assert [(act["number"], act["active"], act["by"]) for act in acts] == [(1, True, "Dr Martin"), (2, False, "Dr Martin")]
    assert "par Dr Martin : accident de car" in cti("qos", "--profile", "public_24h").stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("off", "--par", "a", "--raison", "b"), "aucune crise n'est en cours"),
        (("on", "--raison", "b"), "--par : une ligne de 1 à 64 caractères"),
        (("on", "--par", "a", "--raison", "b\nc"), "--raison : une ligne de 1 à 200"),
        (("peut-être",), "peut-être"),
    ],
)
def test_an_unsigned_or_useless_turn_of_the_switch_is_refused(cti: Cti, words: tuple[str, ...], told: str) -> None:
    assert told in refused(cti("crise", *words))
    assert cti("crise", "etat", "--json").stdout == ""


def test_agents_says_who_sits_where_and_for_how_long(cti: Cti, site: Path) -> None:
    store = open_store("sqlite:///var/cti.db")
    try:
        told = DutyAct(act_id="a1", at=T0, kind=DutyKind.PAUSE, poste="arm01", reason="repas", by="chef")
        spans = [
            PresenceSpan(poste="arm01", since=T0, personne="arm01", state="paused", reason="repas", until=T0 + 90 * S),
            PresenceSpan(poste="arm01", since=T0 + 90 * S, personne="arm01", state="free"),
        ]
        store.duty.write([told], spans)
    finally:
        store.close()
    shown = cti("agents").stdout.splitlines()
    assert len(shown) == 10
    assert " ".join(shown[0].split()).startswith("arm01 1001 Camille Durand n1 repas depuis 2026-12-16T08:00:00")
    found = [json.loads(line) for line in cti("agents", "--json").stdout.splitlines()]
    assert [(one["poste"], one["hold"]) for one in found[:2]] == [("arm01", "pause"), ("arm02", None)]
    assert cti("agents", *DAY).stdout.startswith("Camille Durand               poste fixe")
    times = [json.loads(line) for line in cti("agents", *DAY, "--json").stdout.splitlines()]
    assert (times[0]["personne"], times[0]["reasons"]) == ("arm01", {"repas": 90_000})
    assert cti("agents", "--since", "bientôt").returncode != 0


def test_the_sheet_of_a_post_is_printed_and_an_unknown_one_is_told(cti: Cti) -> None:
    sheet = cti("poste", "fiche", "ARM01", "--address", "pbx.example.fr").stdout
    assert sheet.startswith("Fiche du poste arm01")
    assert "pbx.example.fr:" in sheet
    assert "poste 'arm99' inconnu" in refused(cti("poste", "fiche", "arm99"))
