"""What queue members are doing: the phones of the room, filière by filière."""

from collections.abc import Iterator

from cti.ami.frames import Frame
from cti.ami.translate.channels import ChannelBook, endpoint_of
from cti.ami.translate.telephony import filiere_of
from cti.journey import events as ev
from cti.journey.around.duty import WRAPUP_REASON
from cti.journey.words import Instant

#: Asterisk device states (AST_DEVICE_*) as QueueMemberStatus sends them.
_PRESENCES = {
    "0": ev.Presence.UNREACHABLE,
    "1": ev.Presence.FREE,
    "2": ev.Presence.TALKING,
    "3": ev.Presence.TALKING,
    "4": ev.Presence.UNREACHABLE,
    "5": ev.Presence.UNREACHABLE,
    "6": ev.Presence.RINGING,
    "7": ev.Presence.RINGING,
    "8": ev.Presence.TALKING,
}


def member(_book: ChannelBook, frame: Frame, at: Instant) -> Iterator[ev.Event]:
    """A member's state, from a live frame or from a row of QueueStatus."""
    filiere = filiere_of(frame.require("Queue"))
    if filiere is None:
        return
    interface = frame.get("Interface", "") or frame.require("Location")  # QueueStatus answers say Location
    paused = frame.get("Paused", "0")
    reason = frame.get("PausedReason", "") if paused == "1" else ""
    yield ev.AgentSeen(
        at=at,
        agent=endpoint_of(interface),
        filiere=filiere,
        presence=presence_of(frame.get("Status", ""), paused, frame.get("InCall", "0"), reason),
        nom=frame.get("MemberName", "") or frame.get("Name", ""),
        reason=reason,
    )


def member_removed(_book: ChannelBook, frame: Frame, at: Instant) -> Iterator[ev.Event]:
    """The member left the queue."""
    filiere = filiere_of(frame.require("Queue"))
    if filiere is not None:
        yield ev.AgentGone(at=at, agent=endpoint_of(frame.require("Interface")), filiere=filiere)


def presence_of(status: str, paused: str, in_call: str, reason: str = "") -> ev.Presence:
    """What a queue member is doing: the phone's state first, the pause only when the phone is at rest."""
    presence = _PRESENCES.get(status, ev.Presence.UNREACHABLE)
    if presence is ev.Presence.FREE and paused == "1":
        return ev.Presence.WRAPUP if reason == WRAPUP_REASON else ev.Presence.PAUSED
    if presence is ev.Presence.FREE and in_call == "1":
        return ev.Presence.TALKING
    return presence
