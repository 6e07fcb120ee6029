"""Which action a frame answers, without a link."""

import asyncio

import pytest

from cti.ami.answers import ActionFailed, Answers, Counters, LinkLost
from cti.ami.frames import Frame, parse


def frame(*lines: str) -> Frame:
    return parse("\r\n".join(lines).encode(), 0)


async def test_an_event_that_repeats_our_action_id_before_the_answer_is_news() -> None:
    answers = Answers("p/", Counters())
    name, answer = answers.expect("QueueStatus")
    assert not answers.take(frame("Event: QueueMember", f"ActionID: {name}")), "no list was begun"
    assert answers.take(frame("Response: Success", f"ActionID: {name}", "EventList: start"))
    assert not answers.take(frame("Event: UserEvent", f"ActionID: {name}"))
    assert answers.take(frame("Event: QueueMember", f"ActionID: {name}"))
    assert answers.take(frame("Event: End", f"ActionID: {name}", "EventList: Complete"))
    assert len((await answer).rows) == 1


async def test_a_late_answer_is_counted_and_is_news_for_nobody() -> None:
    counters = Counters()
    answers = Answers("p/", counters)
    assert answers.take(frame("Response: Success", "ActionID: p/99"))
    assert counters.late_answers == 1
    assert not answers.take(frame("Event: OriginateResponse", "ActionID: p/99"))
    assert not answers.take(frame("Response: Success", "ActionID: somebody-else")), "another client's"
    assert not answers.take(frame("Event: Newchannel"))


async def test_everyone_who_waits_is_told_that_the_link_is_gone() -> None:
    answers = Answers("p/", Counters())
    waiting, kept = answers.expect("Ping")[1], answers.expect("Ping")[1]
    given_up = answers.expect("Status")[1]
    given_up.cancel()
    answers.fail_all(LinkLost("gone"))
    for answer in (waiting, kept):
        with pytest.raises(LinkLost):
            await answer
    with pytest.raises(asyncio.CancelledError):
        await given_up
    assert len(answers) == 0


async def test_a_refusal_without_words_is_a_refusal() -> None:
    answers = Answers("p/", Counters())
    name, answer = answers.expect("Ping")
    assert answers.take(frame("Response: Error", f"ActionID: {name}"))
    with pytest.raises(ActionFailed, match="no reason given"):
        await answer
