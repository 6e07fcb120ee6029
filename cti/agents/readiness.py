"""Whether a post may be offered calls: from what the PBX says of its phone and what its page says of itself. Pure.

A phone that registers is good when the PBX has its contact, gets answers to its OPTIONS, and gets them soon enough. One that
lives in a browser needs more, because nobody sees it ring: a microphone that hears something, a voice that went to the PBX and
came back since devices and network last changed, and a clock that agrees with ours. What nobody has said is not bad, with one
exception: a page that has not said that its voice went there and back is not ready. Where the PBX itself refuses that call (a
dialplan without the echo) nothing is told of anybody's voice: that withdraws nobody, and the room is told.

What a page said stays true for a while (`ReadyRules.news_seconds`): browsers let a hidden tab run once a minute, and that must
pause nobody. That a page is dead is not found by its silence but by the PBX, within seconds.

A caller of the last resort has nowhere else to go. So a fault by which a voice may still pass (`_MAY_PASS`) does not withdraw the
last post that can be reached there; one by which it cannot pass withdraws anybody.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from cti.agents.duty import Standing
from cti.agents.ready_rules import ReadyRules
from cti.journey import AgentId, FiliereCode, Instant
from cti.journey.events import Presence
from cti.journey.words import iso

_SECOND_US: Final = 1_000_000
#: Before the reason of a pause that is none of a person's, on every screen and in the PBX.
NOT_READY: Final = "pas prêt"


class Lack(StrEnum):
    """What is not good; the gravest first."""

    UNREGISTERED = "non_enregistre"
    UNREACHABLE = "injoignable"
    STALE = "sans_nouvelles"
    MICROPHONE = "micro_muet"
    UNTRIED = "voix_non_essayee"
    VOICE = "voix_perdue"
    SLOW = "reseau_lent"
    CLOCK = "horloge"


#: For the board and the PBX: one reason, short.
SHORT: Final[Mapping[Lack, str]] = {
    Lack.UNREGISTERED: "téléphone non enregistré",
    Lack.UNREACHABLE: "téléphone injoignable",
    Lack.STALE: "page sans nouvelles",
    Lack.MICROPHONE: "micro muet",
    Lack.UNTRIED: "voix non essayée",
    Lack.VOICE: "la voix ne passe pas",
    Lack.SLOW: "réseau trop lent",
    Lack.CLOCK: "horloge décalée",
}
#: For the person, after the short reason and a colon: what to do.
TO_DO: Final[Mapping[Lack, str]] = {
    Lack.UNREGISTERED: "le PBX ne connaît plus cette page ou ce poste ; vérifiez le réseau, puis rechargez la page.",
    Lack.UNREACHABLE: "il ne répond plus au PBX ; vérifiez le réseau, puis rechargez la page.",
    Lack.STALE: "le service n'entend plus parler de la page ; revenez à cet onglet, ou rechargez-le.",
    Lack.MICROPHONE: "vérifiez la touche de coupure du casque, sa prise et le micro choisi, puis parlez.",
    Lack.UNTRIED: "l'essai se fait de lui-même, en quelques secondes, hors communication.",
    Lack.VOICE: "elle ne va pas jusqu'au PBX et retour ; vérifiez le réseau, l'essai recommence de lui-même.",
    Lack.SLOW: "préférez un câble au Wi-Fi, et fermez ce qui télécharge.",
    Lack.CLOCK: "remettez cette machine à l'heure (réglage automatique).",
}
#: Faults by which a voice may still be heard.
_MAY_PASS: Final = frozenset({Lack.SLOW, Lack.CLOCK, Lack.STALE})
_REACHABLE: Final = frozenset({Presence.FREE, Presence.RINGING, Presence.TALKING, Presence.WRAPUP})


@dataclass(frozen=True, slots=True)
class Contact:
    """What the PBX says of a phone; None: it did not say."""

    registered: bool | None = None
    reachable: bool | None = None
    round_trip_ms: float | None = None


@dataclass(frozen=True, slots=True)
class VoiceTry:
    """A call to the PBX's echo: what was played came back, or not."""

    made: str  #: names this try; the page's own word
    ok: bool
    loss: float  #: the worse of both ways, 0 to 1
    refused: bool = False  #: the PBX refused the call: nothing is known of the voice


@dataclass(frozen=True, slots=True)
class PageWord:
    """What a page said last of itself."""

    at: Instant  #: when it reached us
    micro_dbfs: float  #: the loudest moment lately
    micro_cut: bool  #: unplugged, refused, or cut by the machine
    voice: VoiceTry | None  #: the latest try since devices and network last changed
    ahead_ms: int  #: by how much its clock is before ours


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is known of one post."""

    browser: bool
    contact: Contact = field(default_factory=Contact)
    page: PageWord | None = None
    #: Until then a page that we have not heard yet is believed: the service has just begun, and she sat there before.
    believed_until: Instant = 0


def lacks(facts: Facts, rules: ReadyRules, now: Instant) -> tuple[Lack, ...]:
    """What is not good, the gravest first; nothing: the post may be offered calls."""
    found = _of_phone(facts.contact, rules)
    if facts.browser:
        found |= _of_page(facts, rules, now)
    return tuple(lack for lack in Lack if lack in found)


def _of_phone(contact: Contact, rules: ReadyRules) -> set[Lack]:
    if contact.registered is False:
        return {Lack.UNREGISTERED}
    if contact.reachable is False:
        return {Lack.UNREACHABLE}
    slow = contact.round_trip_ms is not None and contact.round_trip_ms > rules.round_trip_ms
    return {Lack.SLOW} if slow else set()


def _of_page(facts: Facts, rules: ReadyRules, now: Instant) -> set[Lack]:
    word = facts.page
    if word is None:
        return set() if now < facts.believed_until else {Lack.UNTRIED}
    if now - word.at > rules.news_seconds * _SECOND_US:
        return {Lack.STALE}
    found = set()
    if word.micro_cut or word.micro_dbfs < rules.micro_dbfs:
        found.add(Lack.MICROPHONE)
    if word.voice is None:
        found.add(Lack.UNTRIED)
    elif not word.voice.refused and (not word.voice.ok or word.voice.loss > rules.loss_max):
        found.add(Lack.VOICE)
    if abs(word.ahead_ms) > rules.clock_ms:
        found.add(Lack.CLOCK)
    return found


def kept_as_last(
    found: Mapping[AgentId, tuple[Lack, ...]],
    standings: Mapping[AgentId, Standing],
    seen: Mapping[tuple[AgentId, FiliereCode], Presence],
    last_resort: FiliereCode,
) -> frozenset[AgentId]:
    """Posts that are offered calls in spite of what they lack: nobody else can be reached in the filière of last resort.

    Args:
        found: what each post lacks; those that lack nothing may be left out.
        standings: who sits where.
        seen: what the PBX shows of posts, by filière.
        last_resort: where a caller goes who has nowhere else to go.
    """
    if any(where == last_resort and presence in _REACHABLE and not found.get(poste) for (poste, where), presence in seen.items()):
        return frozenset()
    return frozenset(
        poste
        for poste, what in found.items()
        if what
        and _MAY_PASS.issuperset(what)
        and (poste, last_resort) in seen
        and poste in standings
        and standings[poste].hold is None
    )


def reason(what: tuple[Lack, ...]) -> str:
    """Why the PBX pauses this post, for the board: the gravest."""
    return f"{NOT_READY} : {SHORT[what[0]]}"


def tell(what: tuple[Lack, ...], since: Instant, *, kept: bool) -> dict[str, Any] | None:
    """For screens: what is not good, in French and with what to do; None when all is."""
    if not what:
        return None
    return {
        "since": iso(since),
        "garde": kept,
        "manques": [{"code": lack.value, "texte": SHORT[lack], "faire": TO_DO[lack]} for lack in what],
    }
