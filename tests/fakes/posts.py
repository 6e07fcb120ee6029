"""The posts of a room without a PBX: who sits there, and her phone in a browser."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from cti.agents.duty import Standing, fold
from cti.agents.people import Staff
from cti.agents.telephone import PhoneRules, credential, require_hers
from cti.agents.telling import tell_people, tell_post, tell_posts, tell_times
from cti.agents.times import times
from cti.agents.wishes import Wish, act_of
from cti.api.telephone_port import Opened
from cti.journey import Instant
from cti.journey.around.duty import DutyAct
from cti.journey.words import iso


class Clock(Protocol):
    """A clock that a test may set."""

    now: Instant

    def __call__(self) -> Instant: ...


@dataclass
class FakeDuty:
    """A real fold of real wishes; no PBX and no store."""

    staff: Staff
    clock: Clock
    acts: list[DutyAct] = field(default_factory=list)
    failure: Exception | None = None
    followed: bool = True
    changed: Callable[[], None] = lambda: None

    @property
    def standings(self) -> dict[str, Standing]:
        return fold(self.acts, self.staff.fixed)

    async def room(self) -> dict[str, Any]:
        return {
            "at": iso(self.clock()),
            "posts": tell_posts(self.standings, self.staff, {}, self.clock()),
            "people": tell_people(self.staff),
            "reasons": list(self.staff.motifs),
            "look": None,
        }

    async def wish(self, wish: Wish) -> dict[str, Any]:
        if self.failure is not None:
            raise self.failure
        self.clock.now += 1
        self.acts.append(act_of(wish, self.standings, self.staff, self.clock(), f"a{len(self.acts)}"))
        self.changed()
        post = tell_post(wish.poste, self.standings.get(wish.poste), self.staff, {}, self.clock())
        return {"post": post, "followed": self.followed}

    async def times(self, since: Instant, until: Instant) -> dict[str, Any]:
        rows = times(self.acts, [], since, until, self.clock())
        return {"since": iso(since), "until": iso(until), "people": [tell_times(row, self.staff) for row in rows.values()]}


@dataclass
class FakeTelephone:
    """Credentials for whoever sits there, without a PBX."""

    duty: FakeDuty
    clock: Clock
    rules: PhoneRules = field(default_factory=lambda: PhoneRules(frozenset({"p01", "p02"}), 12 * 3_600_000_000))
    failure: Exception | None = None
    out: dict[str, str] = field(default_factory=dict)

    async def open(self, poste: str, who: str) -> Opened:
        if self.failure is not None:
            raise self.failure
        given = credential(require_hers(poste, who, self.duty.standings, self.rules), self.rules, self.clock())
        self.out[poste] = who
        return Opened(
            poste=poste, uri=f"sip:{poste}@pbx.example.fr", ws="wss://pbx.example.fr/ws", username=poste, password="p" * 32,
            expires_at=given.until, ice_servers=[{"urls": ["stun:stun.example.fr"]}], relay_only=False,
            echo="*43",
        )  # fmt: skip

    async def close(self, poste: str, who: str) -> None:
        require_hers(poste, who, self.duty.standings, self.rules)
        self.out.pop(poste, None)
