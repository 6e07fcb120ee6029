"""The call-back list in memory, with the manners of the store: one number at a time, all of a change or nothing."""

import tomllib
from collections.abc import Callable
from pathlib import Path

from cti.callback import CallbackRules, from_mapping
from cti.journey import Instant
from cti.journey.callbacks import Act, CallbackEntry, Change, EntryState, History, Trace

_CONFIG = Path(__file__).parents[2] / "config"


def shipped_rules() -> CallbackRules:
    """``config/rappels.toml``."""
    tables = {name: tomllib.loads((_CONFIG / f"{name}.toml").read_text()) for name in ("rappels", "filieres", "flux")}
    return from_mapping(tables["rappels"], "rappels.toml", tables["filieres"]["filieres"], tables["flux"]["flux"])


RULES = shipped_rules()


class MemoryShelf:
    """Traces, acts and entries."""

    def __init__(self) -> None:
        self.traces: dict[str, Trace] = {}
        self.acts: list[Act] = []
        self.folded: dict[str, tuple[CallbackEntry, ...]] = {}

    def change(self, group: str, work: Callable[[History], Change]) -> None:
        traces = tuple(trace for trace in self.traces.values() if trace.group == group)
        change = work(History(traces, tuple(act for act in self.acts if act.group == group)))
        self.traces.update({trace.call_id: trace for trace in change.traces})
        self.acts.extend(change.acts)
        self.folded[group] = change.entries

    def group_of(self, call_id: str) -> str | None:
        trace = self.traces.get(call_id)
        return None if trace is None else trace.group

    def entries(self, *, closed_since: Instant | None) -> list[CallbackEntry]:
        everything = [entry for entries in self.folded.values() for entry in entries]
        return [
            entry
            for entry in everything
            if entry.state is not EntryState.CLOSED
            or (closed_since is not None and entry.closed_at is not None and entry.closed_at >= closed_since)
        ]

    def counts(self) -> tuple[int, int]:
        found = self.entries(closed_since=None)
        return sum(entry.callable for entry in found), sum(not entry.callable for entry in found)
