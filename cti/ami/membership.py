"""Members of queues as live frames tell them: who was added, removed, paused, and when all of it must be looked at again."""

from dataclasses import dataclass

from cti.ami.frames import Frame

_CHANGED = frozenset({"QueueMemberAdded", "QueueMemberPause", "QueueMemberStatus"})


@dataclass(frozen=True, slots=True)
class MemberSeen:
    """A member of a queue after a frame."""

    queue: str
    interface: str  #: ``PJSIP/arm01``
    name: str
    paused: bool
    reason: str
    dynamic: bool
    gone: bool


def member_seen(frame: Frame) -> MemberSeen | None:
    """What a frame says of a member; None for any other frame, or one that says too little."""
    gone = frame.event == "QueueMemberRemoved"
    queue, interface = frame.get("Queue", ""), frame.get("Interface", "")
    if not (gone or frame.event in _CHANGED) or not queue or not interface:
        return None
    paused = frame.get("Paused", "0") == "1"
    return MemberSeen(
        queue=queue,
        interface=interface,
        name=frame.get("MemberName", ""),
        paused=paused,
        reason=frame.get("PausedReason", "") if paused else "",
        dynamic=frame.get("Membership", "") == "dynamic",
        gone=gone,
    )


def queues_reloaded(frame: Frame) -> bool:
    """The PBX read its queues anew: pauses and wrap-ups may be forgotten without a word about them."""
    return frame.event == "Reload" and frame.get("Module", "") in {"app_queue", "app_queue.so", "All"}
