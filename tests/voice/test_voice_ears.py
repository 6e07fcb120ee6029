"""The ears and the memory of `make voice`: what they hear and conclude from made voices and made telephones."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from cti.sandbox.people.sip.tones import AGENT_HERTZ, CALLER_HERTZ, LOUDNESS
from cti.sandbox.people.trace import Message
from tests.voice.ears import RATE, tones
from tests.voice.kills import Victim, drawn, in_clear
from tests.voice.presence import Span, spans
from tests.voice.truth import Talk, _taken
from tests.voice.verdict import Judge

S = 1_000_000
AMONG = (*CALLER_HERTZ, *AGENT_HERTZ[:10])


def voice(*parts: tuple[int, int, int], ms: int = 3000) -> NDArray[np.int16]:
    """Tones (hertz, since, until) in so long a silence."""
    made = np.zeros(ms * RATE // 1000)
    for hertz, since, until in parts:
        at = np.arange(since * RATE // 1000, until * RATE // 1000)
        made[at] += LOUDNESS * np.sin(2 * np.pi * hertz * at / RATE)
    return made.astype(np.int16)


@pytest.mark.parametrize("hertz", [CALLER_HERTZ[0], CALLER_HERTZ[-1], AGENT_HERTZ[0], AGENT_HERTZ[9]])
def test_a_tone_is_heard_from_when_to_when_to_a_few_milliseconds(hertz: int) -> None:
    for since, until in ((503, 1497), (1000, 1100), (0, 3000)):
        (heard,) = tones(voice((hertz, since, until)), AMONG)
        assert heard.hertz == hertz
        assert heard.since == pytest.approx(since, abs=6)
        assert heard.until == pytest.approx(until, abs=6)


def test_two_at_once_are_two_and_neighbours_are_told_apart() -> None:
    heard = tones(voice((880, 200, 2000), (920, 1000, 2500)), AMONG)
    assert [(one.hertz, round(one.since, -1), round(one.until, -1)) for one in heard] == [(880, 200, 2000), (920, 1000, 2500)]


def test_a_lost_packet_is_a_hole_and_a_pause_is_an_end() -> None:
    (heard,) = tones(voice((880, 200, 1000), (880, 1040, 2000)), AMONG)
    assert heard.holes_ms == pytest.approx(40, abs=12)
    assert len(tones(voice((880, 200, 1000), (880, 1100, 2000)), AMONG)) == 2


def test_silence_noise_and_clicks_are_nobody() -> None:
    noise = np.random.default_rng(1).normal(0, 3000, RATE * 3).astype(np.int16)
    assert tones(np.zeros(RATE, np.int16), AMONG) == []
    assert tones(noise, AMONG) == []
    assert tones(voice((880, 500, 540)), AMONG) == []


# --- who was with the caller ---------------------------------------------------------------------------------------------


def talk(person: str, since: float, until: float, **given: object) -> Talk:
    at = round(since * S)
    values: dict[str, object] = {
        "person": person, "number": "0612345678", "dialog": person, "offered_at": at - S, "answered_at": at, "voice_at": at,
        "ended_at": round(until * S), "hung_up": True, **given,
    }  # fmt: skip
    return Talk(**values)  # type: ignore[arg-type]


def keys(at: float, text: str) -> tuple[tuple[int, str], ...]:
    """Ten keys a second."""
    return tuple((round((at + place / 10) * S), key) for place, key in enumerate(text))


def said(found: Iterable[Span]) -> list[tuple[str, str, float, float]]:
    return sorted((one.person, one.kind, one.since / S, one.until / S) for one in found)


def alone(*talks: Talk, gone: float = 60) -> list[Span]:
    return spans(talks, (), talks, round(gone * S))


def test_an_agent_is_there_from_his_first_word_to_the_end_of_either() -> None:
    assert said(alone(talk("arm01", 2, 10))) == [("arm01", "direct", 2, 10)]
    assert said(alone(talk("arm01", 2, 10), gone=7)) == [("arm01", "direct", 2, 7)]
    assert alone(talk("arm01", 8, 10), gone=7) == []


def test_whoever_is_moved_from_a_screen_is_hung_up_on_later() -> None:
    (moved,) = alone(talk("arm01", 2, 10, hung_up=False))
    assert (moved.exact_until, moved.early > 0) == (False, True)
    (hung,) = alone(talk("arm01", 2, 10, hung_up=False), gone=10.1)
    assert hung.exact_until


def test_on_hold_he_is_away() -> None:
    held = ((4 * S, 6 * S), (8 * S, None))
    assert said(alone(talk("arm01", 2, 10, holds=held))) == [("arm01", "hold", 2, 4), ("arm01", "hold", 6, 8)]


@pytest.mark.parametrize(
    ("last", "asker", "asked"),
    [
        ("2", [("arm01", "consult", 2, 3)], [("amu01", "consult", 8.2, 20)]),
        ("3", [("arm01", "consult", 2, 3), ("arm01", "consult", 8.2, 12)], [("amu01", "consult", 8.2, 20)]),
        ("4", [("arm01", "consult", 2, 3), ("arm01", "consult", 8.2, 12)], []),
    ],
)
def test_a_consultation_by_a_key(last: str, asker: list[object], asked: list[object]) -> None:
    arm = talk("arm01", 2, 12, keys=(*keys(3, "*7801"), *keys(8, f"*9{last}")))
    amu = talk("amu01", 5, 20, offered_at=4 * S)
    assert said(alone(arm, amu)) == sorted([*asked, *asker])  # type: ignore[type-var]


def test_a_consultation_that_nobody_answers_ends_as_his_colleague_leaves() -> None:
    arm = talk("arm01", 2, 12, keys=keys(3, "*7801"))
    amu = talk("amu01", 5, 7, offered_at=4 * S)
    assert said(alone(arm, amu)) == [("arm01", "consult", 2, 3), ("arm01", "consult", 7, 12)]


def test_an_attended_transfer_brings_the_colleague_of_the_second_line() -> None:
    arm = talk("arm01", 2, 9, holds=((4 * S, None),), referred_at=8 * S, replaces=True)
    line = talk("arm01", 5, 8.5, number="801", dialog="line", offered_at=5 * S)
    amu = talk("amu01", 6, 20, number="arm01", offered_at=round(5.5 * S))
    other = talk("amu02", 6, 20, number="arm02", offered_at=round(5.5 * S))
    found = spans([arm], [line], [arm, amu, other], 15 * S)
    assert said(found) == [("amu01", "attended", 8, 15), ("arm01", "attended", 2, 4)]
    assert spans([replace(arm, refused=True)], [line], [arm, amu], 15 * S)[0].person == "arm01"


def test_a_code_ends_with_its_first_key_and_a_refer_as_it_is_sent() -> None:
    (code,) = alone(talk("arm01", 2, 9, keys=keys(5, "*801")))
    assert (code.kind, code.until, code.latest) == ("code", 5 * S, 9 * S)
    (refer,) = alone(talk("arm01", 2, 9, referred_at=6 * S))
    assert (refer.kind, refer.until, refer.latest) == ("refer", 6 * S, 9 * S)


def test_codes_that_bring_others_take_his_voice_away_for_a_moment() -> None:
    for text, kind in (("*90", "p0"), ("*9718", "invite")):
        (span,) = alone(talk("arm01", 2, 20, keys=keys(5, text)))
        ((since, until),) = span.away
        assert (span.kind, span.until) == (kind, 20 * S)
        assert since < 5 * S < until < 8 * S


def test_what_a_telephone_asks_for_happens_when_the_pbx_has_taken_it() -> None:
    """Back from hold at 5 s, which the PBX said it did at 5.4 s: the voice begins somewhere in between."""
    judge = object.__new__(Judge)
    judge._taken = {5 * S: 5 * S + 400_000}
    told: Any = SimpleNamespace(place=lambda at: at / 1000, duration_ms=60_000.0)
    assert judge._begins(told, 5390.0, 5 * S, 5000.0) == (5390.0, 5390.0)
    assert judge._begins(told, 5600.0, 5 * S, 5000.0) == (5600.0, 5400.0)
    assert judge._begins(told, 4900.0, 5 * S, 5000.0) == (4900.0, 5000.0)
    assert judge._begins(told, 7300.0, 7 * S, 7000.0) == (7300.0, 7000.0), "nobody said that he took it"
    assert judge._ends(told, 5200.0, 5 * S, 5000.0) == (5200.0, 5200.0)
    assert judge._ends(told, 5600.0, 5 * S, 5000.0) == (5600.0, 5400.0)


def test_the_answer_to_each_request_is_its_own() -> None:
    def message(at: float, sent: bool, start: str, cseq: str) -> Message:
        return Message(round(at * S), sent, start, "c", cseq.rsplit(maxsplit=1)[-1], {"cseq": cseq}, "")

    told = [
        message(1, True, "INVITE sip:a@b SIP/2.0", "30 INVITE"),
        message(1.1, False, "SIP/2.0 100 Trying", "30 INVITE"),
        message(1.4, False, "SIP/2.0 200 OK", "30 INVITE"),
        message(2, True, "INFO sip:a@b SIP/2.0", "31 INFO"),
        message(2.2, False, "SIP/2.0 200 OK", "31 INFO"),
        message(3, True, "BYE sip:a@b SIP/2.0", "90 BYE"),
    ]
    assert dict(_taken(told)) == {1 * S: round(1.4 * S), 2 * S: round(2.2 * S)}


# --- deaths --------------------------------------------------------------------------------------------------------------


def test_fifty_deaths_are_drawn_for_everybody() -> None:
    places = Random(1).sample(range(8, 50), 3)
    order = drawn(50, places)
    assert len(order) == 50
    assert [place for place, victim in enumerate(order) if victim is Victim.PBX] == sorted(places)
    assert 2 <= order.count(Victim.WORKER) <= 5
    assert 5 <= order.count(Victim.ALONE) <= 10


def test_sound_in_clear_is_known_by_its_first_bytes_or_its_name(tmp_path: Path) -> None:
    for name, data, plain in (
        ("a", b"RIFF....", True), ("b.bin", b"fLaC", True), ("c.wav", b"", True), ("d.age", b"age-encryption.org/v1", False),
        ("tone.alaw", b"RIFF", False), ("absent", None, False),
    ):  # fmt: skip
        if data is not None:
            (tmp_path / name).write_bytes(data)
        assert in_clear(tmp_path / name) is plain, name
