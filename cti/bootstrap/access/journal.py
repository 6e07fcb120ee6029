"""The log of accesses from the command line: read, exported, verified back to its first entry."""

from collections.abc import Iterator

from cti.access.chain import exported, verify
from cti.bootstrap.access.accounts import opened
from cti.bootstrap.access.heads import read_heads
from cti.journey.around.access import Trace
from cti.journey.words import Instant, as_datetime
from cti.qos.period import parse_period
from cti.settings import Settings


def lines(
    settings: Settings, since: str | None, until: str | None, now: Instant, *, as_json: bool, who: str = "", call_id: str = ""
) -> Iterator[str]:
    """Entries in order: of a period when one is named, else all; as exported (one JSON object a line) or to be read.

    Raises:
        PeriodError: the period is none.
        StoreUnavailable: the log cannot be read.
    """
    period = parse_period(since, until, now, settings.zone) if since is not None or until is not None else None
    first, last = (period.since, period.until) if period is not None else (None, None)
    with opened(settings) as store:
        for trace in store.traces.read(since=first, until=last, who=who, call_id=call_id):
            yield exported(trace) if as_json else _line(settings, trace)


def faults(settings: Settings) -> tuple[int, int, list[str]]:
    """How many entries and published heads were looked at, and every fault, in French.

    Raises:
        StoreUnavailable: the log cannot be read.
        OSError: the folder of heads cannot be read.
    """
    heads, unreadable = read_heads(settings.heads)
    counted = 0

    def counting(traces: Iterator[Trace]) -> Iterator[Trace]:
        nonlocal counted
        for trace in traces:
            counted += 1
            yield trace

    with opened(settings) as store:
        found = list(verify(counting(store.traces.read()), heads))
    return counted, len(heads), [*unreadable, *found]


def _line(settings: Settings, trace: Trace) -> str:
    when = as_datetime(trace.at).astimezone(settings.zone).strftime("%d/%m/%Y %H:%M:%S")
    about = [
        f"{name} {value}"
        for name, value in (
            ("appel", trace.call_id),
            ("enregistrement", trace.piece_id),
            ("relation", trace.relation),
            ("motif", trace.reason),
            ("depuis", trace.client),
        )
        if value
    ]
    who = trace.who + (f" ({trace.role})" if trace.role else "")
    parts = [f"{trace.seq:>6}", when, trace.outcome, trace.verb, who, *about, trace.detail]
    return _visible("  ".join(part for part in parts if part))


def _visible(text: str) -> str:
    """What somebody wrote into an entry moves no cursor and begins no line of its own."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)
