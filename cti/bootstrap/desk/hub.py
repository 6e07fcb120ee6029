"""Every desk of the room: told what happens, it touches the pictures of the desks that are looked at, and tells their parts.

Theory. What concerns a desk's own calls goes out at once; what concerns the room (callers who wait in a filière, the call-back
list) is taken from the board twice a second, as a screen takes it, so that two hundred desks cost two hundred small messages and
not one for each event of each caller. A desk that nobody has looked at since the start has no picture and costs nothing.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from cti.agents.duty import Standing
from cti.bootstrap.desk.floor import DeskFloor, Mine
from cti.journey import AgentId, CallEvent, CallId, Fact, FiliereCode, Instant, Journey, PbxEvent
from cti.journey.around.callers import Repeat
from cti.journey.around.notes import CallNote
from cti.journey.events import AgentGone, AgentSeen
from cti.journey.words import iso
from cti.live.desk import Ground, Picture, Words, acts_of, tell_call, tell_last
from cti.live.feed import Feed, Subscription
from cti.live.history import Part

#: How often the room's counts reach the desks (seconds).
ROOM_SECONDS: Final = 0.5
#: Pages that may follow one desk: hers, a superviseur's, one that is being left.
_PAGES: Final = 8
_POST: Part = ("poste", "")
_LINK: Part = ("link", "")
_CALLBACKS: Part = ("rappels", "")
_LAST: Part = ("last", "")
#: Parts of the board that desks show, by the desks' own name.
_OF_BOARD: Final[Mapping[str, Part]] = {"link": _LINK, "callbacks": _CALLBACKS}


class Board(Protocol):
    """The board, as a screen follows it."""

    epoch: str

    @property
    def seq(self) -> int:
        """The number of the latest change."""

    def watch(self, callback: Callable[[], None], /) -> None:
        """Call back after each change."""

    def snapshot(self) -> dict[str, Any]:
        """The whole picture."""

    def changes_since(self, seq: int, /) -> dict[str, Any] | None:
        """What changed; None when a snapshot is needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What desks need of the rest of the service."""

    posts: Sequence[AgentId]  #: every declared post, in the file's order
    numbers: Mapping[str, AgentId]  #: posts by their internal number
    p0: FiliereCode | None  #: the filière of a P0
    standings: Callable[[], Mapping[AgentId, Standing]]  #: who sits where
    tell_post: Callable[[AgentId], dict[str, Any]]  #: a post as it is now
    names: Callable[[AgentId], str]  #: how people call whoever sits there
    repeats: Callable[[Journey], Repeat | None]  #: what the number of a call did before; must return at once


class Hub:
    """Pictures and feeds of the desks; a listener of the pipeline."""

    def __init__(
        self,
        site: Site,
        board: Board,
        clock: Callable[[], Instant],
        later: Callable[[float, Callable[[], None]], object],
        pause: Callable[[float], Awaitable[None]],
    ) -> None:
        """Args:
        site: what the rest of the service knows.
        board: the board; told of each event before this one is.
        clock: our clock.
        later: calls a function of no arguments so many seconds from now, in the loop's thread.
        pause: waits so many seconds.
        """
        self.site = site
        self.floor = DeskFloor(site.numbers)
        #: Notes of the calls that some desk shows.
        self.notes: dict[CallId, tuple[CallNote, ...]] = {}
        self._board = board
        self._room: dict[str, Any] = {}
        self._room_seq = -1
        self._dirty = False
        self._clock, self._later, self._pause = clock, later, pause
        self._pictures: dict[AgentId, Picture] = {}
        self._feeds: dict[AgentId, Feed] = {}
        self._seated: Mapping[AgentId, Standing] = dict(site.standings())
        board.watch(self._room_changed)

    # --- what comes in ---------------------------------------------------------------------------------------------------

    def adopt(self, journeys: Iterable[Journey]) -> None:
        """Take over the calls that were open when the service stopped."""
        self.floor.adopt(journeys)

    def told(self, journey: Journey, event: CallEvent, facts: tuple[Fact, ...]) -> None:
        """A call changed (pipeline, after commit)."""
        posts, ended = self.floor.put(journey, event.at)
        for post in posts:
            self._touch(post, {("calls", journey.call_id), *((_LAST,) if post in ended else ())})
        if journey.ended_at is not None and self.notes:
            self._forget()

    def seen(self, event: PbxEvent) -> None:
        """Something was seen of a phone: hers may ring for what is no call of hers yet."""
        if isinstance(event, AgentSeen | AgentGone):
            self._touch(event.agent, {_POST})

    def seats_changed(self) -> None:
        """Somebody took a post, paused, came back or left."""
        now, before = dict(self.site.standings()), self._seated
        self._seated = now
        for post in self._pictures:
            if now.get(post) != before.get(post):
                self._touch(post, {_POST})

    def posts_changed(self, posts: Iterable[AgentId]) -> None:
        """These posts may be offered calls again, or no more."""
        for post in posts:
            self._touch(post, {_POST})

    def noted(self, note: CallNote) -> None:
        """Somebody wrote about a call."""
        self.notes[note.call_id] = (*self.notes.get(note.call_id, ()), note)
        for post in self.floor.posts_of(note.call_id):
            self._touch(post, {("calls", note.call_id)} if note.call_id in self.floor.mine.get(post, {}) else {_LAST})

    def _forget(self) -> None:
        for call_id in self.notes.keys() - self.floor.shown():
            del self.notes[call_id]

    def _touch(self, post: AgentId, parts: Iterable[Part]) -> None:
        picture = self._pictures.get(post)
        if picture is not None:
            picture.touch(parts)

    def _room_changed(self) -> None:
        if self._room and not self._dirty:
            self._dirty = True
            self._later(ROOM_SECONDS, self._tell_the_room)

    def _tell_the_room(self) -> None:
        self._dirty = False
        parts = self._read_the_room()
        for picture in self._pictures.values():
            picture.touch(parts)
        if _LINK in parts:  # whether anything may be asked of the PBX is part of each call
            for post, calls in self.floor.mine.items():
                self._touch(post, {("calls", call_id) for call_id in calls})

    def _read_the_room(self) -> set[Part]:
        """Take what the board changed since the last time; the parts of desks that it concerns."""
        change = self._board.changes_since(self._room_seq) if self._room else None
        if change is None:
            change = self._room = self._board.snapshot()
        else:
            filieres = {**self._room["filieres"], **change.get("filieres", {})}
            self._room = {**self._room, **{name: change[name] for name in _OF_BOARD if name in change}, "filieres": filieres}
        self._room_seq = self._board.seq
        return {_OF_BOARD[name] for name in _OF_BOARD if name in change} | {
            ("files", code) for code in change.get("filieres", {})
        }

    # --- what goes out ---------------------------------------------------------------------------------------------------

    def snapshot(self, post: AgentId) -> dict[str, Any]:
        """The whole picture of this desk."""
        return self._picture(post).snapshot()

    def subscribe(self, post: AgentId, last_id: str | None = None) -> Subscription:
        """A page follows this desk.

        Raises:
            TooManyScreens: eight do already.
        """
        picture = self._picture(post)
        feed = self._feeds.get(post)
        if feed is None:
            feed = self._feeds[post] = Feed(picture, pause=self._pause, max_screens=_PAGES)
        return feed.subscribe(last_id)

    def leave(self, post: AgentId, screen: Subscription) -> None:
        """This page is gone."""
        self._feeds[post].leave(screen)

    def close(self) -> None:
        """End every stream: the service stops."""
        for feed in self._feeds.values():
            feed.close()

    @property
    def pages(self) -> int:
        """How many pages follow a desk."""
        return sum(feed.screens for feed in self._feeds.values())

    def mine(self, post: AgentId, call_id: CallId) -> Mine | None:
        """A call of this post."""
        return self.floor.mine.get(post, {}).get(call_id)

    def ground(self) -> Ground:
        """What acts stand on now."""
        return Ground(seen=self._board_part("link")["state"] == "up", p0=self.site.p0)

    def _picture(self, post: AgentId) -> Picture:
        picture = self._pictures.get(post)
        if picture is None:
            if not self._pictures:
                self._read_the_room()
            picture = Picture(
                self._board.epoch,
                lambda part: self._tell(post, part),
                lambda: self._parts(post),
                lambda: {"at": iso(self._clock())},
            )
            self._pictures[post] = picture
        return picture

    def _parts(self, post: AgentId) -> list[Part]:
        calls = [("calls", call_id) for call_id in self.floor.mine.get(post, {})]
        return [_LINK, _POST, _CALLBACKS, _LAST, *(("files", code) for code in self._board_part("filieres")), *calls]

    def _board_part(self, name: str) -> Any:
        if not self._room:
            self._read_the_room()
        return self._room[name]

    def _tell(self, post: AgentId, part: Part) -> Any:
        match part:
            case ("calls", call_id):
                return self._tell_call(post, call_id)
            case ("files", code):
                return self._board_part("filieres")[code]
            case ("poste", _):
                return {**self.site.tell_post(post), "p0": self.site.p0}
            case ("last", _):
                return self._tell_last(post)
            case ("rappels", _):
                return self._board_part("callbacks")
            case _:
                return self._board_part("link")

    def _tell_call(self, post: AgentId, call_id: CallId) -> dict[str, Any] | None:
        mine = self.mine(post, call_id)
        if mine is None:
            return None
        acts = acts_of(mine.journey, mine.here, self.ground())
        return tell_call(mine.journey, post, mine.here, acts, self._words(mine.journey))

    def _tell_last(self, post: AgentId) -> dict[str, Any] | None:
        last = self.floor.last.get(post)
        return None if last is None else tell_last(last.journey, last.here, last.until, self._words(last.journey))

    def _words(self, journey: Journey) -> Words:
        return Words(
            names=self.site.names,
            numbers=self.site.numbers,
            repeat=self.site.repeats(journey),
            notes=self.notes.get(journey.call_id, ()),
        )
