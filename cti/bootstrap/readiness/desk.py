"""Holds what is known of each post, has it judged (``cti.agents.readiness``), and tells what changed.

The PBX tells when a contact comes, goes, answers or does not; how soon it answers is asked in rounds, of the posts in a browser
where somebody sits and of those that are not good. Everything is asked anew when a link comes back. Lives in the loop's thread.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

import structlog

from cti.agents.duty import Standing
from cti.agents.readiness import Contact, Facts, Lack, PageWord, VoiceTry, kept_as_last, lacks, reason, tell
from cti.agents.ready_rules import ReadyRules, rules_at
from cti.agents.telephone import PhoneRules, require_hers
from cti.ami.answers import ActionFailed
from cti.ami.connection import AmiLink, LinkHooks, LinkState, Wait
from cti.ami.contacts import ContactSeen, ask_contact, contact_seen
from cti.ami.dialplan.browser import ECHO
from cti.ami.frames import AmiError, Frame
from cti.api.page_words_port import PageState
from cti.journey import AgentId, FiliereCode, Instant
from cti.journey.around.duty import PersonId
from cti.journey.events import Presence
from cti.journey.words import iso
from cti.live.alarms import Gravite

log = structlog.get_logger(__name__)

_SECOND_US: Final = 1_000_000
#: How soon after a start a page that we have not heard yet is believed: three of its words.
BELIEVED_US: Final = 45 * _SECOND_US
#: How often a page speaks while nothing changes (seconds).
WORD_SECONDS: Final = 15
#: Between two rounds, and between two judgements without any news (seconds).
ROUND_SECONDS: Final = 20.0
_TICK_SECONDS: Final = 2.0
_RETRY_SECONDS: Final = 2.0
#: What a page's clock is compared by: the quickest of so many words, since a slow way makes a clock look late.
_STAMPS: Final = 3

_OF_PHONE: Final = frozenset({Lack.UNREGISTERED, Lack.UNREACHABLE, Lack.SLOW})


class Alarms(Protocol):
    """The board's side."""

    def alarm(self, code: str, text: str, /, *, at: Instant, gravite: Gravite) -> None:
        """Raise or reword."""

    def all_clear(self, code: str, /) -> None:
        """It is over."""


@dataclass(slots=True)
class _Page:
    """What one sitting's page said."""

    sitting: tuple[PersonId, Instant]
    word: PageWord | None = None
    ahead: tuple[int, ...] = ()
    spent: str = ""  #: the try of before the phone was lost: it proves nothing any more


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What the rest of the service knows."""

    posts: frozenset[AgentId]  #: that the PBX has in its configuration
    phones: PhoneRules  #: those in a browser
    rules: tuple[ReadyRules, ...]
    last_resort: FiliereCode
    standings: Callable[[], Mapping[AgentId, Standing]]
    seen: Callable[[], Mapping[tuple[AgentId, FiliereCode], Presence]]
    names: Callable[[PersonId], str]


class ReadinessDesk:
    """Which posts may be offered calls."""

    def __init__(self, room: Room, link: Callable[[], AmiLink], clock: Callable[[], Instant], wait: Wait, board: Alarms) -> None:
        self._room = room
        self._link = link
        self._clock, self._wait = clock, wait
        self._board = board
        self._began = clock()
        self._contacts: dict[AgentId, Contact] = {}
        self._uris: dict[AgentId, str] = {}  #: the contact that was told last
        self._to_ask: set[AgentId] = set()  #: before the next round
        self._pages: dict[AgentId, _Page] = {}
        self._lacks: dict[AgentId, tuple[Lack, ...]] = {}
        self._since: dict[AgentId, Instant] = {}
        self._kept: frozenset[AgentId] = frozenset()
        self._unready: dict[AgentId, str] = {}
        self._refused: tuple[AgentId, ...] = ()  #: pages whose voice the PBX does not let try
        self._wake = asyncio.Event()
        self._look = True
        self._next_round: Instant = 0
        self.changed: Callable[[frozenset[AgentId]], None] = lambda posts: None
        #: The phone of this post answers the PBX no more: whoever rings there is to be offered to somebody else.
        self.lost: Callable[[AgentId], None] = lambda poste: None
        #: Whether the PBX has loaded all that it loads. Before, it knows no contact and would be taken at its word: the actions
        #: link is up as soon as there is a manager port.
        self.booted: Callable[[], bool] = lambda: True

    # --- what is known ---------------------------------------------------------------------------------------------------

    @property
    def unready(self) -> Mapping[AgentId, str]:
        """Posts that may be offered no call, and why, for the PBX and the board."""
        return self._unready

    def since(self, poste: AgentId) -> Instant | None:
        """Since when a post may be offered none."""
        return self._since.get(poste) if poste in self._unready else None

    def tell(self, poste: AgentId) -> dict[str, Any] | None:
        """For screens: what is not good; None when all is."""
        return tell(self._lacks.get(poste, ()), self._since.get(poste, 0), kept=poste in self._kept)

    def rules(self) -> ReadyRules:
        """The limits that hold now."""
        return rules_at(self._room.rules, self._clock())

    # --- what comes in -----------------------------------------------------------------------------------------------------

    async def state(self, poste: AgentId, who: PersonId, said: PageState) -> dict[str, Any]:
        """A page says how it is; what the service makes of it.

        Raises:
            PhoneRefusal: the post is none in a browser, or not hers.
        """
        standing = require_hers(poste, who, self._room.standings(), self._room.phones)
        now, page = self._clock(), self._page(standing)
        page.ahead = (*page.ahead, (said.sent_at - now) // 1000)[-_STAMPS:]
        tried = said.voice if said.voice is not None and said.voice.made != page.spent else None
        voice = None if tried is None else VoiceTry(tried.made, tried.ok, tried.loss, tried.refused)
        page.word = PageWord(now, said.micro_dbfs, said.micro_cut, voice, max(page.ahead))
        self._judge([poste])
        rules = self.rules()
        return {
            "at": iso(now),
            "poste": poste,
            "pret": poste not in self._unready,
            "pas_pret": self.tell(poste),
            "suivant_seconds": WORD_SECONDS,
            "micro_min_dbfs": rules.micro_dbfs,
            "micro_muet_seconds": rules.micro_seconds,
        }

    def on_frame(self, frame: Frame) -> None:
        """A live frame."""
        seen = contact_seen(frame)
        if seen is None or seen.poste not in self._room.posts:
            return
        if seen.registered:
            self._uris[seen.poste] = seen.uri
        elif self._uris.get(seen.poste) != seen.uri:
            # Whoever registers from another port has the new contact told first: the old one that goes says nothing of her. One
            # that we never saw come is asked about.
            self._to_ask.add(seen.poste)
            self._wake.set()
            return
        self._take(seen)

    def stir(self) -> None:
        """Somebody took a post or left it."""
        self._judge(self._room.standings().keys() | self._lacks.keys())

    def look(self) -> None:
        """Ask the PBX about every contact: frames may have been missed."""
        self._look = True
        self._wake.set()

    @property
    def hooks(self) -> LinkHooks:
        """What the actions link tells."""
        return LinkHooks(on_frame=lambda frame: None, on_up=lambda info: self.look())

    def _page(self, standing: Standing) -> _Page:
        sitting = standing.personne, standing.since
        page = self._pages.get(standing.poste)
        if page is None or page.sitting != sitting:
            page = self._pages[standing.poste] = _Page(sitting)
        return page

    def _take(self, seen: ContactSeen) -> None:
        before = self._contacts.get(seen.poste, Contact())
        self._contacts[seen.poste] = Contact(seen.registered, seen.reachable, seen.round_trip_ms)
        answered = before.registered is not False and before.reachable is not False
        if answered and (not seen.registered or seen.reachable is False):
            page = self._pages.get(seen.poste)
            if page is not None and page.word is not None:
                # Another network perhaps: what was tried before says nothing of it.
                page.spent = page.word.voice.made if page.word.voice is not None else page.spent
                page.word = replace(page.word, voice=None)
            self.lost(seen.poste)
        self._judge([seen.poste])

    # --- judging -----------------------------------------------------------------------------------------------------------

    def _judge(self, posts: Iterable[AgentId]) -> None:
        now, rules, standings = self._clock(), self.rules(), self._room.standings()
        changed = set()
        for poste in posts:
            standing = standings.get(poste)
            found = () if standing is None else lacks(self._facts(standing), rules, now)
            before = self._lacks.pop(poste, ())
            if found:
                self._lacks[poste] = found
            if found != before:
                changed.add(poste)
                if not (found and before):
                    self._since[poste] = now
        kept = kept_as_last(self._lacks, standings, self._room.seen(), self._room.last_resort)
        unready = {poste: reason(found) for poste, found in self._lacks.items() if poste not in kept}
        changed |= {poste for poste in unready.keys() | self._unready.keys() if unready.get(poste) != self._unready.get(poste)}
        self._say_kept(kept, standings, now)
        self._say_refused(standings, now)
        for poste in changed:
            log.info("post_readiness", poste=poste, lacks=list(self._lacks.get(poste, ())), kept=poste in kept)
        self._unready = unready
        if changed:
            self.changed(frozenset(changed))

    def _facts(self, standing: Standing) -> Facts:
        browser = standing.poste in self._room.phones.posts
        page = self._pages.get(standing.poste)
        word = page.word if page is not None and page.sitting == (standing.personne, standing.since) else None
        believed = self._began + BELIEVED_US if standing.since < self._began else 0
        return Facts(browser, self._contacts.get(standing.poste, Contact()), word, believed)

    def _say_kept(self, kept: frozenset[AgentId], standings: Mapping[AgentId, Standing], now: Instant) -> None:
        for poste in kept - self._kept:
            name = self._room.names(standings[poste].personne)
            why = reason(self._lacks[poste])
            text = f"Dernier poste joignable ({self._room.last_resort}) : {name} ({poste}) laissé en file, {why}"
            self._board.alarm(f"dernier_pret:{poste}", text, at=now, gravite=Gravite.CRITIQUE)
        for poste in self._kept - kept:
            self._board.all_clear(f"dernier_pret:{poste}")
        self._kept = kept

    def _say_refused(self, standings: Mapping[AgentId, Standing], now: Instant) -> None:
        """The PBX refuses its echo: whoever regulates in a browser is offered calls with a voice that nobody has tried."""
        words = ((poste, self._pages[poste].word) for poste in sorted(standings.keys() & self._pages.keys()))
        refused = tuple(poste for poste, word in words if word is not None and word.voice is not None and word.voice.refused)
        if refused == self._refused:
            return
        self._refused = refused
        if refused:
            which = ", ".join(refused)
            text = f"Le PBX refuse l'essai de la voix ({ECHO}) : appels présentés sans cet essai ({which}) ; vérifiez le dialplan"
            self._board.alarm("essai_refuse", text, at=now, gravite=Gravite.AVERTISSEMENT)
        else:
            self._board.all_clear("essai_refuse")

    # --- asking the PBX ------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._wait(self._wake, _TICK_SECONDS)
            self._wake.clear()
            self._judge(self._room.standings().keys() | self._lacks.keys())
            asks = self._link().state is LinkState.UP and self.booted()
            due = self._look or self._clock() >= self._next_round
            if not asks or not (due or self._to_ask):
                continue
            everybody, self._look = self._look, False
            soon, self._to_ask = frozenset(self._to_ask), set()
            if due:
                self._next_round = self._clock() + round(ROUND_SECONDS * _SECOND_US)
            try:
                await self._round(self._room.posts if everybody else soon | self._doubtful() if due else soon)
            except AmiError as trouble:
                log.warning("contacts_not_asked", error=str(trouble))
                self._look = self._look or everybody
                self._to_ask |= soon
                if due:
                    self._next_round = self._clock() + round(_RETRY_SECONDS * _SECOND_US)

    def _doubtful(self) -> frozenset[AgentId]:
        seated = self._room.standings().keys() & self._room.phones.posts
        return frozenset(seated | {poste for poste, found in self._lacks.items() if _OF_PHONE.intersection(found)})

    async def _round(self, posts: Iterable[AgentId]) -> None:
        """Ask about each; what a frame told meanwhile is as new, and is not overwritten."""
        for poste in sorted(posts):
            before = self._contacts.get(poste)
            try:
                seen = await ask_contact(self._link().ask, poste)
            except ActionFailed as refused:
                # A post that this PBX does not know keeps nobody else from being asked about.
                log.warning("contact_not_told", poste=poste, error=str(refused))
                continue
            if self._contacts.get(poste) == before:
                self._take(seen)
