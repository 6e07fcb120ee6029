"""A blind interval is covered when every witness of it agrees: here each of them fails in turn, and is named on the call."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from cti.ami.translate.catchup import Blind, catch_up
from cti.ami.translate.cel import CelRow
from cti.ami.translate.coverage import Shown, Snapshot
from cti.ami.translate.queue_log import QueueLogRow, parse_row, queue_log_of, rows_since
from cti.journey import Journey
from cti.journey import events as ev
from cti.journey.model import Consult, Quality
from tests.scenarios.reading import Folded, cel, fold, queue_log, session, shown_after, stamp

S = 1_000_000
STORY = "api_transfers_to_amu"
RECORDS = session(STORY)
ROWS = cel(STORY)
#: The caller talks to his second agent; his first one answered before we went blind.
CUT = next(i for i, r in enumerate(RECORDS) if r.frame().event == "BridgeEnter") + 1
BACK = max(i for i, r in enumerate(RECORDS) if r.frame().event == "BridgeEnter") + 1
HELD = fold(RECORDS[:CUT])
(BEFORE,) = HELD.calls
UNTIL = stamp(RECORDS[BACK - 1]) + 5_000
SHOWN = shown_after(RECORDS[:BACK])
BLIND = Blind(stamp(RECORDS[CUT - 1]), UNTIL, "essai", SHOWN, queue_log=queue_log(STORY))
#: The watch came back when all was over: queue_log, whose instants are whole seconds, has its say too.
END = stamp(RECORDS[-1]) + 5 * S
OVER = replace(BLIND, until=END, snapshot=Snapshot())
CALLER = BEFORE.channel
(LEG,) = (uniqueid for uniqueid, shown in SHOWN.channels.items() if shown.name.startswith("PJSIP/amu01-"))


def told(blind: Blind = BLIND, rows: Sequence[CelRow] = ROWS, before: Journey = BEFORE) -> tuple[Journey, str]:
    """The call afterwards, and the reason written on it."""
    folded = Folded([], {before.call_id: before})
    folded.take(catch_up(rows, (before,), blind).events)
    (journey,) = folded.calls
    reasons = [note.detail for note in journey.anomalies if note.kind == "observation_lost"]
    assert (journey.quality is Quality.UNCERTAIN) == bool(reasons)
    return journey, "".join(reasons)


def shown(**changes: Shown | None) -> Blind:
    """What the PBX shows, one channel changed (None: not there)."""
    channels = {**SHOWN.channels}
    for which, changed in changes.items():
        uniqueid = {"caller": CALLER, "leg": LEG}.get(which, "99.9")
        if changed is None:
            del channels[uniqueid]
        else:
            channels[uniqueid] = changed
    return replace(BLIND, snapshot=replace(SHOWN, channels=channels))


def log(*lines: str, without: str = "-") -> Blind:
    """queue_log with more lines, or without those of an event."""
    kept = [row for row in OVER.queue_log if row.event != without]
    more = [row for line in lines if (row := parse_row(line)) is not None]
    return replace(OVER, queue_log=(*kept, *more))


def test_all_witnesses_agree() -> None:
    journey, reason = told()
    assert (journey.quality, reason) == (Quality.RECONSTRUCTED, "")
    lost = [event for event in catch_up(ROWS, (BEFORE,), BLIND).events if isinstance(event, ev.ObservationLost)]
    assert [(event.covered, event.reason, event.since, event.at) for event in lost] == [(True, "essai", BLIND.since, UNTIL)]
    assert [stage.agent for stage in journey.stages] == ["arm01", "amu01"]


def test_a_talk_that_went_on_is_a_covered_interval_too() -> None:
    """Nothing happened while we were blind: CEL says so, and so does the PBX."""
    blind = replace(BLIND, until=BLIND.since + 50_000, snapshot=shown_after(RECORDS[:CUT]))
    journey, reason = told(blind)
    assert (journey.quality, reason) == (Quality.RECONSTRUCTED, "")


def without(*kinds: str) -> list[CelRow]:
    return [row for row in ROWS if row.kind not in kinds]


def as_before_the_numbering(row: CelRow) -> CelRow:
    first, bar, rest = row.extra.get("extra", "").partition("|")
    return replace(row, extra={"extra": first.partition("/")[0] + bar + rest}) if row.ours else row


SO_FAR = [row for row in ROWS if row.at <= UNTIL]
FIRST = BEFORE.t0 // S


@pytest.mark.parametrize(
    ("blind", "rows", "reason"),
    [
        (replace(BLIND, troubles=("cti-cel.csv: the last row is torn",)), ROWS, "CEL illisible par endroits (cti-cel.csv"),
        (replace(BLIND, started_at=UNTIL - S), ROWS, "le PBX a redémarré"),
        (BLIND, (), "CEL ne connaît pas cet appel depuis son arrivée"),
        (BLIND, [r for r in ROWS if r.uniqueid != CALLER], "CEL ne connaît pas cet appel depuis son arrivée"),
        (BLIND, without("SAS_ROUTE"), "CEL incomplet (PJSIP/operateur-00000000 : route non écrite)"),
        (BLIND, without("SAS_TRANSFER"), "CEL incomplet (ligne 6 de l'appel non écrite)"),
        (BLIND, [as_before_the_numbering(r) for r in ROWS], "CEL incomplet (plan de numérotation d'une version antérieure)"),
        (BLIND, [r for r in ROWS if r.uniqueid != LEG], "CEL incomplet (PJSIP/operateur-00000000 : seul dans un pont)"),
        (shown(caller=None), SO_FAR, "le PBX montre autre chose que CEL (PJSIP/operateur-00000000 n'existe plus)"),
        (shown(leg=None), SO_FAR, "le PBX montre autre chose que CEL (PJSIP/amu01-00000002 n'existe plus)"),
        (shown(leg=Shown("PJSIP/amu01-00000002", CALLER, "b-9")), ROWS, "PJSIP/amu01-00000002 est dans un autre pont)"),
        (shown(other=Shown("PJSIP/x-1", "99.9", "", BEFORE.call_id)), ROWS, "(canal 99.9 inconnu de CEL)"),
        (replace(BLIND, snapshot=replace(SHOWN, waiting={CALLER: "mg"})), SO_FAR, "(l'appelant attend mg)"),
        (log(f"{FIRST}|{CALLER}|sas-mg|x|RINGNOANSWER|1000"), ROWS, "queue_log dit autre chose que CEL (un poste qui a sonné"),
        (log(f"{FIRST - 60}|{CALLER}|sas-mg|x|CONNECT|1", without="CONNECT"), ROWS, "(un décroché que CEL n'a pas)"),
        (log(f"{FIRST - 60}|{CALLER}|sas-mg|x|ENTERQUEUE|1", without="CONNECT"), ROWS, "(un décroché qu'il n'a pas)"),
    ],
)  # fmt: skip
def test_a_witness_that_fails_is_named(blind: Blind, rows: Sequence[CelRow], reason: str) -> None:
    journey, why = told(blind, rows)
    assert reason in why, why
    assert journey.quality is Quality.UNCERTAIN


#: A phone that rang, that CEL does not know.
GHOST = (replace(BEFORE.stages[0].legs[0], leg="9.9", answered_at=None, ended_at=BEFORE.last_at, how=ev.OfferEnd.NO_ANSWER),)


#: A colleague whom the agent asked, that CEL does not know.
ASIDE = Consult(agent="arm01", line="9.8", target="802", started_at=BEFORE.last_at)


def another(change: Callable[[Journey], Journey]) -> Journey:
    return change(BEFORE)


@pytest.mark.parametrize(
    ("before", "reason"),
    [
        (another(lambda j: replace(j, did="112")), "l'arrivée"),
        (another(lambda j: replace(j, t0=j.t0 - 2 * S)), "l'arrivée"),
        (another(lambda j: replace(j, answered_by="arm02")), "le décroché"),
        (another(lambda j: replace(j, answered_at=(j.answered_at or 0) + 2 * S)), "le décroché"),
        (another(lambda j: replace(j, stages=(*j.stages, replace(j.stages[0], filiere="mg")))), "le nombre d'étapes"),
        (another(lambda j: replace(j, stages=(replace(j.stages[0], filiere="mg"),))), "l'étape 1"),
        (another(lambda j: replace(j, stages=(replace(j.stages[0], legs=(*j.stages[0].legs, *GHOST)),))), "l'étape 1"),
        (another(lambda j: replace(j, recordings=())), "l'enregistrement"),
        (another(lambda j: replace(j, consults=(ASIDE,))), "les consultations"),
    ],
)
def test_a_story_that_cel_tells_otherwise_is_in_doubt(before: Journey, reason: str) -> None:
    assert f"CEL ne dit pas la même histoire ({reason})" in told(before=before)[1]


def test_a_channel_that_is_still_there_although_cel_ended_it() -> None:
    whole = fold(RECORDS)
    assert "existe encore" in told(replace(OVER, snapshot=SHOWN))[1]
    after, reason = told(OVER)
    assert (after.quality, after.outcome, reason) == (Quality.RECONSTRUCTED, whole.calls[0].outcome, "")


def test_queue_log_is_read_from_its_end(tmp_path: Path) -> None:
    path = queue_log_of(tmp_path / "cel-custom" / "cti-cel.csv")
    assert path == tmp_path / "queue_log"
    troubles: list[str] = []
    assert (list(rows_since(path, 0, troubles)), troubles) == ([], ["queue_log : fichier absent"])
    old = "".join(f"{1000 + n}|1.{n}|sas-n1|x|CONNECT|0\n" for n in range(20_000))
    path.write_text(old + "torn\n30000|NONE|NONE|NONE|QUEUESTART|\n30000|9.9|sas-n1|x|CONNECT|0\n", encoding="utf-8")
    found = list(rows_since(path, 30_000 * S, troubles))
    assert found == [QueueLogRow(30_000 * S, "9.9", "sas-n1", "x", "CONNECT")]
    assert troubles[1:] == ["queue_log : not a row of queue_log: 'torn'"]
    assert len(list(rows_since(path, 0, []))) == 20_001


def test_cel_is_read_from_the_birth_of_the_oldest_live_channel() -> None:
    shown = Snapshot({"1797408000.3": Shown("PJSIP/a", ""), "1797408100.4": Shown("PJSIP/b", ""), "odd": Shown("PJSIP/c", "")})
    assert shown.oldest(0) == 1797408000 * S
    assert shown.oldest(1797408050 * S) == 1797408100 * S, "one that has hung for days is not looked for"
    assert (shown.oldest(1797409000 * S), Snapshot().oldest(0)) == (None, None)


def test_an_end_that_cel_tells_otherwise_is_in_doubt() -> None:
    (whole,) = fold(RECORDS).calls
    earlier = replace(whole, ended_at=(whole.ended_at or 0) - 3 * S)
    assert "CEL ne dit pas la même histoire (la fin)" in told(OVER, before=earlier)[1]


def test_a_call_that_goes_on_is_covered_by_a_log_that_has_no_end_of_it_yet() -> None:
    journey, reason = told(rows=SO_FAR)
    assert (journey.quality, journey.ended_at, reason) == (Quality.RECONSTRUCTED, None, "")


def shown_in_no_queue(*, answered: bool) -> str:
    """The reason, when CEL has the caller in the queue of a phone that rings, and the PBX shows him in none."""
    name = "caller_waits_for_busy_agent"
    records, rows = session(name), cel(name)
    picked_up = max(row.at for row in rows if row.kind == "ANSWER" and row.channel.startswith("PJSIP/arm"))
    until = picked_up + (100 if answered else -100)
    seen = [record for record in records if stamp(record) <= until]
    before = max(fold(seen).calls, key=lambda journey: journey.t0)
    blind = Blind(until - S, until, "essai", replace(shown_after(seen), waiting={}))
    return told(blind, [row for row in rows if row.at <= until], before)[1]


def test_a_caller_between_queue_and_agent_is_in_neither_once_somebody_picked_up() -> None:
    assert shown_in_no_queue(answered=True) == ""
    assert "l'appelant attend nulle part" in shown_in_no_queue(answered=False)


@pytest.mark.parametrize("name", ["outgoing_call_busy", "outgoing_call_reached"])
def test_what_an_agent_of_a_torn_call_dialled_may_have_been_for_its_caller(name: str) -> None:
    """His outgoing call is whole in CEL; that of the caller he may have had is not."""
    rows = cel(name)
    blind = Blind(rows[0].at - S, rows[-1].at + 5 * S, "essai", Snapshot())
    torn = [row for row in cel("test_call") if row.kind != "SAS_RECORDING"]

    def reasons(beside: Sequence[CelRow]) -> list[str]:
        events = catch_up([*beside, *rows], (), blind).events
        return [event.reason for event in events if isinstance(event, ev.ObservationLost)]

    assert reasons(cel("test_call")) == []
    assert reasons(torn) == ["essai ; CEL incomplet (peut-être une consultation pour un autre appel)"]
