"""A draw and the draw done again: the same, or what is other, named."""

from dataclasses import replace

import pytest

from cti.journey.around.listening import Draw
from cti.journey.events.placed import Direction
from cti.listening.draw import check, drawn, eligible, pool_digest, refusal
from tests.fakes.voice_room import T0, S, call, stage

DAY = 86_400 * S
POOL = [f"c{n}" for n in range(20)]
MADE = Draw(
    number=1, by="chef", at=T0 + DAY, reviewer="zoe", ends_at=T0 + 3 * DAY, reason="revue", since=T0, until=T0 + DAY, wanted=4,
    seed="graine", pool=20, pool_sha256=pool_digest(POOL), calls=drawn(POOL, 4, "graine"),
)  # fmt: skip


def test_which_calls_may_be_drawn() -> None:
    n1 = stage("n1", "arm01", 0, 3)
    told = [
        call("b", n1),
        call("a", n1, stage("mru", "mru01", 4, 9), ended=9),
        call("rings", n1, stage("mru", "mru01", 4, answered=False)),
        call("lost"),
        call("alive", n1, ended=None),
        call("mute", n1, recordings=()),
        call("test", n1, test=True),
        call("out", n1, direction=Direction.SORTANT),
    ]
    assert eligible(told, "") == ["a", "b", "rings"]
    assert eligible(told, "mru") == ["a"]


def test_a_draw_is_fixed_by_its_seed_and_a_smaller_one_begins_it() -> None:
    assert drawn(POOL, 4, "graine") == drawn(list(reversed(POOL)), 4, "graine")
    assert drawn(POOL, 4, "graine")[:2] == drawn(POOL, 2, "graine")
    assert drawn(POOL, 99, "graine") != drawn(POOL, 99, "autre")
    assert sorted(drawn(POOL, 99, "graine")) == sorted(POOL)


def test_the_same_draw_is_the_same() -> None:
    assert list(check(MADE, POOL)) == []


def test_what_is_other_is_named() -> None:
    lost = [one for one in POOL if one != MADE.calls[0]]
    faults = list(check(MADE, lost))
    assert faults[0] == "les appels de la période ne sont plus les mêmes : 20 au tirage, 19 aujourd'hui"
    assert f"appel {MADE.calls[0]} : tiré selon le registre, pas par un second tirage" in faults
    assert len(faults) == 3
    chosen = replace(MADE, calls=("c0", *MADE.calls[1:]))
    assert sorted(check(chosen, POOL)) == sorted(
        ["appel c0 : tiré selon le registre, pas par un second tirage",
         f"appel {MADE.calls[0]} : tiré par un second tirage, pas selon le registre"]
    )  # fmt: skip
    swapped = replace(MADE, calls=tuple(reversed(MADE.calls)))
    assert list(check(swapped, POOL)) == ["les mêmes appels, dans un autre ordre"]


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({}, None), ({"until": T0}, "finit avant"), ({"until": T0 + DAY + 1}, "pas encore finie"), ({"wanted": 0}, "de 1 à 500"),
        ({"wanted": 501}, "de 1 à 500"), ({"ends_at": T0 + DAY}, "à venir"), ({"ends_at": T0 + 368 * DAY}, "366 jours"),
        ({"ends_at": T0 + 367 * DAY}, None), ({"reason": " "}, "pourquoi"), ({"pool": 0}, "aucun appel"),
    ],
)  # fmt: skip
def test_what_may_not_be_drawn(changes: dict[str, int | str], word: str | None) -> None:
    why = refusal(replace(MADE, **changes))  # type: ignore[arg-type]
    assert why is None if word is None else why is not None and word in why
