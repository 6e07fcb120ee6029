"""Who was with a caller from when to when, as the telephones tell: what a recording of the call must hold, and what it may.

A span is *exact* at an end where a telephone says when the voice begins or stops to reach the caller (picked up, put on hold,
taken back, hung up, the first key of a code: Asterisk takes an agent's voice away while he types). Elsewhere the PBX decides a
moment later (it moves people between rooms), and only the timeline can say when: the voice must be there by `since + late`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from cti.journey import Instant
from tests.voice.truth import Talk

#: Two telephones that are hung up on at one moment hear it closer together than this.
_SAME_END: Instant = 200_000
#: The PBX moves a caller, a colleague or both to another place (microseconds).
MOVES: Instant = 1_500_000
#: After a phone's own attended transfer Asterisk links two queues' bridges, the dialplan joins the two by themselves.
JOINS: Instant = 3_000_000
#: Before a key was read as part of no code, and after the last one of a code: the voice may be away.
AROUND_A_KEY: Instant = 60_000
AFTER_A_CODE: Instant = 1_500_000
#: The PBX reads the last key of a code somewhat later.
_READ: Instant = 500_000
_LONG_CODE, _CODE = "*7???", "*8??"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One person with the caller."""

    person: str
    kind: str  #: what brought him, or made him go: for the table
    since: Instant
    until: Instant
    exact_since: bool = True
    exact_until: bool = True
    latest: Instant = 0  #: he may still be heard until then (where he typed or transferred)
    late: Instant = 0  #: how long after `since` he may be silent
    early: Instant = 0  #: how long before `until` he may be silent
    away: tuple[tuple[Instant, Instant], ...] = ()  #: he may be silent meanwhile


def spans(talks: Iterable[Talk], lines: Iterable[Talk], everybody: Iterable[Talk], gone_at: Instant) -> list[Span]:
    """Everybody who was with a caller.

    Args:
        talks: calls of phones that were told his number.
        lines: second lines that agents dialled.
        everybody: every call of every phone: whoever was asked on a second line is told the asker's name.
        gone_at: when the caller's own call ended.
    """
    his = sorted(talks, key=lambda talk: talk.answered_at)
    asked = {y.dialog: x for x in his if x.typed(_LONG_CODE) for y in his if _is_asked(x, y)}
    # Whoever is still apart with somebody cannot ask a third: his code does nothing.
    asked = {dialog: x for dialog, x in asked.items() if not _is_apart(x, asked.get(x.dialog), gone_at)}
    found = [_moved(span, talk, gone_at) for talk in his if talk.dialog not in asked for span in _of(talk, his, gone_at)]
    found += [span for y in his if y.dialog in asked for span in _of_asked(asked[y.dialog], y, gone_at)]
    for talk in his:
        if talk.replaces and not talk.refused:
            found += _of_joined(talk, lines, everybody, gone_at)
    return [one for one in found if one.until > one.since]


def _of(talk: Talk, his: list[Talk], gone_at: Instant) -> Iterator[Span]:
    """Somebody whom the queue joined to the caller."""
    end = min(talk.ended_at or gone_at, gone_at)
    base = Span(person=talk.person, kind="direct", since=talk.voice_at, until=end)
    if talk.holds:
        yield from _held(base, talk, end)
    elif (apart := talk.typed(_LONG_CODE)) is not None:
        yield replace(base, kind="consult", until=_first_key(talk, apart), latest=apart + MOVES, exact_until=True)
        yield from _back(base, talk, his, apart, end)
    elif (code := talk.typed("*90") or talk.typed("*9718")) is not None:
        kind = "p0" if talk.typed("*90") else "invite"
        away = ((_first_key(talk, code) - AROUND_A_KEY, code + AFTER_A_CODE),)
        yield replace(base, kind=kind, away=away, exact_until=end - code > AFTER_A_CODE)
    elif talk.keys:
        yield replace(base, kind="code", until=min(end, talk.keys[0][0]), latest=end)
    elif talk.referred_at is not None:
        yield replace(base, kind="refer", until=min(end, talk.referred_at), latest=end)
    else:
        yield base


def _moved(span: Span, talk: Talk, gone_at: Instant) -> Span:
    """The PBX hung up on him while the caller went on: from a screen he was moved away, some time before."""
    ended = talk.ended_at
    if ended is None or talk.hung_up or span.until != ended or ended > gone_at - _SAME_END:
        return span
    return replace(span, exact_until=False, early=MOVES)


def _held(base: Span, talk: Talk, end: Instant) -> Iterator[Span]:
    kind = "attended" if talk.referred_at is not None or talk.keys else "hold"
    since = base.since
    for held, taken in talk.holds:
        yield replace(base, kind=kind, since=since, until=min(end, held))
        if taken is None:
            return
        since = taken
    yield replace(base, kind=kind, since=since, until=end, late=500_000)


def _back(base: Span, talk: Talk, his: list[Talk], apart: Instant, end: Instant) -> Iterator[Span]:
    """Whoever consulted by a code is with his caller again: by his key, or because the colleague is gone."""
    colleagues = [y for y in his if _is_asked(talk, y)]
    key, last = _last_key(talk, apart)
    left = [y.ended_at for y in colleagues if y.ended_at is not None and (key is None or y.ended_at < key)]
    if left:
        yield replace(base, kind="consult", since=min(left), until=end, exact_since=False, late=MOVES)
    elif key is not None and last in "34":
        yield replace(base, kind="consult", since=key, until=end, exact_since=False, late=MOVES)


def _of_asked(asker: Talk, talk: Talk, gone_at: Instant) -> Iterator[Span]:
    """Whoever was consulted by a code."""
    end = min(talk.ended_at or gone_at, gone_at)
    key, last = _last_key(asker, asker.typed(_LONG_CODE) or 0)
    since = key if last in ("2", "3") and key is not None else asker.ended_at if key is None else None
    if since is not None and since < end:
        # Who picks up when the caller waits for him already is let in by the PBX, too, a moment later.
        joined = Span(
            person=talk.person, kind="consult", since=max(since, talk.voice_at), until=end, exact_since=False, late=MOVES
        )
        yield from _gestures(joined, talk, end)


def _is_apart(talk: Talk, asker: Talk | None, gone_at: Instant) -> bool:
    """Whether he was asked himself, and not with the caller yet, when he typed the code of a consultation."""
    if asker is None:
        return False
    joined = min((span.since for span in _of_asked(asker, talk, gone_at)), default=gone_at)
    return (talk.typed(_LONG_CODE) or 0) < joined


def _of_joined(asker: Talk, lines: Iterable[Talk], everybody: Iterable[Talk], gone_at: Instant) -> Iterator[Span]:
    """Whoever was asked on a second line and joined to the caller by the asker's phone."""
    at = asker.referred_at or 0
    mine = [one for one in lines if one.person == asker.person and one.offered_at < at and (one.ended_at or at) > at - JOINS]
    for talk in everybody:
        met = any(line.offered_at <= talk.offered_at <= at + JOINS for line in mine)
        if talk.number == asker.person and met and (talk.ended_at or gone_at) > at:
            end = min(talk.ended_at or gone_at, gone_at)
            joined = Span(
                person=talk.person, kind="attended", since=max(at, talk.voice_at), until=end, exact_since=False, late=JOINS
            )
            yield from _gestures(joined, talk, end)


def _gestures(span: Span, talk: Talk, end: Instant) -> Iterator[Span]:
    """What a colleague does who was joined: he may pass the caller on, or hold him. What he typed before is another matter."""
    talk = replace(talk, keys=tuple(_codes_from(talk, span.since)))
    if talk.holds:
        since, exact = span.since, span.exact_since
        for held, taken in talk.holds:
            yield replace(span, kind="hold", since=since, exact_since=exact, until=min(end, held))
            since, exact = max(span.since, taken if taken is not None else end), taken is not None and taken > span.since
        yield replace(span, since=since, exact_since=exact, until=end)
    elif talk.typed("*90") or talk.typed("*9718"):
        away = (talk.keys[0][0] - AROUND_A_KEY, talk.keys[-1][0] + AFTER_A_CODE)
        yield replace(span, away=(away,), exact_since=span.exact_since and span.since < away[0], exact_until=away[1] < end)
    elif talk.keys:
        first = max(span.since, talk.keys[0][0])
        yield replace(span, until=min(end, first + 1), exact_until=first > span.since, latest=end)
    elif talk.referred_at is not None:
        yield replace(span, until=min(end, talk.referred_at), latest=end)
    else:
        yield span


def _codes_from(talk: Talk, since: Instant) -> Iterator[tuple[Instant, str]]:
    """The keys of the codes that were not finished before."""
    starts = [at for at, (_, key) in enumerate(talk.keys) if key == "*"]
    for start, end in pairwise([*starts, len(talk.keys)]):
        if talk.keys[end - 1][0] >= since:
            yield from talk.keys[start:end]


def _is_asked(asker: Talk, other: Talk) -> bool:
    """The other phone rang because this agent consulted."""
    apart = asker.typed(_LONG_CODE)
    if apart is None or other.dialog == asker.dialog:
        return False
    key, _ = _last_key(asker, apart)
    until = key if key is not None else asker.ended_at
    since = max(apart - 1_000_000, asker.answered_at)
    return other.offered_at > since and (until is None or other.offered_at < until + _READ)


def _last_key(talk: Talk, after: Instant) -> tuple[Instant | None, str]:
    """When the last key of *92, *93 or *94 was pressed, and which."""
    late = [(at, key) for at, key in talk.keys if at > after]
    return (late[2][0], late[2][1]) if len(late) >= 3 else (None, "")


def _first_key(talk: Talk, last: Instant) -> Instant:
    """When the code whose last key this was began."""
    return max(at for at, key in talk.keys if key == "*" and at <= last)
