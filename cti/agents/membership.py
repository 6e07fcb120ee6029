"""Members of the PBX's queues: those that the standings want, those that are seen, and the steps from one to the other. Pure.

The standings win over whatever the PBX holds (a member restored from its own database, a pause lost with a restart); only
queues of ours and posts of ours are touched, and a member written in ``queues.conf`` can be paused and never removed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from cti.agents.duty import Standings
from cti.agents.people import Staff
from cti.journey import AgentId, FiliereCode, Instant

QueuesOf = Mapping[FiliereCode, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Member:
    """A post in a queue."""

    queue: str
    poste: AgentId
    nom: str
    paused: bool = False
    reason: str = ""
    dynamic: bool = True


class StepKind(StrEnum):
    """What the PBX is asked."""

    REMOVE = "retirer"
    ADD = "ajouter"
    PAUSE = "suspendre"
    UNPAUSE = "reprendre"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to ask of the PBX."""

    kind: StepKind
    member: Member  #: as it should be; for REMOVE, as it is

    @property
    def words(self) -> str:
        """In French, for logs and screens."""
        why = f" ({self.member.reason})" if self.member.reason and self.kind is not StepKind.REMOVE else ""
        return f"{self.kind} {self.member.poste} dans {self.member.queue}{why}"


def desired(
    standings: Standings, staff: Staff, queues: QueuesOf, now: Instant, unready: Mapping[AgentId, str] = MappingProxyType({})
) -> dict[tuple[str, AgentId], Member]:
    """Who should be where. A person, a post or a filière that the site no longer declares gives nothing.

    Args:
        standings: who sits where.
        staff: the site's posts and people.
        queues: of each filière.
        now: our clock.
        unready: posts that cannot be offered calls whoever sits there, and why; a hold of their own goes before.
    """
    wanted: dict[tuple[str, AgentId], Member] = {}
    for standing in standings.values():
        post, person = staff.post(standing.poste), staff.people.get(standing.personne)
        if post is None or post.fixe != standing.fixed or (person is None and not standing.fixed):
            continue
        allowed = standing.filieres if person is None else tuple(f for f in standing.filieres if f in person.filieres)
        hold = standing.held(now)
        why = unready.get(standing.poste, "") if hold is None else hold.reason
        for filiere in allowed:
            for queue in queues.get(filiere, ()):
                wanted[queue, standing.poste] = Member(
                    queue,
                    standing.poste,
                    staff.nom(standing.personne),
                    paused=hold is not None or bool(why),
                    reason=why,
                    dynamic=not standing.fixed,
                )
    return wanted


def steps(
    wanted: Mapping[tuple[str, AgentId], Member], seen: Iterable[Member], ours: Iterable[str], posts: Iterable[AgentId]
) -> tuple[Step, ...]:
    """From what is seen to what is wanted: away first, then in, then pauses; none when they agree.

    Args:
        wanted: `desired`.
        seen: members of the PBX's queues, ours and others'.
        ours: names of our queues.
        posts: declared posts; a member that is no post of ours is left alone.
    """
    queues, known = set(ours), set(posts)
    held = {(member.queue, member.poste): member for member in seen if member.queue in queues and member.poste in known}
    away, add, pause = [], [], []
    for key, member in held.items():
        want = wanted.get(key)
        if member.dynamic and (want is None or want.nom != member.nom):
            away.append(Step(StepKind.REMOVE, member))
        elif want is not None and (want.paused, want.reason) != (member.paused, member.reason):
            pause.append(Step(StepKind.PAUSE if want.paused else StepKind.UNPAUSE, want))
    gone = {(step.member.queue, step.member.poste) for step in away}
    for key, want in wanted.items():
        # A static member that is not there cannot be made by us: queues.conf and the site disagree until a reload.
        if want.dynamic and (key not in held or key in gone):
            add.append(Step(StepKind.ADD, want))
            if want.paused:
                pause.append(Step(StepKind.PAUSE, want))
    return (*away, *add, *pause)


def missing_static(wanted: Mapping[tuple[str, AgentId], Member], seen: Iterable[Member]) -> tuple[Member, ...]:
    """Fixed posts that the PBX does not have: its files are older than the site's."""
    held = {(member.queue, member.poste) for member in seen}
    return tuple(member for key, member in wanted.items() if not member.dynamic and key not in held)
