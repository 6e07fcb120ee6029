"""Whatever happens to the frames and rows of the recorded stories: lost, repeated, out of order, cut, mixed with another story's.

``make test`` tries a few hundred of each; ``CTI_DEEP=1 pytest tests/scenarios/test_properties.py`` tries thirty times as many.
"""

import os
import re
import uuid
from collections.abc import Callable, Iterable, Sequence
from random import Random
from typing import Any, TypeAlias

from hypothesis import HealthCheck, given
from hypothesis import settings as settings_of
from hypothesis import strategies as st

from cti.ami.recorded import Recorded
from cti.ami.translate import Translator, telephony
from cti.ami.translate.catchup import Blind, catch_up
from cti.ami.translate.cel import CelRow
from cti.ami.translate.channels import ChannelBook
from cti.ami.translate.outgoing import Click
from cti.ami.translate.witness import CelTranslator
from cti.journey import Journey, Outcome, State, apply
from cti.journey import events as ev
from cti.journey.telling import tell
from cti.live import Board
from cti.qos import Period, report
from tests.fakes.room import FILIERES
from tests.scenarios.reading import Folded, cel, fold, session, shown_after, stamp
from tests.scenarios.repertoire import STORIES
from tests.scenarios.test_complaints import PARIS, SITE

TIMES = 30 if os.environ.get("CTI_DEEP") else 1
UNHURRIED = settings_of(max_examples=300 * TIMES, deadline=None, suppress_health_check=list(HealthCheck))
NAMES = st.sampled_from(sorted(STORIES))
PLACES = st.integers(0, 10_000)


class Told(list[Any]):
    """Frames or rows, shown by how they came to be: hypothesis prints what failed."""

    def __init__(self, items: Iterable[Any], recipe: str) -> None:
        super().__init__(items)
        self.recipe = recipe

    def __repr__(self) -> str:
        return f"<{len(self)} of {self.recipe}>"


def own(number: int, record: Recorded) -> Recorded:
    """The frame as another PBX would tell it: identities, and phones, that no other story has."""
    text = record.frame_bytes.replace(b"PJSIP/", b"PJSIP/%d" % number)
    for name in (b"Uniqueid: ", b"Linkedid: ", b"CallId: ", b"SAS_CALL=", b"Leg: ", b"Line: "):
        text = text.replace(name, b"%b%d-" % (name, number))
    text = text.replace(b"%d-cti~" % number, b"cti~%d-" % number)  # a click names its call in the channel's own identity
    return Recorded(text, record.received_at, record.epoch)


@st.composite
def mixed(draw: st.DrawFn) -> list[Recorded]:
    """One to three stories at once, each in its own order."""
    stories, seed = draw(st.lists(NAMES, min_size=1, max_size=3)), draw(st.integers(0, 2**32))
    told = [[own(n, record) for record in session(name)] for n, name in enumerate(stories)]
    chance = Random(seed)
    merged: list[Recorded] = []
    while told:
        story = chance.choice(told)
        size = chance.randint(1, 12)
        merged += story[:size]
        del story[:size]
        told = [story for story in told if story]
    return Told(merged, f"{' '.join(stories)} seed {seed}")


def _lost(items: list[Any], at: int, size: int) -> None:
    del items[at : at + size]


def _repeated(items: list[Any], at: int, size: int) -> None:
    items[at:at] = items[at : at + size]


def _late(items: list[Any], at: int, size: int) -> None:
    items.insert(min(len(items), at + size), items.pop(at))


def _backwards(items: list[Any], at: int, size: int) -> None:
    items[at : at + size] = items[at : at + size][::-1]


def _ended(items: list[Any], at: int, _size: int) -> None:
    del items[max(at, 1) :]


def _begun(items: list[Any], at: int, _size: int) -> None:
    del items[:at]


Fault: TypeAlias = Callable[[list[Any], int, int], None]
FAULTS: tuple[Fault, ...] = (_lost, _repeated, _late, _backwards, _ended, _begun)
TROUBLES = st.lists(st.tuples(st.sampled_from(FAULTS), PLACES, st.integers(1, 30)), max_size=12)


def troubled(items: Sequence[Any], troubles: Sequence[tuple[Fault, int, int]]) -> list[Any]:
    """The items after these misfortunes."""
    left = list(items)
    for fault, place, size in troubles:
        if left:
            fault(left, place % len(left), size)
    return left


@st.composite
def torn(draw: st.DrawFn) -> list[Recorded]:
    """Troubled frames, some of them cut in the middle."""
    whole, troubles = draw(mixed()), draw(TROUBLES)
    records, cuts = troubled(whole, troubles), draw(st.lists(st.tuples(PLACES, st.integers(0, 400)), max_size=4))
    for place, cut in cuts:
        if records:
            at = place % len(records)
            records[at] = Recorded(records[at].frame_bytes[:cut], records[at].received_at, records[at].epoch)
    return Told(records, f"{whole} after {[(fault.__name__, place, size) for fault, place, size in troubles]} cut {cuts}")


def sound(journeys: dict[str, Journey]) -> None:
    """What must hold of any journeys, however they came to be."""
    for journey in journeys.values():
        assert (journey.outcome in set(Outcome)) is (journey.ended_at is not None) is (journey.state is State.ENDED)
        assert (journey.abandon_phase is not None) is (journey.outcome is Outcome.ABANDONED)
        assert journey.answered_at is None or any(stage.answered_at is not None for stage in journey.stages)
        tell(journey)
    seen = [journey for journey in journeys.values() if journey.t0]
    if seen:
        first = min(journey.t0 for journey in seen)
        period = Period(first, first + 3_600_000_000, PARIS)
        found = report([j for j in seen if period.since <= j.t0 < period.until], SITE, "public_24h", period)
        assert (found.figure("decroches").value or 0) <= (found.figure("entrants").value or 0)


def nameless(uniqueid: str) -> str:
    """The identity of a call that ended before the dialplan named it: derived from its channel."""
    return str(uuid.uuid5(telephony._UNNAMED, uniqueid))


def identities(records: Sequence[Recorded]) -> set[str]:
    """Every name of a call in these frames, clicks among them, and those derived from a channel whose call got none."""
    found: set[str] = set()
    for frame in (record.frame() for record in records):
        found |= {frame.get("CallId", ""), nameless(frame.get("Uniqueid", ""))}
        click = Click.read(frame.get("Uniqueid", ""))
        found |= {click.call_id} if click is not None else set()
        text = frame.raw.decode("utf-8", "replace")
        found.update(part.split("\r\n")[0].strip() for part in text.split("SAS_CALL=")[1:])
    return found


# --- frames -----------------------------------------------------------------------------------------------------------


@UNHURRIED
@given(torn())
def test_no_misfortune_of_frames_raises_or_invents_a_call(records: list[Recorded]) -> None:
    folded = fold(records)
    sound(folded.journeys)
    known = identities(records)
    assert folded.journeys.keys() <= known
    assert sum(j.outcome is not None for j in folded.calls) == sum(j.ended_at is not None for j in folded.calls)


@UNHURRIED
@given(mixed(), st.lists(PLACES, max_size=40))
def test_frames_that_come_twice_are_the_same_as_once(records: list[Recorded], places: list[int]) -> None:
    twice = {place % len(records) for place in places}
    repeated = [record for at, record in enumerate(records) for _ in range(2 if at in twice else 1)]
    assert fold(repeated).journeys == fold(records).journeys


@UNHURRIED
@given(mixed())
def test_stories_told_at_once_are_each_told_as_alone(records: list[Recorded]) -> None:
    journeys = fold(records).journeys
    by_story: dict[bytes, list[Recorded]] = {}
    for record in records:
        number = re.search(rb"Uniqueid: (?:cti~)?(\d+)-", record.frame_bytes)
        by_story.setdefault(number[1] if number is not None else b"", []).append(record)
    alone = {call_id: journey for story in by_story.values() for call_id, journey in fold(story).journeys.items()}
    assert journeys == alone


@UNHURRIED
@given(torn())
def test_the_board_equals_a_recount_after_any_misfortune(records: list[Recorded]) -> None:
    board = Board(FILIERES, clock=lambda: 0)
    board.seen(ev.LinkUp(at=0))
    journeys: dict[str, Journey] = {}
    for event in fold(records).events:
        if isinstance(event, ev.CallEvent):
            journeys[event.call_id], facts = apply(journeys.get(event.call_id) or Journey(call_id=event.call_id), event)
            board.told(journeys[event.call_id], event, facts)
        else:
            board.seen(event)
    live = [j for j in journeys.values() if j.state not in (State.EXPECTED, State.ENDED)]
    picture = board.snapshot()
    assert set(picture["calls"]) == {j.call_id for j in live}
    # A call that the room placed and has not passed on is at work in no filière: it has a count of its own.
    placed = {j.call_id for j in live if j.placed is not None and len(j.stages) == 1}
    assert picture["totals"]["outgoing"] == len(placed)
    live = [j for j in live if j.call_id not in placed]
    for place, state in (("waiting", State.WAITING), ("talking", State.TALKING), ("held", State.HELD)):
        here = [j for j in live if j.state is state]
        assert picture["totals"][place] == len(here) == sum(f[place] for f in picture["filieres"].values()), place
        for code, card in picture["filieres"].items():
            assert card[place] == sum(with_whom(j) == code for j in here)


def with_whom(journey: Journey) -> str | None:
    """The filière of the last human who came, of whom the caller is with; else the one he waits for."""
    there = [stage for stage in journey.stages if any(leg.talking for leg in stage.legs)]
    waits = journey.state is State.WAITING or not there
    stage = journey.stage if waits else there[-1]
    return stage.filiere if stage is not None else None


# --- rows of CEL ------------------------------------------------------------------------------------------------------


@st.composite
def rows(draw: st.DrawFn) -> tuple[str, list[CelRow]]:
    """The rows of a story after misfortunes."""
    name, troubles = draw(NAMES), draw(TROUBLES)
    told = [(fault.__name__, place, size) for fault, place, size in troubles]
    return name, Told(troubled(cel(name), troubles), f"rows after {told}")


@UNHURRIED
@given(rows())
def test_no_misfortune_of_rows_raises_or_invents_a_call(story: tuple[str, list[CelRow]]) -> None:
    name, left = story
    told = Folded([], {})
    told.take(CelTranslator(ChannelBook()).read(left, cel(name)[-1].at))
    sound(told.journeys)
    assert told.journeys.keys() <= named(left)


@UNHURRIED
@given(rows(), PLACES, PLACES, st.booleans())
def test_a_gap_told_by_damaged_rows_leaves_every_call_sound(
    story: tuple[str, list[CelRow]], lost: int, back: int, restarted: bool
) -> None:
    """Frames up to a cut, damaged rows for the gap, frames from later on; the calls that were open are ended or alive."""
    name, left = story
    records = session(name)
    first = lost % len(records)
    second = first + back % (len(records) - first)
    held = fold(records[:first])
    before = set(held.journeys)
    open_calls = [journey for journey in held.journeys.values() if journey.ended_at is None]
    since = stamp(records[first - 1]) if first else stamp(records[0])
    until = max(since, stamp(records[second]))
    shown = shown_after(record for record in records if stamp(record) <= until)
    told = catch_up(left, open_calls, Blind(since, until, "essai", shown, started_at=until if restarted else None))
    held.take(told.events)
    sound(held.journeys)
    for journey in open_calls:
        now = held.journeys[journey.call_id]  # a patient who was called is the call once he has answered
        lives = not restarted and (shown.channels.keys() & {journey.channel, now.channel} or _younger(left, journey, until))
        assert lives or now.ended_at is not None
    translator = Translator()
    translator.book = told.book
    for record in records[second:]:
        held.take(translator.read(record.frame()))
    sound(held.journeys)
    assert held.journeys.keys() <= before | named(left) | identities(records)


def named(rows_: Sequence[CelRow]) -> set[str]:
    """Every name of a call in these rows."""
    clicks = {click.call_id for row in rows_ if (click := Click.read(row.uniqueid)) is not None}
    return {row.words(1)[0] for row in rows_} | {nameless(row.uniqueid) for row in rows_} | clicks


def _younger(left: Sequence[CelRow], journey: Journey, until: int) -> bool:
    """A row younger than the gap hangs the channel up: live frames will say so."""
    return any(row.kind == "HANGUP" and row.uniqueid == journey.channel and row.at > until for row in left)


@UNHURRIED
@given(NAMES, st.lists(PLACES, max_size=20))
def test_rows_that_come_twice_are_the_same_as_once(name: str, places: list[int]) -> None:
    twice = {place % len(cel(name)) for place in places}
    repeated = [row for at, row in enumerate(cel(name)) for _ in range(2 if at in twice else 1)]
    once, again = (Folded([], {}), Folded([], {}))
    once.take(CelTranslator(ChannelBook()).read(cel(name), cel(name)[-1].at))
    again.take(CelTranslator(ChannelBook()).read(repeated, cel(name)[-1].at))
    assert again.journeys == once.journeys
