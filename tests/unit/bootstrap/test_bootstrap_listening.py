"""Sound held in memory: within its bounds, opened once for all who ask at once, forgotten when nobody listens or asks."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from cti.access.table import AccessSettings, Right
from cti.bootstrap.listening.memory import OpenedVoices
from cti.bootstrap.listening.opening import hours_of
from cti.journey.around.access import AccessRole, Relation, Verb
from cti.journey.around.voice import Piece
from cti.listening.faults import SoundDamaged
from tests.fakes.room import Clock
from tests.unit.archive.keeping_house import piece

MIB = 1024 * 1024


@dataclass
class Sound:
    """So many bytes."""

    flac: bytes
    rate: int = 8000
    frames: int = 1

    def read(self, first: int, count: int) -> bytes:
        return b""


@dataclass
class Unseal:
    """Opens whatever it is asked for, slowly when it is told to, and counts."""

    size: int = MIB
    asked: list[str] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)
    damaged: bool = False

    def __call__(self, one: Piece) -> Sound:
        self.asked.append(one.piece_id)
        assert self.gate.wait(5)
        if self.damaged:
            raise SoundDamaged("altéré")
        return Sound(bytes(self.size))


@pytest.fixture
def unseal() -> Unseal:
    made = Unseal()
    made.gate.set()
    return made


def test_the_one_not_asked_for_longest_goes_first(unseal: Unseal) -> None:
    voices = OpenedVoices(unseal, 2, 60, Clock())
    for number in (1, 2, 1, 3, 1, 2):
        voices.of(piece(number))
    assert unseal.asked == ["p1", "p2", "p3", "p2"]
    assert voices.held_bytes == 2 * MIB
    unseal.size = 5 * MIB
    voices.of(piece(9))
    assert voices.held_bytes == 5 * MIB, "the newest stays, however long it is, and alone"


def test_what_nobody_listens_to_or_asks_for_is_forgotten(unseal: Unseal) -> None:
    clock = Clock()
    voices = OpenedVoices(unseal, 100, 60, clock)
    for number in (1, 2, 3):
        voices.of(piece(number))
    voices.forget({"p1", "p2"})
    assert voices.held_bytes == 2 * MIB
    clock.now += 59_999_999
    voices.of(piece(2))
    voices.forget({"p1", "p2"})
    assert voices.held_bytes == 2 * MIB
    clock.now += 1
    voices.forget({"p1", "p2"})
    assert voices.held_bytes == MIB, "p1 was not asked for in a minute"


def test_many_who_ask_at_once_open_it_once() -> None:
    unseal = Unseal()
    voices = OpenedVoices(unseal, 100, 60, Clock())
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(voices.of, piece(1)) for _ in range(8)]
        unseal.gate.set()
        sounds = {id(one.result()) for one in asked}
    assert (len(sounds), unseal.asked) == (1, ["p1"])
    voices.forget(())
    assert (voices.held_bytes, voices._opening) == (0, {})


def test_what_could_not_be_opened_is_tried_again(unseal: Unseal) -> None:
    voices = OpenedVoices(unseal, 100, 60, Clock())
    unseal.damaged = True
    for _ in range(2):
        with pytest.raises(SoundDamaged):
            voices.of(piece(1))
    unseal.damaged = False
    voices.of(piece(1))
    assert len(unseal.asked) == 3


@pytest.mark.parametrize(
    ("first", "second", "hours"),
    [(24, 48, 48), (24, None, None), (None, None, None)],
)
def test_how_long_ones_own_calls_are_ones_own(first: int | None, second: int | None, hours: int | None) -> None:
    rows = tuple(
        Right(relation=relation, verbs=frozenset({Verb.VOIR}), roles=frozenset({AccessRole.MRU}), hours=given)
        for relation, given in ((Relation.SES_APPELS, first), (Relation.DOSSIER, second))
    )
    rules = AccessSettings(rights=rows)
    assert hours_of(rules, [AccessRole.MRU]) == hours
    assert hours_of(rules, [AccessRole.OSNP]) == 0
