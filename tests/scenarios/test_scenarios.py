"""Every caller's story, replayed: what is told, what people really did, what CEL alone knows, what a lost link costs."""

import csv
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import pytest

from cti.ami.translate import Translator
from cti.ami.translate.catchup import Blind, catch_up
from cti.ami.translate.cel import CelRow
from cti.ami.translate.coverage import Snapshot
from cti.journey import Journey
from cti.journey import events as ev
from cti.journey.model import AbandonPhase, Quality, StageEnd
from cti.journey.states import State
from tests.scenarios.over import CLOSE_MS, check_over
from tests.scenarios.reading import (
    HERE,
    Folded,
    caught_up,
    cel,
    expected,
    fold,
    queue_log,
    session,
    shown_after,
    span_ms,
    stamp,
    summary,
)
from tests.scenarios.repertoire import STORIES
from tests.scenarios.scene import OUTSIDE, POSTS

#: A busy machine opens the channel this late after the INVITE was sent.
OPENED_MS = 400
#: SIPp stamps a message after it was sent; a busy machine lets the PBX be quicker than that.
SENT_MS = 20
#: Time the watch takes for its snapshot of the PBX, at least (microseconds).
SNAPSHOT_US = 5_000
#: The caller leaves within milliseconds of a ring in vain: in CEL the phone stops because he leaves.
CEL_TAKES_FOR_RINGING = "caller_leaves_as_the_phone_gives_up"
#: An agent joins two callers by mistake: in CEL the talk ended, and the one who stayed was passed on.
CEL_TAKES_FOR_TRANSFER = (
    "agent_joins_two_callers_to_each_other",
    "supervisor_parts_two_joined_callers",
    "two_joined_callers_and_the_first_leaves",
)
#: Asterisk joins two lines for half a second, and tells the hang-up of whoever left meanwhile when it is done.
HELD_BY_THE_TRANSFER = "caller_hangs_up_at_the_completion"
JOINS_MS = 600
SECOND_LINE = " (2)"  #: how SIPp's trace calls an agent's second line
#: Stories in which an agent calls somebody: what SIPp's people say of them is compared in ``test_outgoing_scenarios``.
CALLING = {name for name, story in STORIES.items() if any(truth.outcome.endswith("reached") for truth in story.truths)}
of_callers = pytest.mark.parametrize("name", sorted(STORIES.keys() - CALLING))
names = pytest.mark.parametrize("name", sorted(STORIES))


def test_every_script_is_recorded_and_every_recording_has_a_script() -> None:
    recorded = {path.parent.name for path in HERE.glob("*/session.ami")}
    assert recorded == set(STORIES)
    for name in recorded:
        kept = {path.name for path in (HERE / name).iterdir()}
        assert kept == {"session.ami", "cel.csv", "queue_log", "people.csv", "expected.json"}


# --- live -------------------------------------------------------------------------------------------------------------


@names
def test_the_session_tells_what_is_expected(name: str) -> None:
    told = json.loads(json.dumps(expected(fold(session(name)))))
    assert told == json.loads((HERE / name / "expected.json").read_text(encoding="utf-8"))


@names
def test_the_callers_lived_what_the_script_says(name: str) -> None:
    journeys = fold(session(name)).calls
    told = [(j.outcome, summary(j), j.abandon_phase, j.lost_waiting) for j in journeys]
    assert told == [(t.outcome, t.stages, t.phase, t.lost_waiting) for t in STORIES[name].truths]
    assert [tuple(a.kind for a in journey.anomalies) for journey in journeys] == [t.anomalies for t in STORIES[name].truths]
    assert {journey.state for journey in journeys} == {State.ENDED}
    assert {journey.quality for journey in journeys} == {Quality.OBSERVED}


@names
def test_holds_are_seen(name: str) -> None:
    folded = fold(session(name))
    for truth, journey in zip(STORIES[name].truths, folded.calls, strict=True):
        kinds = [type(e) for e in folded.events if isinstance(e, ev.CallEvent) and e.call_id == journey.call_id]
        assert kinds.count(ev.CallerHeld) == truth.held


@names
def test_holds_are_in_cel(name: str) -> None:
    """Music for a caller who is with an agent: CEL has no other row for a hold."""
    told = events_of_cel(name)
    for truth, journey in zip(STORIES[name].truths, fold(session(name)).calls, strict=True):
        kinds = [type(e) for e in told if e.call_id == journey.call_id]
        assert kinds.count(ev.CallerHeld) == truth.held


@names
def test_what_comes_twice_changes_nothing(name: str) -> None:
    once = fold(session(name))
    twice = fold(record for record in session(name) for _ in range(2))
    assert twice.journeys == once.journeys
    assert fold(session(name)).journeys == once.journeys


# --- what people did --------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Dialog:
    """One SIP dialog of one person, by SIPp's own trace."""

    person: str
    began_at: int
    mine: bool  #: he dialled
    answered_at: int | None = None
    ended_at: int | None = None
    refused: ev.OfferEnd | None = None  #: by 486 or 503
    went: bool = False  #: he hung up, not the PBX
    keyed: bool = False  #: his REFER joins two calls: it is over when NOTIFY says so


@cache
def dialogs(name: str) -> tuple[Dialog, ...]:
    found: dict[tuple[str, str], Dialog] = {}
    with (HERE / name / "people.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            key, at, sends = (row["person"], row["dialog"]), int(row["at"]), row["direction"] == "S"
            method, first = row["cseq"].split()[1], row["message"].split()[0]
            dialog = found.setdefault(key, Dialog(row["person"], at, mine=sends))
            if method == "INVITE" and row["message"].startswith("SIP/2.0 200") and dialog.answered_at is None:
                dialog.answered_at = at
            dialog.keyed = dialog.keyed or (method == "INFO" and not sends)
            if dialog.keyed and sends and first == "INVITE":  # it failed, and he takes his caller back
                dialog.keyed, dialog.ended_at = False, None
            over = ("BYE", "CANCEL", "NOTIFY" if dialog.keyed else "REFER")
            if first in over and dialog.ended_at is None:
                dialog.ended_at = at
                dialog.went = sends and first == "BYE"
            if sends and row["message"].startswith(("SIP/2.0 486", "SIP/2.0 503")):
                dialog.ended_at = at
                dialog.refused = ev.OfferEnd.BUSY if " 486" in row["message"] else ev.OfferEnd.UNREACHABLE
    return tuple(sorted(found.values(), key=lambda dialog: dialog.began_at))


@of_callers
def test_callers_came_and_went_when_sipp_says_so(name: str) -> None:
    journeys = fold(session(name)).calls
    callers = [dialog for dialog in dialogs(name) if dialog.mine and not dialog.person.endswith(SECOND_LINE)]
    assert len(callers) == len(journeys)
    for dialog, journey in zip(callers, journeys, strict=True):
        assert -SENT_MS * 1000 < journey.t0 - dialog.began_at < OPENED_MS * 1000
        assert span_ms(dialog.ended_at, journey.ended_at) < (JOINS_MS if name == HELD_BY_THE_TRANSFER else CLOSE_MS)


def consulted(name: str) -> set[tuple[str, int]]:
    """The rings of phones that an agent asked for a caller who was not passed on to them: in no stage."""
    kept: set[tuple[str, int]] = set()
    for journey in fold(session(name)).calls:
        for consult in journey.consults:
            # A filière asked from the screen is asked anew when the caller takes the place before anybody answered.
            in_vain = consult.answered_by is None and not consult.target.isdigit()
            if consult.how not in (ev.ConsultEnd.TRANSFERRED, ev.ConsultEnd.JOINED) or in_vain:
                until = consult.ended_at or journey.ended_at or 0
                kept |= {(d.person, d.began_at) for d in dialogs(name) if not d.mine and consult.started_at < d.began_at < until}
    return kept


@names
def test_consultations_are_what_the_script_says(name: str) -> None:
    """No call of their own, and when SIPp's second line was there."""
    lines = [dialog for dialog in dialogs(name) if dialog.mine and dialog.person.endswith(SECOND_LINE)]
    for truth, journey in zip(STORIES[name].truths, fold(session(name)).calls, strict=True):
        told = tuple(f"{consult.answered_by or '-'} {consult.how}" for consult in journey.consults)
        assert told == truth.consults
        for consult in journey.consults:
            his = [one for one in lines if one.person.removesuffix(SECOND_LINE) == consult.agent]
            line = next((o for o in his if -SENT_MS * 1000 < consult.started_at - o.began_at < OPENED_MS * 1000), None)
            if line is None:
                continue  # by a code or from the screen
            lines.remove(line)
            if consult.how in (ev.ConsultEnd.RETURNED, ev.ConsultEnd.NO_ANSWER):
                assert span_ms(line.ended_at, consult.ended_at) < CLOSE_MS
        assert all(c.answered_at is not None for c in journey.consults if c.answered_by is not None)
    assert lines == [], "each second line is told, at its time and as its agent's"


@of_callers
def test_phones_rang_answered_and_stopped_when_sipp_says_so(name: str) -> None:
    legs = defaultdict(list)
    talks_on: set[str] = set()  #: who consulted from the screen may talk on with whom he asked, without a caller
    for journey in fold(session(name)).calls:
        for stage in journey.stages:
            for leg in stage.legs:
                legs[leg.agent].append(leg)
        gone = (c for c in journey.consults if c.how is ev.ConsultEnd.CALLER_GONE and not c.target.isdigit())
        talks_on.update(consult.agent for consult in gone)
    of_consults = consulted(name)
    rang = defaultdict(list)
    for dialog in dialogs(name):
        if not dialog.mine and dialog.person not in guests_of(name) and (dialog.person, dialog.began_at) not in of_consults:
            rang[dialog.person].append(dialog)
    assert {agent: len(seen) for agent, seen in legs.items()} == {agent: len(seen) for agent, seen in rang.items()}
    for agent, seen in legs.items():
        for leg, dialog in zip(sorted(seen, key=lambda leg: leg.offered_at), rang[agent], strict=True):
            assert span_ms(leg.offered_at, dialog.began_at) < OPENED_MS
            if agent in talks_on:
                assert leg.ended_at is not None
                assert dialog.ended_at is not None
                assert leg.ended_at <= dialog.ended_at
            else:
                assert span_ms(leg.ended_at, dialog.ended_at) < (JOINS_MS if name == HELD_BY_THE_TRANSFER else CLOSE_MS)
            assert (leg.answered_at is None) == (dialog.answered_at is None), agent
            assert dialog.refused in (None, leg.how), agent
            assert (leg.how in (ev.OfferEnd.BUSY, ev.OfferEnd.UNREACHABLE)) == (dialog.refused is not None), agent
            if leg.answered_at is not None:
                assert span_ms(leg.answered_at, dialog.answered_at) < CLOSE_MS


def guests_of(name: str) -> set[str]:
    """Who is no agent of the story: the fire service, a colleague called at his post."""
    owners = {post: agent for agent, post in POSTS.items()}
    codes = {truth.partition(" ")[0] for story in STORIES[name].truths for truth in story.guests}
    return {OUTSIDE, *(owners[code] for code in codes if code in owners)}


@names
def test_guests_are_what_the_script_says(name: str) -> None:
    """Called, there and gone when SIPp says so; from CEL alone too."""
    # One trunk: after a patient who was called, the fire service rings at the same SIPp.
    called = [dialog for dialog in dialogs(name) if dialog.person == "patient"][1:] if STORIES[name].truths[0].guests else []
    outside = called or [dialog for dialog in dialogs(name) if dialog.person in guests_of(name)]
    for told, truth in zip((*fold(session(name)).calls, *in_order(blind(name))), STORIES[name].truths * 2, strict=True):
        assert tuple(f"{guest.code} {guest.how}" for guest in told.guests) == truth.guests
        for guest, dialog in zip(told.guests, outside, strict=True):
            assert span_ms(guest.asked_at, dialog.began_at) < OPENED_MS
            assert (guest.answered_at is None) == (dialog.answered_at is None)
            assert dialog.answered_at is None or span_ms(guest.answered_at, dialog.answered_at) < CLOSE_MS
            assert span_ms(guest.left_at, dialog.ended_at) < CLOSE_MS
            assert (guest.how is ev.GuestEnd.LEFT) == dialog.went


# --- CEL alone --------------------------------------------------------------------------------------------------------


def events_of_cel(name: str, rows: Sequence[CelRow] | None = None) -> tuple[ev.CallEvent, ...]:
    """As if the link had been down for the whole story, and CEL had kept these rows of it."""
    whole = cel(name)
    blind = Blind(whole[0].at, whole[-1].at + 5_000_000, "essai", Snapshot(), queue_log=queue_log(name))
    return catch_up(whole if rows is None else rows, (), blind).events


def blind(name: str, rows: Sequence[CelRow] | None = None) -> dict[str, Journey]:
    """The calls that those events tell."""
    folded = Folded([], {})
    folded.take(events_of_cel(name, rows))
    return folded.journeys


@names
def test_cel_alone_tells_the_same_story(name: str) -> None:
    seen = fold(session(name)).journeys
    told = blind(name)
    assert told.keys() == seen.keys()
    for call_id, live in seen.items():
        witness = told[call_id]
        if name in CEL_TAKES_FOR_TRANSFER:  # and says so
            assert (witness.outcome, witness.quality) == (live.outcome, Quality.UNCERTAIN)
            continue
        assert (witness.outcome, witness.quality) == (live.outcome, Quality.RECONSTRUCTED)
        assert (witness.did, witness.flux, witness.caller, witness.public) == (live.did, live.flux, live.caller, live.public)
        if name != CEL_TAKES_FOR_RINGING:
            assert witness.abandon_phase == live.abandon_phase
        assert witness.lost_waiting == live.lost_waiting
        assert witness.answered_by == live.answered_by
        assert (witness.answered_at is None) == (live.answered_at is None)
        assert span_ms(witness.t0, live.t0) <= CLOSE_MS
        assert span_ms(witness.ended_at, live.ended_at) <= CLOSE_MS
        assert len(witness.recordings) == len(live.recordings)
        compare_stages(witness, live)
        assert (witness.priority, witness.silent) == (live.priority, live.silent)
        assert (witness.greeting_ms is None) == (live.greeting_ms is None)
        assert abs((witness.greeting_ms or 0) - (live.greeting_ms or 0)) <= CLOSE_MS
        assert [stage.end for stage in witness.stages] == [stage.end for stage in live.stages]
        assert witness.anomalies == ()


def test_what_cel_alone_gets_wrong_is_known() -> None:
    """When one of these fails, CEL has learnt to tell it: rejoice, and take it off the list in the README."""
    (journey,) = blind(CEL_TAKES_FOR_RINGING).values()
    assert journey.abandon_phase is AbandonPhase.RINGING
    first, _ = sorted(blind(CEL_TAKES_FOR_TRANSFER[0]).values(), key=lambda journey: journey.t0)
    assert [stage.end for stage in first.stages] == [StageEnd.TRANSFERRED, StageEnd.AGENT_HANGUP]


def roomy(name: str) -> bool:
    return any(row.kind == "SAS_DEMANDE" for row in cel(name))


def in_order(journeys: dict[str, Journey]) -> list[Journey]:
    return sorted(journeys.values(), key=lambda journey: (journey.t0, journey.call_id))


def compare_stages(witness: Journey, live: Journey) -> None:
    """All that is told of stages, places in the queue left out."""
    names = ["filiere", "agent", "source", "motif", "priority", "end", "via"]
    assert [[getattr(s, name) for name in names] for s in witness.stages] == [
        [getattr(s, name) for name in names] for s in live.stages
    ]
    for told, seen in zip(witness.stages, live.stages, strict=True):
        assert span_ms(told.entered_at, seen.entered_at) <= CLOSE_MS
        assert span_ms(told.left_at, seen.left_at) <= CLOSE_MS
        assert [(leg.agent, leg.how) for leg in told.legs] == [(leg.agent, leg.how) for leg in seen.legs] or (
            seen.filiere == "n1" and live.abandon_phase is not witness.abandon_phase
        )
        if seen.answered_at is not None:
            assert span_ms(told.answered_at, seen.answered_at) <= CLOSE_MS


# --- the link lost ----------------------------------------------------------------------------------------------------


@names
def test_link_lost_and_never_back_before_the_end(name: str) -> None:
    """Cut at every frame; the watch comes back when all is over, and CEL tells the rest."""
    records, whole = session(name), fold(session(name)).journeys
    for cut in range(1, len(records)):
        held = fold(records[:cut])
        known = {call_id for call_id, j in held.journeys.items() if j.ended_at is None}
        ended = held.journeys.keys() - known
        until = max(stamp(records[-1]), cel(name)[-1].at) + 1_000_000
        held.take(caught_up(name, held, stamp(records[cut - 1]), until, Snapshot()).events)
        check_cut(f"{name} cut before frame {cut}", held, whole, known, ended)


@pytest.mark.parametrize("missed", [1, 4, 12, 30])
@names
def test_link_lost_for_a_while(name: str, missed: int) -> None:
    """Cut at every frame, back so many frames later.

    CEL tells what is between, and what comes while the watch takes its snapshot: live frames, which have been waiting,
    tell that once more.
    """
    records, whole = session(name), fold(session(name)).journeys
    for cut in range(1, len(records) - missed):
        back = cut + missed
        held = fold(records[:cut])
        known = {call_id for call_id, j in held.journeys.items() if j.ended_at is None}
        ended = held.journeys.keys() - known
        until = stamp(records[back - 1]) + SNAPSHOT_US
        shown = shown_after(record for record in records if stamp(record) <= until)
        caught = caught_up(name, held, stamp(records[cut - 1]), until, shown)
        held.take(caught.events)
        translator = Translator()
        translator.book = caught.book
        for record in records[back:]:
            held.take(translator.read(record.frame()))
        check_cut(f"{name} blind for frames {cut} to {back}", held, whole, known, ended)


def check_cut(where: str, held: Folded, whole: dict[str, Journey], known: set[str], ended: set[str]) -> None:
    """One outcome, the true one; the doubt is said; no stage twice."""
    assert held.journeys.keys() == whole.keys(), where
    for call_id, live in whole.items():
        told = held.journeys[call_id]
        assert told.state is State.ENDED, where
        assert told.outcome is live.outcome, where
        if where.startswith(CEL_TAKES_FOR_TRANSFER) and told.quality is Quality.UNCERTAIN:
            continue  # what CEL takes for something else than we saw is a doubt
        assert [s.filiere for s in told.stages] == [s.filiere for s in live.stages], where
        assert [s.agent for s in told.stages] == [s.agent for s in live.stages], where
        if not where.startswith(CEL_TAKES_FOR_TRANSFER):
            assert [(s.end, s.via) for s in told.stages] == [(s.end, s.via) for s in live.stages], where
        assert not any(leg.ringing or leg.talking for stage in told.stages for leg in stage.legs), where
        if call_id in known:
            assert told.quality is Quality.RECONSTRUCTED, (where, told.anomalies)
        elif call_id in ended:
            check_over(where, told, live)
        assert (told.answered_at is None) == (live.answered_at is None), where
        if live.answered_at is not None:
            assert span_ms(told.answered_at, live.answered_at) <= CLOSE_MS, where
        assert span_ms(told.ended_at, live.ended_at) <= CLOSE_MS, where
        doubts = {"attended_transfer", "observation_lost"} if where.startswith(CEL_TAKES_FOR_TRANSFER) else set()
        kinds = {a.kind for a in told.anomalies} - doubts
        assert kinds <= {a.kind for a in live.anomalies}, where


def test_a_whole_story_told_again_changes_nothing() -> None:
    once = fold(session("held_and_resumed"))
    again = Folded([], dict(once.journeys))
    again.take(once.events)
    assert again.journeys == once.journeys
