"""The site's rules of the list: the order in which callers are called back, and when a caller no longer needs to be.

Source of the order: the local protocol for calls hung up at a centre 15 (admsu.org, "gestion des appels raccrochés au centre
15"): P1 without means first, P1 with means, P2 by motive, simple GP calls last. Telephony knows no means and no motive, only the
priority in the queue, the filière and the line: ``config/rappels.toml`` says, dated, what stands for what.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from cti.journey.callbacks import Trace, TraceKind
from cti.journey.model import AbandonPhase

_KINDS: Final = {TraceKind.ABANDON.value: TraceKind.ABANDON, TraceKind.LOST_N2.value: TraceKind.LOST_N2}
_PHASES: Final = {phase.value: phase for phase in AbandonPhase}
_MINUTES_MOST: Final = 7 * 24 * 60
_MINUTE_US: Final = 60_000_000


class CallbackConfigError(ValueError):
    """The file cannot be used; ``problems`` holds one line per fault."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Rank:
    """One class of callers; each criterion that is given must be met, and the first class that fits is taken."""

    code: str
    libelle: str
    kind: TraceKind | None = None
    filieres: frozenset[str] = frozenset()
    flux: frozenset[str] = frozenset()
    phases: frozenset[AbandonPhase] = frozenset()
    least_priority: int = 0

    def holds(self, trace: Trace) -> bool:
        """Whether a lost call is of this class."""
        return (
            self.kind in (None, trace.kind)
            and (not self.filieres or trace.filiere in self.filieres)
            and (not self.flux or trace.flux in self.flux)
            and (not self.phases or trace.phase in self.phases)
            and trace.priority >= self.least_priority
        )

    @property
    def open_to_all(self) -> bool:
        """No criterion at all."""
        return self.kind is None and not (self.filieres or self.flux or self.phases or self.least_priority)


@dataclass(frozen=True, slots=True)
class CallbackRules:
    """``rappels.toml``."""

    dated: date
    source: str
    ranks: tuple[Rank, ...]
    #: A caller who is answered within this time of the last loss needs no call-back (microseconds).
    closing_window: int
    #: How far back a rebuild and the list of closed entries look (microseconds).
    horizon: int

    def rank_of(self, trace: Trace) -> tuple[int, Rank]:
        """1 is the most urgent."""
        return next((n, rank) for n, rank in enumerate(self.ranks, start=1) if rank.holds(trace))


def from_mapping(data: Mapping[str, object], file: str, filieres: Collection[str], flux: Collection[str]) -> CallbackRules:
    """Read a parsed ``rappels.toml``, whose ranks name the given filières and flux.

    Raises:
        CallbackConfigError: with every fault of the file.
    """
    reading = _Reading(file)
    reading.only(data, "", ("ordre", "fermeture_minutes", "horizon_heures", "rangs"))
    closing = reading.whole(data, "", "fermeture_minutes", 1, _MINUTES_MOST)
    horizon = reading.whole(data, "", "horizon_heures", 1, _MINUTES_MOST // 60)
    order = reading.table(data, "ordre")
    reading.only(order, "ordre", ("date", "source"))
    dated = order.get("date")
    if not isinstance(dated, date):
        reading.fault("ordre", "date", "a date is expected, as in 2026-11-22")
        dated = date.min
    source = reading.text(order, "ordre", "source")
    blocks = data.get("rangs")
    if not isinstance(blocks, list) or not blocks:
        reading.fault("", "rangs", "at least one [[rangs]] block is expected")
        blocks = []
    ranks = tuple(reading.rank(n, block, filieres, flux) for n, block in enumerate(blocks, start=1))
    for code in sorted({rank.code for rank in ranks if [one.code for one in ranks].count(rank.code) > 1}):
        reading.fault("rangs", "code", f"{code!r} comes twice")
    if ranks and not ranks[-1].open_to_all:
        reading.fault(f"rangs {len(ranks)}", ranks[-1].code, "the last rank must have no criterion: nobody is left out")
    if reading.problems:
        raise CallbackConfigError(tuple(reading.problems))
    return CallbackRules(dated, source, ranks, closing * _MINUTE_US, horizon * 60 * _MINUTE_US)


class _Reading:
    """The faults of one file, gathered while the reading goes on."""

    def __init__(self, file: str) -> None:
        self.problems: list[str] = []
        self._file = file

    def fault(self, block: str, name: str, message: str) -> None:
        place = f"[{block}] {name}" if block else name
        self.problems.append(f"{self._file}: {place}: {message}")

    def only(self, table: Mapping[str, object], block: str, known: Collection[str]) -> None:
        for name in table:
            if name not in known:
                self.fault(block, name, "unknown field")

    def table(self, data: Mapping[str, object], name: str) -> Mapping[str, object]:
        value = data.get(name)
        if isinstance(value, Mapping):
            return value
        self.fault("", name, "a table is expected")
        return {}

    def whole(self, table: Mapping[str, object], block: str, name: str, low: int, high: int, default: int | None = None) -> int:
        value = table.get(name, default)
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        self.fault(block, name, f"a whole number from {low} to {high} is expected, not {value!r}")
        return low

    def text(self, table: Mapping[str, object], block: str, name: str) -> str:
        value = table.get(name)
        if isinstance(value, str) and value.strip():
            return value
        self.fault(block, name, f"a text is expected, not {value!r}")
        return ""

    def rank(self, number: int, block: object, filieres: Collection[str], flux: Collection[str]) -> Rank:
        name = f"rangs {number}"
        table: Mapping[str, object] = block if isinstance(block, Mapping) else {}
        self.only(table, name, ("code", "libelle", "genre", "filieres", "flux", "phases", "priorite_min"))
        kinds = self._words(table, name, "genre", _KINDS, one=True)
        phases = self._words(table, name, "phases", _PHASES)
        return Rank(
            code=self.text(table, name, "code"),
            libelle=self.text(table, name, "libelle"),
            kind=_KINDS[kinds[0]] if kinds else None,
            filieres=frozenset(self._words(table, name, "filieres", filieres)),
            flux=frozenset(self._words(table, name, "flux", flux)),
            phases=frozenset(_PHASES[word] for word in phases),
            least_priority=self.whole(table, name, "priorite_min", 0, 100, 0),
        )

    def _words(
        self, table: Mapping[str, object], block: str, name: str, known: Collection[str], *, one: bool = False
    ) -> tuple[str, ...]:
        value = table.get(name, [])
        words = [value] if one and name in table else value
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            self.fault(block, name, f"{'a word' if one else 'a list of words'} is expected, not {value!r}")
            return ()
        for word in words:
            if word not in known:
                self.fault(block, name, f"{word!r} is not one of {', '.join(sorted(known))}")
        return tuple(word for word in words if word in known)
