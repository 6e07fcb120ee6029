"""A recorded story read back: frames to events to journeys, as the service does it, and as plain data to compare."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import Any

from cti.ami.recorded import Recorded, read_session
from cti.ami.translate import Translator
from cti.ami.translate.catchup import Blind, CatchUp, catch_up, outlived
from cti.ami.translate.cel import CelRow, rows_since
from cti.ami.translate.coverage import Shown, Snapshot
from cti.ami.translate.queue_log import QueueLogRow, parse_row
from cti.journey import Journey, apply
from cti.journey import events as ev
from cti.journey.folding.consulting import untold_ends
from cti.journey.model import Consult
from cti.journey.words import Instant, elapsed_ms

HERE = Path(__file__).parent
#: As the watch does it: CEL is read from this long before the oldest open call (microseconds).
_BEFORE = 2_000_000


class _Note(AssertionError):
    """A recorded session is damaged."""


def _refuse(text: str) -> None:
    raise _Note(text)


@cache
def session(name: str) -> tuple[Recorded, ...]:
    """The frames of a story."""
    return tuple(read_session(HERE / name / "session.ami", _refuse))


@cache
def cel(name: str) -> tuple[CelRow, ...]:
    """The CEL rows of a story; every one of them must be readable."""
    troubles: list[str] = []
    rows = tuple(rows_since(HERE / name / "cel.csv", 0, troubles))
    assert not troubles, troubles
    return rows


@dataclass
class Folded:
    """What was told and what it made of the calls."""

    events: list[ev.Event]
    journeys: dict[str, Journey]

    def take(self, events: Iterable[ev.Event]) -> None:
        """Fold more events."""
        for event in events:
            self.events.append(event)
            if isinstance(event, ev.CallEvent):
                held = self.journeys.get(event.call_id) or Journey(call_id=event.call_id)
                self.journeys[event.call_id] = apply(held, event)[0]

    @property
    def calls(self) -> list[Journey]:
        """In order of arrival."""
        return sorted(self.journeys.values(), key=lambda j: (j.t0, j.call_id))


def fold(records: Iterable[Recorded], translator: Translator | None = None) -> Folded:
    """Frames through the live code path."""
    translator = translator or Translator()
    folded = Folded([], {})
    for record in records:
        folded.take(translator.read(record.frame()))
    return folded


def stamp(record: Recorded) -> Instant:
    """When the PBX says that this frame was made."""
    frame = record.frame()
    return frame.stamped_at or frame.received_at


@cache
def queue_log(name: str) -> tuple[QueueLogRow, ...]:
    """What app_queue wrote by itself."""
    lines = (HERE / name / "queue_log").read_text(encoding="utf-8").splitlines()
    return tuple(row for row in map(parse_row, lines) if row is not None)


def caught_up(
    name: str, held: Folded, since: Instant, until: Instant, shown: Snapshot, rows: Sequence[CelRow] | None = None
) -> CatchUp:
    """What the watch does when the link comes back at `until` after it was blind from `since`; CEL may have lost rows."""
    open_calls = [j for j in held.journeys.values() if j.ended_at is None]
    over = outlived([j for j in held.journeys.values() if untold_ends(j)], since, shown.channels)
    consulted = [one.started_at for j in over for one in untold_ends(j)]
    first = min([since, *(j.t0 for j in open_calls if j.t0), *consulted, shown.oldest(0) or since]) - _BEFORE
    rows = [row for row in (cel(name) if rows is None else rows) if first <= row.at]
    return catch_up(rows, open_calls, Blind(since, until, "essai", shown, queue_log=queue_log(name)), over)


def shown_after(records: Iterable[Recorded]) -> Snapshot:
    """What Status and QueueStatus would list after these frames."""
    channels: dict[str, Shown] = {}
    waiting: dict[str, str] = {}
    for frame in (record.frame() for record in records):
        uniqueid = frame.get("Uniqueid", "")
        match frame.event:
            case "Newchannel":
                channels[uniqueid] = Shown(frame["Channel"], frame["Linkedid"])
            case "Hangup":
                channels.pop(uniqueid, None)
                waiting.pop(uniqueid, None)
            case "BridgeEnter" | "BridgeLeave" if uniqueid in channels:
                bridge = frame["BridgeUniqueid"] if frame.event == "BridgeEnter" else ""
                channels[uniqueid] = replace(channels[uniqueid], bridge=bridge)
            case "QueueCallerJoin":
                waiting[uniqueid] = frame["Queue"].removeprefix("sas-")
            case "QueueCallerLeave":
                waiting.pop(uniqueid, None)
        named = frame.assignments("ChanVariable").get("SAS_CALL")
        if named and uniqueid in channels:
            channels[uniqueid] = replace(channels[uniqueid], call_id=named, linkedid=frame.get("Linkedid", ""))
    return Snapshot(channels, waiting)


# --- as plain data ----------------------------------------------------------------------------------------------------


def expected(folded: Folded) -> dict[str, Any]:
    """What `expected.json` holds: instants in milliseconds from each call's t0, exact to the microsecond."""
    calls = folded.calls
    first = calls[0].t0
    return {
        "calls": [_call(j, [e for e in folded.events if isinstance(e, ev.CallEvent) and e.call_id == j.call_id]) for j in calls],
        "room": [_plain(e, first) for e in folded.events if not isinstance(e, ev.CallEvent)],
    }


def _call(journey: Journey, events: Sequence[ev.CallEvent]) -> dict[str, Any]:
    return {
        "call_id": journey.call_id,
        "t0": journey.t0,
        **{name: getattr(journey, name) for name in ("did", "flux", "caller", "public", "test", "priority")},
        **{name: getattr(journey, name) for name in ("state", "outcome", "abandon_phase", "quality", "wait_ms", "greeting_ms")},
        "answered_ms": ms(journey.answered_at, journey.t0),
        "answered_by": journey.answered_by,
        "ended_ms": ms(journey.ended_at, journey.t0),
        **{name: getattr(journey, name) for name in ("cause", "silent", "lost_waiting")},
        "recordings": len(journey.recordings),
        "stages": stages(journey),
        **({"consults": [_consult(c, journey.t0) for c in journey.consults]} if journey.consults else {}),
        "anomalies": [f"{a.kind}: {a.detail}" for a in journey.anomalies],
        "events": [_plain(e, journey.t0) for e in events],
    }


def _consult(consult: Consult, t0: Instant) -> dict[str, Any]:
    names = ("agent", "target", "answered_by", "how")
    moments = ("started_at", "answered_at", "ended_at")
    told = {name.replace("_at", "_ms"): ms(getattr(consult, name), t0) for name in moments}
    return {**{name: getattr(consult, name) for name in names}, **told, "recorded": consult.recording is not None}


def stages(journey: Journey) -> list[dict[str, Any]]:
    """The stages, with what the contract tells of them."""
    names = ("filiere", "offered", "agent", "wait_ms", "talk_ms", "end", "via", "source", "motif", "priority")
    return [{name: getattr(stage, name) for name in names} for stage in journey.stages]


def ms(at: Instant | None, t0: Instant) -> float | None:
    """Milliseconds from t0, three decimals."""
    return None if at is None else (at - t0) / 1000


def _plain(event: ev.Event, t0: Instant) -> dict[str, Any]:
    left_out = ("at", "call_id", "seen", "leg", "line", "channel", "stem")
    said = {f.name: getattr(event, f.name) for f in fields(event) if f.name not in left_out}
    if not said.get("gap_ms", 1):
        del said["gap_ms"]  # the beginning of a recording, not its going on
    return {"ms": ms(event.at, t0), "type": type(event).__name__, **said}


def summary(journey: Journey) -> tuple[str, ...]:
    """The stages in the words of `Truth`."""
    return tuple(
        " ".join(word for word in (s.filiere, s.agent or "-", s.end or "(open)", s.via or "") if word) for s in journey.stages
    )


def without_quality(journey: Journey) -> Journey:
    """To compare what was seen by different witnesses."""
    return replace(journey, quality=Journey(call_id="").quality)


def span_ms(start: Instant | None, end: Instant | None) -> int:
    """Distance of two instants that must both exist."""
    gap = elapsed_ms(start, end)
    assert gap is not None, (start, end)
    return abs(gap)
