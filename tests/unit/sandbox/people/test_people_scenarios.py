"""The scenarios and their lines, as SIPp will read them."""

import xml.etree.ElementTree as ET
from itertools import islice, pairwise
from pathlib import Path
from random import Random

import pytest

from cti.sandbox.people.draw import Caller, Identity, Temper, callers
from cti.sandbox.people.lines import write_callers, write_gestures
from cti.sandbox.people.scenarios import AGENT_FIELDS, CALLER_FIELDS, agent, caller
from cti.sandbox.people.sip.tones import AGENT_HERTZ, CALLER_HERTZ, STEP_HERTZ, agents_hertz, caller_hertz, write_tone
from cti.sandbox.people.staff import gestures
from cti.sandbox.people.town import windows

TONE = Path("/a b/<tone>.alaw")
CALLER, AGENT = caller([TONE, TONE]), agent({"arm01": TONE, "arm02": TONE})


@pytest.fixture(params=[CALLER, AGENT], ids=["caller", "agent"])
def steps(request: pytest.FixtureRequest) -> list[ET.Element]:
    return list(ET.fromstring(request.param))


def test_every_step_that_is_named_exists_once(steps: list[ET.Element]) -> None:
    labels = [step.attrib["id"] for step in steps if step.tag == "label"]
    assert len(labels) == len(set(labels))
    named = {step.attrib[kind] for step in steps for kind in ("next", "ontimeout") if kind in step.attrib}
    assert named <= set(labels)
    into = {"hangs_up", "stays", "decides", "second_line"}
    asked = {name for name in labels if name.endswith("_asks")}
    assert set(labels) - named <= into | asked, "a step that nothing leads to, save by falling into it"


def test_no_wait_is_without_an_end(steps: list[ET.Element]) -> None:
    waits = [step for step in steps if step.tag == "recv" and step.attrib.get("request") != "INVITE"]
    assert waits
    assert all({"timeout", "ontimeout"} <= set(step.attrib) for step in waits)


def test_an_optional_message_is_always_followed_by_another_one(steps: list[ET.Element]) -> None:
    for step, following in pairwise(steps):
        if step.attrib.get("optional"):
            assert following.tag == "recv", "SIPp refuses an optional message before anything else"


def test_every_field_of_a_line_is_used_and_exists() -> None:
    for text, fields in ((CALLER, CALLER_FIELDS), (AGENT, AGENT_FIELDS)):
        assert {number for number in range(30) if f"[field{number}]" in text} == set(range(len(fields)))


def test_lines_hold_what_was_drawn(tmp_path: Path) -> None:
    people = list(islice(callers(60, Random(1)), 400))
    rows = write_callers(tmp_path / "c.csv", people, opened_ms=people[10].arrives_ms).read_text("utf-8").splitlines()
    assert rows[0] == "SEQUENTIAL"
    assert {row.count(";") for row in rows[1:]} == {len(CALLER_FIELDS) - 1}
    delays = [int(row.split(";")[0]) for row in rows[1:]]
    assert delays[:11] == [0] * 11
    assert delays[11:] == [one.arrives_ms - people[10].arrives_ms for one in people[11:]]
    for one, row in zip(people, rows[1:], strict=True):
        assert ("Privacy: id" in row) == (one.identity is Identity.MASKED)
        assert (one.number in row) == (one.identity is not Identity.UNKNOWN)
    drawn = write_gestures(tmp_path / "g.csv", islice(gestures("n1", ("amu",), Random(1)), 50)).read_text("utf-8")
    assert {row.count(";") for row in drawn.splitlines()[1:]} == {len(AGENT_FIELDS) - 1}
    assert ";refer;801;8;0;1" in drawn


def test_a_value_that_would_break_a_line_is_refused(tmp_path: Path) -> None:
    odd = Caller(
        arrives_ms=0, number="0612345678", did="15", identity=Identity.SHOWN, temper=Temper.PATIENT, stay_ms=1, motif="a;b"
    )
    with pytest.raises(ValueError, match="does not have the fields"):
        write_callers(tmp_path / "c.csv", [odd], 0)


def test_callers_are_grouped_so_that_no_sipp_falls_silent() -> None:
    people = list(islice(callers(400, Random(2)), 4_000))
    groups = list(windows(iter(people)))
    assert [one for _, group in groups for one in group] == people
    assert max(len(group) for _, group in groups) <= 900
    for starts_ms, group in groups:
        assert starts_ms <= group[0].arrives_ms
        assert group[-1].arrives_ms < starts_ms + 300_000


def test_tones_can_be_told_apart_and_looped(tmp_path: Path) -> None:
    hertz = [*CALLER_HERTZ, *AGENT_HERTZ]
    assert len(set(hertz)) == len(hertz)
    assert {each % STEP_HERTZ for each in hertz} == {0}
    data = write_tone(tmp_path / "t.alaw", 600).read_bytes()
    assert len(data) == 8_000
    assert data[:40] == data[40:80] == data[-40:]


def test_each_has_a_voice_of_his_own_as_long_as_there_are_voices() -> None:
    room = agents_hertz(f"arm{number}" for number in range(len(AGENT_HERTZ) + 2))
    assert len(set(room.values())) == len(AGENT_HERTZ)
    assert (room["arm0"], room["arm1"]) == (room[f"arm{len(AGENT_HERTZ)}"], room[f"arm{len(AGENT_HERTZ) + 1}"])
    assert {caller_hertz(f"061234567{digit}") for digit in range(10)} == set(CALLER_HERTZ)
