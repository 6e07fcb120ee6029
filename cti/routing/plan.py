"""The decision: which filière, how urgent, how long, and why. It always names a filière.

At entry the flux names the filière; when that one is closed or nobody works there, its chain of overflows is walked.
When a queue gave nothing the chain is walked from there. Three rules keep it finite and humane: a chain never visits a
filière twice; when it offers nothing, the caller goes back to those who sent him, or to the queue that was only slow;
and after so many overflows, or when nothing is left, the last resort takes the caller and keeps the caller.

When the load is not known (the link to the PBX is lost) nobody is presumed absent: only opening hours decide.

In a crisis the filières of a group (the two doctors' ones) answer for each other: the call goes to whoever is free, else to the
shorter wait, before any chain is walked. This adds ways and takes none.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from cti.journey.around.callers import Repeat
from cti.routing.crise import CriseRules
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
    CRISE = "crise"
    TRANSFERT = "transfert"


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

    @property
    def expected_turns(self) -> float:
        """How many rounds of talks stand before one more caller; 0 when somebody is free for him. Compares filières, no more."""
        before = self.waiting + 1 - self.free
        return max(0, before) / max(1, self.logged_in - self.paused)


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
    #: The filière to which a human sends the caller now; none when nobody does.
    cible: str | None = None


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
    #: What a crisis changes.
    crise: CriseRules = field(default_factory=CriseRules)


def decide(
    facts: Facts, rules: RoutingRules, load: Mapping[str, Load] | None, local: datetime, *, crise: bool = False
) -> Decision:
    """Choose the filière for one question, at the local civil time `local`, in a crisis or not. Never raises, never refuses."""
    table = rules.filieres
    recognised = rules.flux.recognise(facts.flux, facts.did)
    anomalies = [recognised.anomaly] if recognised.anomaly else []
    entry = table.by_code[recognised.flux.filiere]
    origin = None
    if facts.origine is not None:
        origin = table.by_code.get(facts.origine)
        if origin is None:
            anomalies.append(f"filière inconnue {facts.origine}")
    search = _Search(table, load, local, rules.crise if crise else None)
    target = table.by_code.get(facts.cible or "")
    if target is not None:
        chosen, reason = search.transfer(target)
    else:
        chosen, reason = search.entry(entry) if facts.nth <= 0 else search.overflow(origin, facts)
    return Decision(
        filiere=chosen.code,
        priorite=_priorite(facts, table, max(recognised.flux.priorite, chosen.priorite_defaut)),
        attente_seconds=_attente(reason, chosen, rules, facts, crise=crise),
        reason_code=reason,
        motif=_motif(reason, chosen, recognised.flux.libelle, tuple(search.rejected)) + _again(facts),
        flux=recognised.flux.code,
        considered=tuple(search.rejected),
        anomalies=tuple(anomalies),
        repeat=facts.repeat,
    )


class _Search:
    """One walk over the filières, remembering what it left and why."""

    def __init__(
        self, table: FiliereTable, load: Mapping[str, Load] | None, local: datetime, crise: CriseRules | None = None
    ) -> None:
        self._table = table
        self._load = load
        self._local = local
        self._crise = crise
        self.rejected: list[Rejected] = []

    def entry(self, entry: Filiere) -> tuple[Filiere, Reason]:
        """The flux's own filière, or the first of its chain that can take a call; in a crisis, the best of its group."""
        best = self._best_of_group(entry)
        if best is not None and best is not entry:
            return best, Reason.CRISE
        if best is entry or self._takes(entry):
            return entry, Reason.FLUX
        first = self.rejected[0].code
        found = self._along_chain(entry)
        if found is None:
            return self._table.secours, Reason.SECOURS
        return found, Reason.FERMETURE if first == "fermee" else Reason.SANS_AGENT

    def transfer(self, target: Filiere) -> tuple[Filiere, Reason]:
        """Where a human sends the caller, whatever its hours: he knows. In a crisis, the best of its group."""
        best = self._best_of_group(target)
        return (target, Reason.TRANSFERT) if best is None or best is target else (best, Reason.CRISE)

    def overflow(self, origin: Filiere | None, facts: Facts) -> tuple[Filiere, Reason]:
        """The next of the chain, else back to the queue that was only slow, else the last resort."""
        if origin is None or facts.nth > self._table.debordements_max:
            return self._table.secours, Reason.SECOURS
        best = self._best_of_group(origin, facts.cause, leaving=True)
        if best is not None:
            return best, Reason.CRISE
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

    def _best_of_group(self, start: Filiere, cause: Cause | None = None, *, leaving: bool = False) -> Filiere | None:
        """In a crisis, of those who answer for this filière the one with the shortest wait; None when there is no choice.

        When waits are equal or not known a new caller stays with `start`, and one who waited there in vain leaves it. A queue
        that refused him (any cause but a timeout) is no choice.
        """
        codes = self._crise.group_of(start.code) if self._crise is not None else ()
        members = [self._table.by_code[code] for code in codes if code != start.code or not leaving or cause is Cause.TIMEOUT]
        able = [one for one in members if self._takes(one, in_group=True)]
        if leaving and able == [start]:
            return None
        return min(able, key=lambda one: (self._turns(one), (one is start) is leaving), default=None)

    def _turns(self, filiere: Filiere) -> float:
        """The wait to expect; as if nobody waited when it is not known."""
        load = None if self._load is None else self._load.get(filiere.code)
        return 0.0 if load is None else load.expected_turns

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

    def _takes(self, filiere: Filiere, *, in_group: bool = False) -> bool:
        """Open, and not known to be deserted; in a group, open too when somebody is known to be there."""
        load = None if self._load is None else self._load.get(filiere.code)
        called_in = in_group and self._crise is not None and self._crise.ouvrir_si_present and load is not None
        if not called_in and filiere.horaires is not None and not is_open(filiere.horaires, self._local):
            return self._reject(filiere, "fermee", f"{filiere.libelle} fermée à cette heure")
        if load is not None and load.deserted:
            why = "tous en pause" if load.logged_in else "personne en poste"
            return self._reject(filiere, "sans_agent", f"{filiere.libelle} {why}")
        return True

    def _reject(self, filiere: Filiere, code: str, why: str) -> bool:
        """Left, and why; told once, whatever the number of times it was thought of."""
        if all(one.filiere != filiere.code for one in self.rejected):
            self.rejected.append(Rejected(filiere.code, code, why))
        return False


def _attente(reason: Reason, chosen: Filiere, rules: RoutingRules, facts: Facts, *, crise: bool) -> int:
    """How long to wait there, in seconds."""
    if reason is Reason.SECOURS:
        return rules.filieres.attente_secours_seconds
    normal = chosen.attente_max_seconds
    return rules.crise.attente(chosen.code, normal, facts.nth) if crise else normal


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
        Reason.TRANSFERT: f"transfert vers {chosen.libelle}",
        Reason.CRISE: f"crise : {flux} vers {chosen.libelle}{f' car {why}' if why else ', plus vite libre'}",
    }
    return words[reason]
