"""What must be true before a piece is destroyed, and who may say what about a proposal. Decided by values alone."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from cti.archive.keeping.holds import a_line, covering, kept_until, same_person, still_open
from cti.journey import Instant
from cti.journey.around.keeping import Hold, Kept, Proposal, Refused, Term
from cti.journey.around.voice import VoiceState


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one piece stands before destruction."""

    keep_until: Instant  #: as its holds have moved it
    held_by: tuple[Hold, ...]
    why_not: str | None  #: in French; None when its time has come


def standing(kept: Kept, term: Term | None, holds: Iterable[Hold], at: Instant, zone: ZoneInfo) -> Standing:
    """Whether this piece could be destroyed at ``at``; a piece that has no term has no end."""
    mine = covering(holds, kept)
    held = still_open(mine)
    until = 0 if term is None else kept_until(term, mine, at, zone)
    return Standing(until, held, _why_not(kept, term, held, until, at))


def _why_not(kept: Kept, term: Term | None, held: tuple[Hold, ...], until: Instant, at: Instant) -> str | None:
    state = kept.piece.state
    if held:
        return "gelée : " + ", ".join(f"{hold.kind} {hold.reference} (gel {hold.number})" for hold in held)
    if state not in (VoiceState.ARCHIVED, VoiceState.HELD) or kept.piece.sealed is None:
        return f"n'est pas dans l'archive (état {state})"
    if term is None:
        return "n'a pas encore de durée de conservation"
    if at < until:
        return "sa durée de conservation n'est pas écoulée"
    return None


def approved(proposal: Proposal, *, by: str, visa: str, at: Instant) -> Proposal:
    """The proposal, approved.

    Raises:
        Refused: by whoever proposed it, twice, without a visa, or after it was withdrawn.
    """
    by, visa = a_line("--par", by), a_line("--visa", visa)
    if proposal.state != "proposee":
        raise Refused(f"la proposition {proposal.number} est déjà {_FRENCH[proposal.state]}")
    if same_person(by, proposal.proposed_by):
        raise Refused(f"une élimination se décide à deux : {proposal.proposed_by} a proposé, une autre personne doit approuver")
    return replace(proposal, approved_by=by, approved_at=at, visa=visa)


def withdrawn(proposal: Proposal, *, by: str, reason: str, at: Instant) -> Proposal:
    """The proposal, withdrawn: what was not destroyed yet is not.

    Raises:
        Refused: it was already, or no reason is given.
    """
    by, reason = a_line("--par", by), a_line("--raison", reason)
    if proposal.withdrawn_at is not None:
        raise Refused(f"la proposition {proposal.number} est déjà retirée")
    return replace(proposal, withdrawn_by=by, withdrawn_at=at, withdrawn_reason=reason)


def executable(proposal: Proposal) -> None:
    """Come back when two people and the archives have decided it.

    Raises:
        Refused: they have not.
    """
    if proposal.state != "approuvee" or not proposal.visa or proposal.approved_by is None:
        raise Refused(
            f"la proposition {proposal.number} est {_FRENCH[proposal.state]} : rien n'est éliminé sans approbation ni visa"
        )
    if same_person(proposal.approved_by, proposal.proposed_by):
        raise Refused(f"la proposition {proposal.number} a été proposée et approuvée par la même personne")


_FRENCH = {"proposee": "proposée", "approuvee": "approuvée", "retiree": "retirée"}
