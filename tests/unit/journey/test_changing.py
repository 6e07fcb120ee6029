"""A changed copy: the same value but for what was changed, and as frozen as the first."""

import pickle
from dataclasses import FrozenInstanceError
from dataclasses import replace as slow_replace

import pytest

from cti.journey import Journey
from cti.journey.folding.changing import replace
from cti.journey.model import Leg, Stage

LEG = Leg(agent="arm01", leg="17.1", offered_at=3)
STAGE = Stage(filiere="n1", entered_at=2, legs=(LEG,))
CALL = Journey(call_id="c1", t0=1, stages=(STAGE,), caller="+33612345678")


@pytest.mark.parametrize(
    ("value", "changes"),
    [(CALL, {"ended_at": 9, "cause": 16}), (STAGE, {"left_at": None}), (LEG, {"answered_at": 5}), (CALL, {})],
)
def test_it_says_what_the_standard_replace_says(value: object, changes: dict[str, object]) -> None:
    before = pickle.dumps(value)
    made = replace(value, **changes)
    assert made == slow_replace(value, **changes)  # type: ignore[type-var]
    assert (type(made), hash(made)) == (type(value), hash(slow_replace(value, **changes)))  # type: ignore[type-var]
    assert made is not value
    assert pickle.dumps(value) == before


def test_the_copy_is_frozen() -> None:
    made = replace(CALL, cause=16)
    with pytest.raises(FrozenInstanceError):
        made.cause = 17  # type: ignore[misc]


def test_a_field_that_does_not_exist_is_refused() -> None:
    with pytest.raises(AttributeError):
        replace(CALL, colour="red")
