"""The decision: which filière, how urgent, how long, and why. It always names a filière.

At entry the flux names the filière; when that one is closed or nobody works there, its chain of overflows is walked.
When a queue gave nothing the chain is walked from there. Three rules keep it finite and humane: a chain never visits a
filière twice; when it offers nothing, the caller goes back to those who sent him, or to the queue that was only slow;
and after so many overflows, or when nothing is left, the last resort takes the caller and keeps the caller.

When the load is not known (the link to the PBX is lost) nobody is presumed absent: only opening hours decide.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from cti.journey.callers import Repeat
from cti.routing.filieres import PRIORITE_MAX, Filiere, FiliereTable
from cti.routing.flux import FluxTable
from cti.routing.horaires import is_open


class Cause(StrEnum):
    """Why a queue gave nothing."""

    TIMEOUT = "timeout"
    VIDE = "vide"
    PLEINE = "pleine"
    FERME = "ferme"
    AUTRE = "autre"


class Reason(StrEnum):
    """Why this filière and no other."""

    FLUX = "flux"
    FERMETURE = "fermeture"
    SANS_AGENT = "sans_agent"
    DEBORDEMENT = "debordement"
    RETOUR = "retour"
    SECOURS = "secours"


@dataclass(frozen=True, slots=True)
class Load:
    """What is known of one filière: agents logged in (the paused ones too), free now, callers waiting."""

    logged_in: int
    free: int
    waiting: int
    oldest_wait_ms: int
    paused: int = 0

    @property
    def deserted(self) -> bool:
        """Nobody is logged in, or all are paused. All busy is not deserted."""
        return self.logged_in - self.paused <= 0


@dataclass(frozen=True, slots=True)
class Facts:
    """One question of the dialplan. At entry `origine` and `cause` are empty and `nth` is 0."""

    flux: str
    did: str
    #: The filière whose queue gave nothing.
    origine: str | None = None
    cause: Cause | None = None
    #: The filière from which a human sent the caller there; none when nobody did.
    venant: str | None = None
    #: How many overflows this call has had, this one included.
    nth: int = 0
    #: Priority of regulation already given (P0 ... NR), else empty.
    regulation: str = ""
    #: What this number did shortly before; none for a masked caller.
    repeat: Repeat | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """A filière that was thought of, and why it was left: a code for programs, French words for people."""

    filiere: str
    code: str
    why: str


@dataclass(frozen=True, slots=True)
class Decision:
    """Where the call goes."""

    filiere: str
    priorite: int
    attente_seconds: int
    reason_code: Reason
    #: In French words.
    motif: str
    flux: str
    considered: tuple[Rejected, ...] = ()
    #: What was odd about the question itself, in French words.
    anomalies: tuple[str, ...] = field(default=())
    repeat: Repeat | None = None


@dataclass(frozen=True, slots=True)
class RoutingRules:
    """The site's rules, whole."""

    filieres: FiliereTable
    flux: FluxTable
    #: Where the opening hours are read on the wall.
    zone: ZoneInfo


def decide(facts: Facts, rules: RoutingRules, load: Mapping[str, Load] | None, local: datetime) -> Decision:
    """Choose the filière for one question, at the local civil time `local`. Never raises, never refuses."""
    table = rules.filieres
    recognised = rules.flux.recognise(facts.flux, facts.did)
    anomalies = [recognised.anomaly] if recognised.anomaly else []
    entry = table.by_code[recognised.flux.filiere]
    origin = None
    if facts.origine is not None:
        origin = table.by_code.get(facts.origine)
        if origin is None:
            anomalies.append(f"filière inconnue {facts.origine}")
    search = _Search(table, load, local)
    chosen, reason = search.entry(entry) if facts.nth <= 0 else search.overflow(origin, facts)
    return Decision(
        filiere=chosen.code,
        priorite=_priorite(facts, table, max(recognised.flux.priorite, chosen.priorite_defaut)),
        attente_seconds=(table.attente_secours_seconds if reason is Reason.SECOURS else chosen.attente_max_seconds),
        reason_code=reason,
        motif=_motif(reason, chosen, recognised.flux.libelle, tuple(search.rejected)) + _again(facts),
        flux=recognised.flux.code,
        considered=tuple(search.rejected),
        anomalies=tuple(anomalies),
        repeat=facts.repeat,
    )


class _Search:
    """One walk over the filières, remembering what it left and why."""

    def __init__(self, table: FiliereTable, load: Mapping[str, Load] | None, local: datetime) -> None:
        self._table = table
        self._load = load
        self._local = local
        self.rejected: list[Rejected] = []

    def entry(self, entry: Filiere) -> tuple[Filiere, Reason]:
        """The flux's own filière, or the first of its chain that can take a call."""
        if self._takes(entry):
            return entry, Reason.FLUX
        first = self.rejected[0].code
        found = self._along_chain(entry)
        if found is None:
            return self._table.secours, Reason.SECOURS
        return found, Reason.FERMETURE if first == "fermee" else Reason.SANS_AGENT

    def overflow(self, origin: Filiere | None, facts: Facts) -> tuple[Filiere, Reason]:
        """The next of the chain, else back to the queue that was only slow, else the last resort."""
        if origin is None or facts.nth > self._table.debordements_max:
            return self._table.secours, Reason.SECOURS
        found = self._along_chain(origin)
        if found is not None:
            return found, Reason.DEBORDEMENT
        for back in self._ways_back(origin, facts):
            if self._takes(back):
                return back, Reason.RETOUR
        return self._table.secours, Reason.SECOURS

    def _ways_back(self, origin: Filiere, facts: Facts) -> Iterator[Filiere]:
        """To those who sent the caller and know the story, else to the queue that was only slow."""
        left = {origin.code, *(one.filiere for one in self.rejected)}
        sender = self._table.by_code.get(facts.venant or "")
        if sender is not None and sender.code not in left:
            yield sender
        if facts.cause is Cause.TIMEOUT and origin is not self._table.secours:
            yield origin

    def _along_chain(self, start: Filiere) -> Filiere | None:
        seen = {start.code}
        code = start.debordement
        while code is not None and code not in seen:
            seen.add(code)
            candidate = self._table.by_code[code]
            if self._takes(candidate):
                return candidate
            code = candidate.debordement
        return None

    def _takes(self, filiere: Filiere) -> bool:
        """Open, and not known to be deserted."""
        if filiere.horaires is not None and not is_open(filiere.horaires, self._local):
            self.rejected.append(Rejected(filiere.code, "fermee", f"{filiere.libelle} fermée à cette heure"))
            return False
        load = None if self._load is None else self._load.get(filiere.code)
        if load is not None and load.deserted:
            why = "tous en pause" if load.logged_in else "personne en poste"
            self.rejected.append(Rejected(filiere.code, "sans_agent", f"{filiere.libelle} {why}"))
            return False
        return True


def _priorite(facts: Facts, table: FiliereTable, least: int) -> int:
    """The priority of this caller in the queue.

    Each overflow and each earlier call of the same number gains a little, but never lifts anybody over a vital emergency (P0).
    """
    given = max(least, table.priorites.get(facts.regulation, 0))
    earlier = facts.repeat.count if facts.repeat is not None else 0
    lifted = given + table.bonus_debordement * max(facts.nth, 0)
    lifted += min(table.bonus_repetition * earlier, table.bonus_repetition_max)
    ceiling = max(given, table.priorites["P0"] - 1)
    return min(lifted, ceiling, PRIORITE_MAX)


def _again(facts: Facts) -> str:
    return "" if facts.repeat is None or facts.nth > 0 else f" (appel n° {facts.repeat.count + 1} de ce numéro)"


def _motif(reason: Reason, chosen: Filiere, flux: str, rejected: tuple[Rejected, ...]) -> str:
    why = " puis ".join(one.why for one in rejected)
    words = {
        Reason.FLUX: f"{flux} vers {chosen.libelle}",
        Reason.FERMETURE: f"{flux} vers {chosen.libelle} car {why}",
        Reason.SANS_AGENT: f"{flux} vers {chosen.libelle} car {why}",
        Reason.DEBORDEMENT: f"débordement vers {chosen.libelle}",
        Reason.RETOUR: f"retour vers {chosen.libelle} car {why or 'aucun débordement'}",
        Reason.SECOURS: f"dernier recours {chosen.libelle}",
    }
    return words[reason]
