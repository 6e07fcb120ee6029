"""What a run of the voice is told in: lines for a terminal, and docs/voice.md."""

import os
import platform
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from bench.figures import percentile
from cti.bootstrap.clock import now
from cti.journey.words import as_datetime
from tests.voice.found import Errors, Verdict
from tests.voice.run import Outcome
from tests.voice.verdict import GOAL_MS

_KINDS = {
    "direct": "answered, nobody else",
    "refer": "passed on by the phone's transfer key (REFER)",
    "code": "passed on by a feature code (`*80x`)",
    "api": "passed on from the screen (API)",
    "requalified": "passed on more than once (requalified)",
    "hold": "put on hold and taken back",
    "consult": "consultation by a key (`*7...`, then `*92`, `*93`, `*94`)",
    "attended": "attended transfer by the phone (REFER with Replaces)",
    "p0": "P0 (`*90`): a physician joins, the ARM leaves",
    "invite": "conference with the fire service (`*9718`)",
    "sortant": "outgoing, by a click",
}
_MOST_FAULTS = 40


def lines(outcome: Outcome) -> Iterator[str]:
    """For a terminal."""
    found = outcome.verdict
    yield (
        f"  {found.callers} callers, {found.answered} answered, {found.proven} proven recordings; {found.placed} outgoing calls, "
        f"{found.reached} reached; {found.pieces} pieces, {found.seconds / 3600:.2f} h of sound; {outcome.seconds:.0f} s"
    )
    for name, errors in _errors(found):
        yield f"  {name}: {_spread(errors)}"
    if outcome.sealed_seconds:
        yield f"  hang-up to sealed: {_seconds(outcome.sealed_seconds)}"
    if outcome.deaths is not None:
        yield f"  deaths: {', '.join(f'{count} of {victim}' for victim, count in outcome.deaths.count.items())}"
    for fault in _faults(outcome):
        yield f"    {fault}"


def document(outcomes: Sequence[Outcome], seed: int, seconds: float) -> str:
    """docs/voice.md."""
    calm = next((one for one in outcomes if one.deaths is None), None)
    killed = next((one for one in outcomes if one.deaths is not None), None)
    day = as_datetime(now()).astimezone(UTC).date() if outcomes else datetime.min.replace(tzinfo=UTC).date()
    where = f"{os.cpu_count()} cores, Python {platform.python_version()}, {seconds / 60:.0f} minutes in all"
    parts = [
        "# The voice is kept",
        "",
        "The real PBX, the service with its archive, SIPp people who do all that people do, each with a tone of his own;",
        "SIPp's logs are the truth. `make voice` plays both runs and writes this page anew. Every piece of the archive is opened",
        f"with the site's identity and listened to. {day}, seed {seed}, {where}.",
        "",
    ]
    if calm is not None:
        parts += _calm(calm)
    if killed is not None:
        parts += _killed(killed)
    return "\n".join([*parts, *_HOW])


def _calm(outcome: Outcome) -> list[str]:
    found, plan = outcome.verdict, outcome.plan
    parts = [
        f"## A day without a fault: {found.callers} callers at {plan.calls_per_minute:g} a minute",
        "",
        f"**{found.answered} callers were answered; {found.proven} recordings are in the archive, proven; "
        f"{len(list(_faults(outcome)))} faults.** {found.reached} of {found.placed} outgoing calls reached somebody and are "
        f"there too, and {found.consults} consultations. {found.pieces} pieces, {found.seconds / 3600:.1f} hours of sound, "
        f"{outcome.seconds:.0f} s.",
        "",
        "| offset in the sound against | measured | p50 (ms) | p99 (ms) | max (ms) | goal |",
        "|---|---|---|---|---|---|",
    ]
    for name, errors in _errors(found):
        met = "kept" if abs(errors.worst[0]) <= GOAL_MS else "**not kept by the worst**"
        parts.append(f"| {name} | {len(errors.found)} | {_three(errors)} | <= {GOAL_MS:.0f} ms: {met} |")
    if outcome.sealed_seconds:
        parts += ["", f"From the hang-up to the seal: {_seconds(outcome.sealed_seconds)} (goal: p99 <= 3 s)."]
    restarts = f"{found.gaps} restarts of a recorder at a transfer (0.1 s each, told in the timeline)"
    drifts = sorted(found.drifts)

    def amount(share: float) -> float:
        return percentile([abs(one) for one in drifts], share)

    if drifts:
        parts += [
            "",
            f"{restarts}. Beyond them the files are {drifts[0]} to {drifts[-1]} ms longer than the clock says (p50 of the amount "
            f"{amount(0.5):.0f} ms, p99 {amount(0.99):.0f} ms): late packets; the timeline reckons with it.",
        ]
    parts += ["", "| what the call lived | calls | offsets against SIPp | p50 (ms) | p99 (ms) | max (ms) |"]
    parts.append("|---|---|---|---|---|---|")
    for kind, words in _KINDS.items():
        errors = found.by_kind.get(kind, Errors())
        told = _three(errors) if errors.found else "- | - | -"
        parts.append(f"| {words} | {found.kinds[kind]} | {len(errors.found)} | {told} |")
    return [*parts, "", *_differs(outcome)]


def _killed(outcome: Outcome) -> list[str]:
    found, deaths = outcome.verdict, outcome.deaths
    assert deaths is not None
    died = ", ".join(f"{count} of {victim}" for victim, count in deaths.count.items())
    parts = [
        f"## Kill -9, {sum(deaths.count.values())} times: {found.callers} callers",
        "",
        f"Deaths: {died} ({deaths.cut_short} workers were cut short). **{found.answered} callers were answered; {found.proven} "
        f"recordings are in the archive, proven; {found.repaired} of them repaired (a PBX that died left headers without a "
        f"size); {len(found.excused)} were on the line when the PBX died and are named below with what their recording says; "
        f"{len(list(_faults(outcome)))} faults.**",
        "After each death every manifest on the shelf was read with its two objects, and the site's folder searched for sound in",
        "clear; at the end `verify --open` and `prove` ran, and the recorder's folder was looked at.",
        "",
        "| offset in the sound against | measured | p50 (ms) | p99 (ms) | max (ms) |",
        "|---|---|---|---|---|",
    ]
    parts += [f"| {name} | {len(errors.found)} | {_three(errors)} |" for name, errors in _errors(found)]
    if found.excused:
        parts += ["", "On the line when the PBX died:", "", *(f"- {line}" for line in found.excused[:_MOST_FAULTS])]
    return [*parts, "", *_differs(outcome)]


def _differs(outcome: Outcome) -> list[str]:
    faults = list(_faults(outcome))
    if not faults:
        return ["Nothing differs.", ""]
    more = [f"- and {len(faults) - _MOST_FAULTS} more"] if len(faults) > _MOST_FAULTS else []
    return ["What differs:", "", *(f"- {fault}" for fault in faults[:_MOST_FAULTS]), *more, ""]


def _faults(outcome: Outcome) -> Iterator[str]:
    yield from outcome.verdict.faults
    yield from outcome.faults
    if outcome.deaths is not None:
        yield from outcome.deaths.faults


def _errors(found: Verdict) -> Iterator[tuple[str, Errors]]:
    yield "what the agents' telephones say (SIPp): a voice begins, is taken away, ends", found.sipp
    yield "the timeline's own stages", found.timeline
    yield "what the callers' telephones say (SIPp)", found.caller


def _three(errors: Errors) -> str:
    return " | ".join(f"{errors.quantile(share):.0f}" for share in (0.5, 0.99, 1.0))


def _spread(errors: Errors) -> str:
    worst, where = errors.worst
    return f"{len(errors.found)} offsets, p50/p99/max {_three(errors)} ms; worst {worst:+.0f} ms: {where}"


def _seconds(values: Sequence[float]) -> str:
    shares = (("p50", 0.5), ("p99", 0.99), ("max", 1.0))
    return f"{len(values)} pieces, " + ", ".join(f"{name} {percentile(values, share):.2f} s" for name, share in shares)


_HOW = [
    "## How it is told",
    "",
    "- A tone counts where its amplitude in a window of 50 ms is above half of what the person says; it begins and ends",
    "  where it crosses that half.",
    "- The caller must be heard on the left from the answer of the PBX to his hang-up, and nobody else; each agent on the",
    "  right while his telephone says that he is with the caller, and nobody else. A twentieth of that time and a quarter",
    "  of a second may be missing (packets that come late).",
    "- Music, greeting and ringing are on the right too: of them it is only asked that they hold nobody's tone (70 ms at",
    "  half loudness). That nobody is heard where he does not talk is asked everywhere: before he answers, on hold, apart,",
    "  afterwards.",
    "- While an agent types a code Asterisk takes his voice away from the caller: his voice ends with the first key, and",
    "  that is what is compared.",
    "- Where the PBX moves people between rooms (joined after a consultation, a conference), or moves the caller away from",
    "  a screen, no telephone says the instant: there the timeline alone is compared, and the voice must be there within",
    "  1.5 s (3 s after a phone's own attended transfer).",
    "- A consultation is its own piece: who asks on the left, who is asked on the right, the caller in neither while they",
    "  are apart.",
    "- An offset is reckoned as the sealed timeline says it can be: clock, less the pauses of the recorder, plus what was",
    "  inserted ([decision 0031](decisions/0031-the-time-of-a-file.md)).",
    "",
]
