"""What the PBX says of a phone's contact: whether it has one, whether OPTIONS are answered, and how soon.

``ContactStatus`` (class ``system``) tells each change of it, and not the time of each answer; the time is asked for by ``Getvar``
of two functions of chan_pjsip, which wants no class beyond those that the actions login has (``PJSIPShowContacts`` wants
``system``, which equals a shell).
"""

from dataclasses import dataclass
from typing import Final

from cti.ami.actions import Ask
from cti.ami.frames import Frame
from cti.journey import AgentId

#: Words of `ContactStatus` and of ``PJSIP_CONTACT(...,status)``; the others say that nobody asked yet.
_GONE: Final = frozenset({"Removed"})
_ANSWERS: Final = {"Reachable": True, "Unreachable": False}


@dataclass(frozen=True, slots=True)
class ContactSeen:
    """A contact of a phone, at one moment."""

    poste: AgentId
    registered: bool
    reachable: bool | None = None  #: None: it was not asked, or has not had the time to answer
    round_trip_ms: float | None = None
    uri: str = ""  #: the contact itself; empty when it was asked for


def contact_seen(frame: Frame) -> ContactSeen | None:
    """What a frame says of a contact; None for any other frame.

    A contact that is asked anew has an unknown state for a moment: that says nothing. A phone that registers from another port
    (behind a NAT, each time) has its new contact told first and the old one as removed after it (seen on Asterisk 22.10.1):
    what was removed is told by `ContactSeen.uri`.
    """
    if frame.event != "ContactStatus" or not frame.get("AOR", ""):
        return None
    word, uri = frame.get("ContactStatus", ""), frame.get("URI", "")
    if word in _GONE:
        return ContactSeen(frame.require("AOR"), registered=False, uri=uri)
    reachable = _ANSWERS.get(word)
    trip = frame.get("RoundtripUsec", "")
    known = int(trip) / 1000 if reachable and trip.isascii() and trip.isdigit() else None
    return ContactSeen(frame.require("AOR"), registered=True, reachable=reachable, round_trip_ms=known, uri=uri)


async def ask_contact(ask: Ask, poste: AgentId, *, act_seconds: float = 2.0) -> ContactSeen:
    """Ask the PBX about the contact of a post that it has in its configuration.

    Raises:
        AmiError: refused, not answered in time, or no link.
    """

    async def value(variable: str) -> str:
        answer = await ask("Getvar", {"Variable": variable}, deadline_seconds=act_seconds)
        return answer.response.get("Value", "")

    # Several contacts are named in the order of their making: the latest is the one that is rung.
    contact = (await value(f"PJSIP_AOR({poste},contact)")).rpartition(",")[2].strip()
    if not contact:
        return ContactSeen(poste, registered=False)
    reachable = _ANSWERS.get(await value(f"PJSIP_CONTACT({contact},status)"))
    trip = await value(f"PJSIP_CONTACT({contact},rtt)") if reachable else ""
    known = int(trip) / 1000 if trip.isascii() and trip.isdigit() else None
    return ContactSeen(poste, registered=True, reachable=reachable, round_trip_ms=known)
