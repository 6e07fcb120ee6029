"""The chain: a changed field, a removed, moved or added entry, a removed tail and a rewritten log are found and named."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from cti.access.chain import (
    Head,
    Said,
    UnreadableTrace,
    as_line,
    canonical,
    digest,
    exported,
    from_line,
    head,
    link,
    verify,
)
from cti.access.heads import as_text
from cti.journey.around.access import GENESIS, AccessOutcome, Trace
from tests.unit.agents.duty_acts import unhurried

T0 = 1_797_408_000_000_000
DECISION = Path(__file__).parents[3] / "docs" / "decisions" / "0025-who-may-hear-and-who-did.md"
SCRIPT = Path(__file__).parents[3] / "docs" / "verifier-les-traces.py"


def chain(said: Sequence[Said]) -> list[Trace]:
    """The log that these sayings make."""
    log: list[Trace] = []
    for one in said:
        log.append(link(log[-1] if log else None, one))
    return log


def said(number: int, **changes: object) -> Said:
    values = {
        "at": T0 + number, "who": f"qui{number}", "role": "mrg", "verb": "ecouter", "outcome": AccessOutcome.GRANTED,
        "call_id": "c1",
    }  # fmt: skip
    return Said(**{**values, **changes})  # type: ignore[arg-type]


LOG = chain([said(number) for number in range(1, 8)])

_WORDS = st.text(max_size=20)
_SAID = st.builds(
    Said,
    at=st.integers(T0, T0 + 10**15),
    who=_WORDS,
    role=_WORDS,
    verb=st.sampled_from(["ecouter", "entrer"]),
    outcome=st.sampled_from(AccessOutcome),
    call_id=_WORDS,
    piece_id=_WORDS,
    relation=_WORDS,
    reason=_WORDS,
    client=_WORDS,
    detail=st.text(max_size=600),
)
_LOGS = st.lists(_SAID, min_size=1, max_size=8).map(chain)


def head_of(trace: Trace, day: str = "2026-12-16") -> Head:
    return Head(day=day, seq=trace.seq, hash=trace.hash)


def test_the_canonical_form_is_the_documented_one() -> None:
    """As an outsider would write it, from docs/decisions/0025; a fixed answer, so that no later version writes another."""
    trace = link(None, said(1, who="anne.petit", reason="« plainte » \t 2026-41", at=T0 + 1_999))
    assert canonical(as_line(trace)).decode() == (
        '{"at":"2026-12-16T08:00:00.001Z","call_id":"c1","client":"","detail":"","outcome":"accordé","piece_id":"",'
        f'"previous":"{"0" * 64}","reason":"« plainte » \\t 2026-41","relation":"","role":"mrg","seq":1,'
        '"verb":"ecouter","who":"anne.petit"}'
    )
    assert trace.hash == "8dda7792683c824b8d5b33719b28f4fd9bce4b6807fd9b7fc146dff3a1e88a31"
    assert trace.previous == GENESIS
    assert link(trace, said(2)).previous == trace.hash


def test_an_empty_log_is_whole_and_has_a_head() -> None:
    assert list(verify([])) == []
    assert head(None) == (0, GENESIS)
    assert head(LOG[-1]) == (7, LOG[-1].hash)
    assert list(verify(LOG, [Head(day="2026-12-01", seq=0, hash=GENESIS)])) == []
    (fault,) = verify(LOG, [Head(day="2026-12-01", seq=0, hash="f" * 64)])
    assert fault == "tête publiée du 2026-12-01 : l'entrée 0 n'a pas cette empreinte (elle ne dit rien d'un journal vide)"


@unhurried
@given(_LOGS)
def test_what_is_written_is_read_back_and_whole(log: list[Trace]) -> None:
    lines = [exported(trace) for trace in log]
    assert [from_line(json.loads(line)) for line in lines] == log
    assert all("\n" not in line for line in lines)
    assert [trace.seq for trace in log] == list(range(1, len(log) + 1))
    assert list(verify(log, [head_of(trace) for trace in log])) == []
    assert all(len(trace.detail) <= 500 and "\0" not in trace.detail for trace in log)


@unhurried
@given(_LOGS, st.data())
def test_any_field_of_any_entry_that_changes_is_found_and_named(log: list[Trace], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(log) - 1))
    name = data.draw(st.sampled_from([field.name for field in fields(Trace) if field.name != "seq"]))
    instants = st.integers(T0 // 1000, 10**17).map(lambda at: at * 1000)
    value = data.draw(instants if name == "at" else st.text(max_size=5))
    assume(value != getattr(log[place], name))
    spoilt = [*log[:place], replace(log[place], **{name: value}), *log[place + 1 :]]
    found = list(verify(spoilt))
    assert any(fault.startswith(f"entrée {place + 1} : modifiée") for fault in found), found


@unhurried
@given(_LOGS, st.data())
def test_any_entry_that_is_taken_out_is_found_and_named(log: list[Trace], data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(log) - 1))
    last = data.draw(st.integers(first, len(log) - 1))
    found = list(verify([*log[:first], *log[last + 1 :]], [head_of(log[-1])]))
    named = f"entrée {first + 1} : absente" if first == last else f"entrées {first + 1} à {last + 1} : absentes"
    if last == len(log) - 1:
        named = f"entrées {first + 1} à {last + 1} : absentes (la tête publiée du 2026-12-16 les compte"
    assert any(fault.startswith(named) for fault in found), found


@unhurried
@given(_LOGS, st.data())
def test_entries_that_change_places_or_come_twice_are_found(log: list[Trace], data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(log))))
    assume(order != list(range(len(log))))
    assert list(verify([log[place] for place in order])) != []
    twice = data.draw(st.integers(0, len(log) - 1))
    assert f"entrée {twice + 1} : en double ou déplacée (après l'entrée {len(log)})" in list(verify([*log, log[twice]]))


def again(trace: Trace) -> Said:
    """What an entry says, out of its chain."""
    values = {field.name: getattr(trace, field.name) for field in fields(Said)}
    return Said(**{**values, "outcome": AccessOutcome(trace.outcome)})


@unhurried
@given(_LOGS, st.data())
def test_a_log_that_is_written_anew_does_not_agree_with_a_published_head(log: list[Trace], data: st.DataObject) -> None:
    """Somebody with the whole database changes one entry and every digest after it: the chain alone is whole again."""
    place = data.draw(st.integers(0, len(log) - 1))
    told = [again(trace) for trace in log]
    forged = chain([*told[:place], replace(told[place], who=told[place].who + "x"), *told[place + 1 :]])
    assert list(verify(forged)) == []
    found = list(verify(forged, [head_of(trace) for trace in log]))
    assert len(found) == len(log) - place
    assert found[0].endswith(f"(une entrée de {place + 1} à {place + 1} a été réécrite)")


def test_a_rewritten_entry_whose_digest_was_made_anew_is_found_by_the_next() -> None:
    forged = link(LOG[2], said(4, who="personne"))
    (fault,) = verify([*LOG[:3], forged, *LOG[4:]])
    assert fault == "entrée 5 : ne suit pas l'entrée 4 telle qu'elle est (l'une des deux a été réécrite)"
    first = link(None, said(1, who="personne"))
    assert next(verify([first, *LOG[1:]])).startswith("entrée 2 : ne suit pas l'entrée 1")
    astray = replace(LOG[0], previous="f" * 64)
    astray = replace(astray, hash=digest(as_line(astray)))
    assert next(verify([astray])).startswith("entrée 1 : ne suit pas le début du journal")


def test_values_that_no_entry_can_have_are_named() -> None:
    """Whoever writes into the database may write what the service never would."""
    (fault,) = verify([replace(LOG[0], at=10**30), *LOG[1:]])
    assert fault == "entrée 1 : modifiée (son contenu n'a pas l'empreinte qu'elle porte)"
    odd = replace(LOG[1], seq="deux")  # type: ignore[arg-type]
    found = list(verify([LOG[0], odd, *LOG[2:]]))
    assert found == ["une entrée après l'entrée 1 : son numéro est illisible ('deux')", "entrée 2 : absente"]


def test_a_tail_is_missed_from_the_last_published_head_on() -> None:
    assert list(verify(LOG[:5], [head_of(LOG[4])])) == [], "what came after the last head can be missed by nobody"
    heads = [head_of(LOG[3], "2026-12-14"), head_of(LOG[6], "2026-12-16")]
    (fault,) = verify(LOG[:5], heads)
    assert fault == "entrées 6 à 7 : absentes (la tête publiée du 2026-12-16 les compte : fin du journal retirée)"
    (all_of_it,) = verify([], heads)
    assert all_of_it.startswith("entrées 1 à 7 : absentes")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"couleur": "bleu"}, "champs absents ou inconnus : couleur"),
        ({"seq": "1"}, "valeur illisible : seq"),
        ({"seq": True}, "valeur illisible : seq"),
        ({"who": None}, "valeur illisible : who"),
        ({"outcome": "peut-être"}, "valeur illisible"),
        ({"at": "hier"}, "valeur illisible"),
        ({"at": "2026-12-16T08:00:00"}, "valeur illisible"),
        ({"at": "2026-12-16T08:00:00.000+00:00"}, "valeur illisible : at"),
    ],
)
def test_a_line_that_is_no_entry(changes: dict[str, object], told: str) -> None:
    with pytest.raises(UnreadableTrace, match=told):
        from_line({**as_line(LOG[0]), **changes})


# --- the script for outsiders -------------------------------------------------------------------------------------------


def outsider(*files: Path) -> tuple[int, list[str]]:
    """What the script says of a log, in a Python without any library (-I -S)."""
    words = [sys.executable, "-I", "-S", "-X", "utf8", str(SCRIPT), *map(str, files)]
    done = subprocess.run(words, capture_output=True, text=True, encoding="utf-8", check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout.splitlines()


def written(file: Path, log: Sequence[Trace]) -> Path:
    file.write_text("".join(exported(trace) + "\n" for trace in log), encoding="utf-8")
    return file


def test_the_outsider_finds_a_sound_log_sound(tmp_path: Path) -> None:
    log = chain([said(1, who="é\u2028\x7f\U0001f600", reason='"\\\b\f\r\x1f'), said(2, detail="\ud800\0")])
    heads = tmp_path / "tetes"
    heads.mkdir()
    (heads / "2026-12-16.txt").write_text(as_text(head_of(log[1])), encoding="utf-8")
    (heads / "2026-12-01.txt").write_text(as_text(Head(day="2026-12-01", seq=0, hash=GENESIS)), encoding="utf-8")
    assert outsider(written(tmp_path / "j.jsonl", log), heads) == (0, [])
    assert outsider(written(tmp_path / "vide.jsonl", [])) == (0, [])


def test_the_ten_lines_of_the_decision_do_what_they_say(tmp_path: Path) -> None:
    text = DECISION.read_text(encoding="utf-8")
    script = text[text.index("```python\n") + len("```python\n") : text.index("\n```\n")]
    assert len(script.splitlines()) <= 12

    def run(log: Sequence[Trace]) -> subprocess.CompletedProcess[str]:
        words = [sys.executable, "-I", "-S", "-X", "utf8", "-c", script, str(written(tmp_path / "j.jsonl", log))]
        return subprocess.run(words, capture_output=True, text=True, encoding="utf-8", check=False)

    assert run(LOG).stdout == f"7 {LOG[-1].hash}\n"
    for spoilt in ([*LOG[:3], *LOG[4:]], [*LOG[:3], replace(LOG[3], who="personne"), *LOG[4:]]):
        assert "AssertionError: entry after 3" in run(spoilt).stderr


def test_the_outsider_says_what_we_say(tmp_path: Path) -> None:
    file, tete = tmp_path / "j.jsonl", tmp_path / "2026-12-16.txt"
    tete.write_text(as_text(head_of(LOG[6])), encoding="utf-8")
    forged = [*LOG[:3], link(LOG[2], said(4, who="personne")), *LOG[4:]]
    spoilt = [*LOG[:2], replace(LOG[2], who="personne"), *LOG[3:]]
    for log in (forged, spoilt, LOG[:5], [*LOG[:2], *LOG[4:]], [LOG[1], LOG[0], *LOG[2:]]):
        assert outsider(written(file, log), tete) == (1, list(verify(log, [head_of(LOG[6])])))
    rewritten = chain([said(number, who="personne") for number in range(1, 8)])
    assert outsider(written(file, rewritten), tete) == (1, list(verify(rewritten, [head_of(LOG[6])])))


def test_the_outsider_needs_a_log(tmp_path: Path) -> None:
    assert outsider() == (2, [])
    assert outsider(tmp_path / "absent") == (2, [])
    wrong = tmp_path / "tete.txt"
    wrong.write_text("rien", encoding="utf-8")
    assert outsider(written(tmp_path / "j", LOG), wrong) == (2, [])


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10**6), st.integers(1, 255))
def test_the_outsider_finds_any_byte_that_changed(tmp_path: Path, where: int, by: int) -> None:
    sound = "".join(exported(trace) + "\n" for trace in LOG[:3]).encode()[:-1]  # the last end of line holds nothing
    place = where % len(sound)
    spoilt = bytearray(sound)
    spoilt[place] ^= by
    file = tmp_path / "j.jsonl"
    file.write_bytes(bytes(spoilt))
    code, found = outsider(file)
    line = sound[:place].count(b"\n") + 1
    assert code == 1
    assert any(f"ligne {line} :" in fault or f"entrée {line} :" in fault for fault in found), found
