"""Who was on duty: the journal of acts, only ever added to, and what each post did, span by span."""

import json
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Engine, Row, and_, func, or_, select, update

from cti.journey.around.duty import WATCH, DutyAct, DutyKind, DutyVia, PersonId, PresenceSpan
from cti.journey.words import AgentId, Instant
from cti.store.bulk import BulkInsert, keep, overwrite
from cti.store.engine import writing
from cti.store.faults import reaching
from cti.store.tables import duty_act, presence

_ORDER: Final = (duty_act.c.at, duty_act.c.act_id)


class Duty:
    """Reads and adds, from any thread; every method raises StoreUnavailable when the database is out of reach."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writer = writing(engine)
        self._acts = BulkInsert(engine.dialect, duty_act, keep)
        self._spans = BulkInsert(engine.dialect, presence, overwrite(presence))

    def write(self, acts: Sequence[DutyAct], spans: Sequence[PresenceSpan] = ()) -> None:
        """Add acts (one that is known already changes nothing) and spans (one that is known takes its end)."""
        # The last word about a span counts; a batch may hold its beginning and its end.
        last = {(span.poste, span.since): span for span in spans}
        with reaching(), self._writer.begin() as connection:
            self._acts(connection, [_act_row(act) for act in acts])
            self._spans(connection, [_span_row(span) for span in last.values()])

    def standing(self, recent_since: Instant) -> list[DutyAct]:
        """The acts that say who is on duty now, in order: the latest of each kind by post, the latest post taken by each
        person, and all since then (see ``cti.agents.duty.needed``).
        """
        kinds = select(duty_act.c.poste, duty_act.c.kind, func.max(duty_act.c.at).label("at"))
        by_kind = kinds.group_by(duty_act.c.poste, duty_act.c.kind).subquery()
        taken = select(duty_act.c.personne, func.max(duty_act.c.at).label("at")).where(duty_act.c.kind == DutyKind.TAKE.value)
        by_person = taken.group_by(duty_act.c.personne).subquery()
        same_kind = and_(duty_act.c.poste == by_kind.c.poste, duty_act.c.kind == by_kind.c.kind, duty_act.c.at == by_kind.c.at)
        take = duty_act.c.kind == DutyKind.TAKE.value
        same_person = and_(take, duty_act.c.personne == by_person.c.personne, duty_act.c.at == by_person.c.at)
        queries = (
            select(duty_act).join(by_kind, same_kind),
            select(duty_act).join(by_person, same_person),
            select(duty_act).where(duty_act.c.at >= recent_since),
        )
        found: dict[str, DutyAct] = {}
        with reaching(), self._engine.connect() as connection:
            for query in queries:
                found.update((row.act_id, _act(row)) for row in connection.execute(query))
        return sorted(found.values(), key=lambda act: (act.at, act.act_id))

    def sat(self, poste: AgentId, at: Instant) -> PersonId | None:
        """Who sat at a post that is not fixed, at that instant: whoever took it last, unless she left it or took another one."""
        until = duty_act.c.at <= at
        here = and_(duty_act.c.poste == poste, until)
        taken = select(duty_act.c.personne, duty_act.c.at).where(here, duty_act.c.kind == DutyKind.TAKE.value)
        last = taken.order_by(duty_act.c.at.desc(), duty_act.c.act_id.desc()).limit(1)
        with reaching(), self._engine.connect() as connection:
            take = connection.execute(last).first()
            if take is None:
                return None
            left = and_(here, duty_act.c.kind == DutyKind.LEAVE.value)
            elsewhere = and_(duty_act.c.personne == take.personne, duty_act.c.kind == DutyKind.TAKE.value, until)
            gone = select(duty_act.c.act_id).where(duty_act.c.at > take.at, or_(left, elsewhere)).limit(1)
            return None if connection.execute(gone).first() is not None else str(take.personne)

    def posts_of(self, personne: PersonId, until: Instant) -> list[AgentId]:
        """The posts that she has ever taken before that instant, in order of name."""
        took = and_(duty_act.c.personne == personne, duty_act.c.kind == DutyKind.TAKE.value, duty_act.c.at < until)
        query = select(duty_act.c.poste).where(took).distinct().order_by(duty_act.c.poste)
        with reaching(), self._engine.connect() as connection:
            return list(connection.execute(query).scalars())

    def acts(self, since: Instant, until: Instant, kinds: Sequence[DutyKind] = tuple(DutyKind)) -> list[DutyAct]:
        """The acts of an interval, of these kinds, in order."""
        wanted = duty_act.c.kind.in_([kind.value for kind in kinds])
        query = select(duty_act).where(duty_act.c.at >= since, duty_act.c.at < until, wanted).order_by(*_ORDER)
        with reaching(), self._engine.connect() as connection:
            return [_act(row) for row in connection.execute(query)]

    def last_by_phone(self) -> Instant | None:
        """When the latest act done on a phone that we know of was done."""
        query = select(func.max(duty_act.c.at)).where(duty_act.c.via == DutyVia.PHONE.value)
        with reaching(), self._engine.connect() as connection:
            found: Instant | None = connection.execute(query).scalar()
        return found

    def spans(self, since: Instant, until: Instant) -> list[PresenceSpan]:
        """What posts did in an interval: every span that touches it, in order."""
        touching = and_(
            presence.c.poste != WATCH, presence.c.since < until, or_(presence.c.until.is_(None), presence.c.until > since)
        )
        query = select(presence).where(touching).order_by(presence.c.poste, presence.c.since)
        with reaching(), self._engine.connect() as connection:
            return [_span(row) for row in connection.execute(query)]

    def last_watch(self) -> Instant | None:
        """When somebody last watched, as the watch itself noted (a span of no post)."""
        query = select(func.max(presence.c.until)).where(presence.c.poste == WATCH)
        with reaching(), self._engine.connect() as connection:
            found: Instant | None = connection.execute(query).scalar()
        return found

    def close_spans(self, at: Instant) -> int:
        """End every open span (never before it began): nobody looks any more, or the last one who looked is dead."""
        ended = update(presence).where(presence.c.until.is_(None))
        later = ended.where(presence.c.since < at).values(until=at)
        never = ended.where(presence.c.since >= at).values(until=presence.c.since)
        with reaching(), self._writer.begin() as connection:
            return connection.execute(later).rowcount + connection.execute(never).rowcount


def _act_row(act: DutyAct) -> Sequence[Any]:
    return (
        act.act_id,
        act.at,
        act.kind.value,
        act.poste,
        act.personne,
        json.dumps(act.filieres),
        act.reason,
        act.until_at,
        act.by,
        act.via.value,
    )


def _act(row: Row[Any]) -> DutyAct:
    return DutyAct(
        act_id=row.act_id,
        at=row.at,
        kind=DutyKind(row.kind),
        poste=row.poste,
        personne=row.personne,
        filieres=tuple(json.loads(row.filieres)),
        reason=row.reason,
        until_at=row.until_at,
        by=row.who,
        via=DutyVia(row.via),
    )


def _span_row(span: PresenceSpan) -> Sequence[Any]:
    return (span.poste, span.since, span.personne, span.state, span.reason, span.until)


def _span(row: Row[Any]) -> PresenceSpan:
    return PresenceSpan(
        poste=row.poste, since=row.since, personne=row.personne, state=row.state, reason=row.reason, until=row.until
    )
