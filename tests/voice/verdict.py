"""Is the voice kept: every archived piece opened, listened to, and compared with what the people's telephones say.

Nothing is told from the names of files: the sound is opened with the identity of the site, each person's tone looked for on the
side and in the time in which he talked with the caller, and nobody else's may be there.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from cti.archive.sealing.keys import Opener
from cti.archive.stores import Shelf
from cti.bootstrap.keeping.opening import identity_of, shelf_of
from cti.bootstrap.sandbox import Site
from cti.journey import Instant, Journey
from cti.journey.around.voice import Piece, PieceKind, VoiceState
from cti.journey.events.placed import Direction
from cti.sandbox.people.pairing import national, pair
from cti.sandbox.people.sip.tones import CALLER_HERTZ, agents_hertz, caller_hertz
from cti.sandbox.people.truth import CallerTruth, read_truth
from cti.settings import load
from cti.store import open_store
from tests.voice.ears import Heard
from tests.voice.found import Errors, Verdict
from tests.voice.opened import Told, covered, length, opened, without
from tests.voice.outside import GUEST
from tests.voice.presence import AFTER_A_CODE, AROUND_A_KEY, MOVES, Span, spans
from tests.voice.truth import talks

#: What an offset may be wrong by.
GOAL_MS = 100.0
#: So much of what must be heard may be missing: packets come late on a busy machine.
_HOLES_MS, _HOLES_SHARE = 250.0, 0.05
_S = 1_000_000


class Judge:
    """Judges one run."""

    def __init__(self, site: Site, pbx_deaths: Sequence[tuple[Instant, Instant]] = ()) -> None:
        people = site.folder / "people"
        self._settings = load(site.config, {})
        self._hertz = agents_hertz(phone.endpoint for phone in site.phones)
        self._hertz[GUEST] = caller_hertz(GUEST)
        self._among = (*CALLER_HERTZ, *(self._hertz[phone.endpoint] for phone in site.phones))
        self._names = {hertz: name for name, hertz in self._hertz.items()}
        self._truths = read_truth(people)
        self._talks = talks(people, "postes-*")
        self._lines = talks(site.folder / "lignes", "ligne-*")
        self._outside = talks(site.folder / "dehors", "dehors")
        #: From a BYE that a telephone sent to the PBX's answer: somewhere in between its voice ends.
        heard_out = [(one.ended_at, one.silent_at) for one in (*self._truths, *self._talks, *self._lines, *self._outside)]
        self._silent = {ended: silent for ended, silent in heard_out if ended is not None and silent is not None}
        #: The same for all else that a telephone asks for: hold, back from hold, a key.
        self._taken = {at: taken for one in (*self._talks, *self._lines) for at, taken in one.taken} | self._silent
        self._deaths = pbx_deaths
        self.verdict = Verdict()

    def judge(self) -> Verdict:
        """Every call, every piece."""
        store = open_store(self._settings.database_url)
        try:
            journeys = list(store.reading.journeys(None, None))
            pieces = store.pieces.all()
        finally:
            store.close()
        by_call: dict[str, list[Piece]] = {}
        for piece in pieces:
            by_call.setdefault(piece.call_id, []).append(piece)
        incoming = [one for one in journeys if one.direction is Direction.ENTRANT and one.flux != "POSTE"]
        paired = pair(self._truths, incoming)
        found = self.verdict
        found.callers = sum(truth.heard for truth in self._truths)
        found.pieces = len(pieces)
        for truth in paired.missing:
            if truth.first_human_at is not None:
                found.answered += 1
                self._fault(truth.number, "décroché, et aucun appel dans la base")
        for journey in (*(one for _, one in paired.doubles), *paired.invented):
            self._fault(journey.call_id, "appel que personne n'a passé")
        for truth, journey in paired.pairs:
            self._incoming(truth, journey, by_call.get(journey.call_id, []))
        for journey in journeys:
            if journey.direction is Direction.SORTANT:
                self._placed(journey, by_call.get(journey.call_id, []))
        for stranger in by_call.keys() - {journey.call_id for journey in journeys}:
            self._fault(stranger, "pièce sans appel")
        return found

    # --- one call ---------------------------------------------------------------------------------------------------------

    def _incoming(self, truth: CallerTruth, journey: Journey, pieces: list[Piece]) -> None:
        # Where décroché and hang-up are so close that no witness can say which came first, or where the phone picked up for a
        # PBX that was dead, the service's word decides.
        unsure = truth.at_the_edge(100_000) or self._at_a_death(journey)
        answered = truth.first_human_at is not None and (not unsure or journey.answered_at is not None)
        self.verdict.answered += answered
        mine = [piece for piece in pieces if piece.kind is PieceKind.APPEL]
        if answered and not self._proven(truth.number, journey, mine):
            return
        gone = truth.ended_at or journey.ended_at or 0
        his = [one for one in self._talks if one.number == truth.number and one.answered_at <= gone]
        found = spans(his, self._lines, self._talks, gone)
        found += self._guests(journey, gone)
        kinds = _kinds(found, journey, len(his))
        if answered:
            self.verdict.kinds.update(kinds)
        start = max(truth.answered_by_pbx_at or 0, 0)
        for piece in mine:
            if piece.sealed is not None:
                self._listen(piece, journey, truth.number, (start, gone), found, kinds)
        for piece in pieces:
            if piece.kind is PieceKind.CONSULTATION and piece.sealed is not None:
                self._apart(piece, journey, truth.number)

    def _placed(self, journey: Journey, pieces: list[Piece]) -> None:
        found = self.verdict
        found.placed += 1
        if journey.answered_at is None or journey.placed is None:
            return
        number = national(journey.placed.number)
        patient = next(
            (one for one in self._outside if one.person == number and abs(one.answered_at - journey.answered_at) < _S), None
        )
        mine = [piece for piece in pieces if piece.kind is PieceKind.APPEL]
        if patient is None:
            self._fault(journey.call_id, f"le service dit que le {number} a décroché ; son téléphone ne le dit pas")
            return
        found.reached += 1
        if not self._proven(number, journey, mine):
            return
        agents = {leg.agent for stage in journey.stages for leg in stage.legs} | {stage.agent for stage in journey.stages}
        agents |= {consult.answered_by for consult in journey.consults}
        gone = min(patient.ended_at or journey.ended_at or 0, journey.ended_at or 0)
        his = [
            one
            for one in self._talks
            # The patients are few: another call of the same number is no talk of this one.
            if one.person in agents
            and one.number == number
            and one.answered_at <= gone
            and (one.ended_at or gone) >= journey.t0
        ]
        there = spans(his, self._lines, self._talks, gone)
        told = [span for one in there if (span := self._from(one, patient.answered_at)).until > patient.answered_at]
        told += self._guests(journey, gone)
        kinds = ("sortant", *(kind for kind in _kinds(told, journey, len(his)) if kind != "direct"))
        found.kinds.update(kinds)
        for piece in mine:
            self._listen(piece, journey, number, (patient.voice_at, gone), told, kinds)
        for piece in pieces:
            if piece.kind is PieceKind.CONSULTATION and piece.sealed is not None:
                self._apart(piece, journey, number)

    def _from(self, span: Span, at: Instant) -> Span:
        """He speaks before whoever he called can hear it: the recorder begins at the answer."""
        return replace(span, since=max(span.since, at), exact_since=span.exact_since and span.since > at)

    def _proven(self, name: str, journey: Journey, mine: list[Piece]) -> bool:
        """The recording of an answered call is archived, whole, and says so."""
        sound = [one for one in mine if one.state is VoiceState.ARCHIVED and one.problem is None]
        if len(mine) == 1 and sound:
            self.verdict.proven += journey.direction is Direction.ENTRANT
            self.verdict.repaired += mine[0].repaired
            return True
        said = [one.problem for one in journey.recordings if one.problem] + [one.problem for one in mine if one.problem]
        words = f"{len(mine)} enregistrement(s), {len(sound)} prouvé(s) : {'; '.join(said) or 'sans un mot'}"
        if self._at_a_death(journey):
            self.verdict.excused.append(f"{name} ({journey.call_id}) : {words}")
            if not said:
                self._fault(name, f"perdu sans un mot à la mort du PBX : {words}")
            return False
        self._fault(f"{name} ({journey.call_id})", words)
        return False

    def _at_a_death(self, journey: Journey) -> bool:
        end = journey.ended_at or journey.last_at
        return any(journey.t0 <= until + _S and end >= since - _S for since, until in self._deaths)

    def _guests(self, journey: Journey, gone: Instant) -> Iterator[Span]:
        """Whoever was called in from outside: his own phone says when, the call says for whom he came."""
        for guest in journey.guests:
            if guest.answered_at is None:
                continue
            talk = min(
                (one for one in self._outside if one.person == GUEST),
                key=lambda one: abs(one.answered_at - (guest.answered_at or 0)),
                default=None,
            )
            if talk is None or abs(talk.answered_at - guest.answered_at) > _S:
                self._fault(journey.call_id, "un invité que son téléphone ne connaît pas")
                continue
            end = min(talk.ended_at or gone, gone)
            yield Span(person=GUEST, kind="invite", since=talk.voice_at, until=end, late=500_000, exact_since=False)

    # --- one piece --------------------------------------------------------------------------------------------------------

    def _listen(
        self,
        piece: Piece,
        journey: Journey,
        number: str,
        there: tuple[Instant, Instant],
        people: list[Span],
        kinds: Iterable[str],
    ) -> None:
        told = opened(piece, journey, self._shelf, self._opener, self._among)
        found, name = self.verdict, f"{number} ({piece.piece_id})"
        found.seconds += told.duration_ms / 1000
        found.gaps += len(told.timeline["time"]["gaps"])
        found.drifts.append(told.timeline["time"]["drift_ms"] + sum(one["ms"] for one in told.timeline["time"]["inserted"]))
        if self._at_a_death(journey):
            return  # it ends where the PBX died: what it holds is looked at by the repair's own rules
        hertz = caller_hertz(number)
        since, until = max(0.0, told.place(there[0])), min(told.place(there[1]), told.duration_ms)
        self._must(told, told.left, hertz, (since + GOAL_MS, until - GOAL_MS), (), f"{name} : l'appelant, à gauche")
        caller = [one for one in told.left if one.hertz == hertz]
        if caller:
            found.caller.add(caller[0].since, since, name)
            found.caller.add(*self._ends(told, caller[-1].until, there[1], until), name)
        for one in told.left:
            if one.hertz != hertz:
                self._fault(name, f"à gauche, une voix qui n'est pas la sienne : {self._says(one)}")
        self._people(told, people, name, kinds)
        self._stages(told, people, name)

    def _people(self, told: Told, people: list[Span], name: str, kinds: Iterable[str]) -> None:
        """Everybody on the right, where and only where he was with the caller."""
        allowed: dict[int, list[tuple[float, float]]] = {}
        for span in people:
            hertz = self._hertz[span.person]
            since, until = told.place(span.since), min(told.place(span.until), told.duration_ms)
            latest = max(until, told.place(max(span.latest, self._taken.get(span.until, 0))))
            allowed.setdefault(hertz, []).append((since - GOAL_MS, latest + GOAL_MS))
            away = [(told.place(one), told.place(other)) for one, other in span.away]
            must = (since + span.late / 1000 + GOAL_MS, until - span.early / 1000 - GOAL_MS)
            self._must(told, told.right, hertz, must, away, f"{name} : {span.person}, à droite ({span.kind})")
            # What he said when he was with the caller before belongs to that time: it ends before this one begins.
            mine = [one for one in told.right if one.hertz == hertz and one.since < until and one.until > since]
            if not mine or until - since < 300:
                continue
            errors = [self.verdict.by_kind.setdefault(kind, Errors()) for kind in kinds]
            if span.exact_since:
                begins = self._begins(told, mine[0].since, span.since, since)
                self.verdict.sipp.add(*begins, f"{name} {span.person} début ({span.kind})")
                for each in errors:
                    each.add(*begins, name)
            if span.exact_until:
                before = [one for one in mine if one.since < until]
                last = (before or mine)[-1].until
                ends = self._ends(told, last, span.until, until)
                self.verdict.sipp.add(*ends, f"{name} {span.person} fin ({span.kind})")
                for each in errors:
                    each.add(*ends, name)
        for one in told.right:
            windows = allowed.get(one.hertz, [])
            if not any(since <= one.since and one.until <= until for since, until in windows) and not covered(one, windows):
                self._fault(name, f"à droite, une voix qui ne devrait pas y être : {self._says(one)}")

    def _begins(self, told: Told, heard: float, at: Instant, since: float) -> tuple[float, float]:
        """Where a voice begins and where it should: who takes a caller back is heard once the PBX has taken that."""
        return heard, max(since, min(heard, told.place(self._taken.get(at, at))))

    def _ends(self, told: Told, heard: float, at: Instant, until: float) -> tuple[float, float]:
        """Where a voice ends and where it should: who hangs up, holds or types is heard until the PBX has taken that."""
        taken = min(told.place(self._taken.get(at, at)), told.duration_ms)
        return heard, max(until, min(heard, taken))

    def _stages(self, told: Told, people: list[Span], name: str) -> None:
        """Offsets of the timeline beside what is heard, for whoever is heard from the beginning to the end of his stage."""
        for stage in told.timeline["stages"]:
            if stage["talk_ms"] is None or stage["left_ms"] is None or stage["agent"] not in self._hertz:
                continue
            since, until = stage["talk_ms"], min(stage["left_ms"], told.duration_ms)
            mine = [
                one
                for one in told.right
                if one.hertz == self._hertz[stage["agent"]] and one.until > since and one.since < until
            ]
            if not mine or until - since < 300:
                continue
            # A colleague may have had the caller on hold, or have been waited for, as his stage began.
            his = [span for span in people if span.person == stage["agent"]]
            typing = [(told.place(one), told.place(other)) for span in his for one, other in span.away]
            # Nor who had him on hold as the stage began.
            near = [span for span in his if abs(told.place(span.since) - since) < MOVES / 1000]
            held = any(span.kind == "hold" and told.place(span.since) > since + GOAL_MS for span in near[:1])
            if near and not held and not _within(since, typing):
                self.verdict.timeline.add(mine[0].since, since, f"{name} {stage['agent']} début")
            # Who typed a code, transferred or held is silent before his stage ends: his telephone says since when.
            if not any(span.latest or span.kind in ("hold", "attended") for span in his) and not _within(until, typing):
                self.verdict.timeline.add(mine[-1].until, until, f"{name} {stage['agent']} fin")

    def _apart(self, piece: Piece, journey: Journey, number: str) -> None:
        """A consultation: who asks on the left, who is asked on the right, and not the caller as long as they are apart."""
        told = opened(piece, journey, self._shelf, self._opener, self._among)
        self.verdict.consults += 1
        for consult in told.timeline["consults"]:
            if consult["answered_ms"] is None or consult["ended_ms"] is None:
                continue
            since, until = max(0, consult["answered_ms"]), min(consult["ended_ms"], told.duration_ms)
            if until - since < 800:
                continue
            name = f"{number} ({piece.piece_id})"
            # He types the code with which it ends.
            must = (since + 300, until - 700)
            for side, person in ((told.left, consult["agent"]), (told.right, consult["answered_by"])):
                if person in self._hertz:
                    away = self._busy(told, journey, person)
                    self._must(told, side, self._hertz[person], must, away, f"{name} : {person}, à part")
            hertz = caller_hertz(number)
            for one in (*told.left, *told.right):
                if one.hertz == hertz and one.since < until - GOAL_MS and one.until > since:
                    self._fault(name, f"l'appelant est entendu dans ce qui se dit à part : {self._says(one)}")

    def _busy(self, told: Told, journey: Journey, person: str) -> list[tuple[float, float]]:
        """When a person holds somebody, or types: nobody hears him then."""
        until = journey.ended_at or journey.last_at
        found: list[tuple[Instant, Instant]] = []
        for talk in self._talks:
            if talk.person == person and talk.answered_at <= until and (talk.ended_at or until) >= journey.t0:
                end = talk.ended_at or until
                found += [(since, taken or end) for since, taken in talk.holds]
                found += [(at - AROUND_A_KEY, at + AFTER_A_CODE) for at, _ in talk.keys]
        return [(told.place(since), told.place(self._taken.get(taken, taken))) for since, taken in found]

    # --- what is heard ----------------------------------------------------------------------------------------------------

    def _must(
        self, told: Told, heard: list[Heard], hertz: int, must: tuple[float, float], away: Iterable[tuple[float, float]], who: str
    ) -> None:
        since, until = must
        until = min(until, told.duration_ms - GOAL_MS)
        if until - since < 200:
            return
        pauses = [*away, *told.restarts()]
        wanted = without((since, until), pauses)
        missing = sum(length(without(part, [(one.since, one.until) for one in heard if one.hertz == hertz])) for part in wanted)
        if missing > _HOLES_MS + _HOLES_SHARE * length(wanted):
            self._fault(who, f"{missing:.0f} ms manquent sur {length(wanted):.0f}, entre {since:.0f} et {until:.0f}")

    def _says(self, one: Heard) -> str:
        name = self._names.get(one.hertz, f"{one.hertz} Hz")
        return f"{name} de {one.since:.0f} à {one.until:.0f} ms"

    def _fault(self, name: str, words: str) -> None:
        self.verdict.faults.append(f"{name} : {words}")

    @property
    def _shelf(self) -> Shelf:
        return shelf_of(self._settings)

    @property
    def _opener(self) -> Opener:
        return identity_of(self._settings)


def _within(at: float, windows: Iterable[tuple[float, float]]) -> bool:
    return any(since <= at <= until for since, until in windows)


def _kinds(found: Iterable[Span], journey: Journey, talked: int) -> tuple[str, ...]:
    """What the call lived, for the table."""
    kinds = {span.kind for span in found}
    kinds |= {"api" for stage in journey.stages if stage.via is not None and stage.via.value == "api"}
    moved = sum(stage.end is not None and stage.end.value == "transferred" for stage in journey.stages)
    if moved > 1:
        kinds.add("requalified")
    return tuple(sorted(kinds - {"direct"})) or ("direct",)
