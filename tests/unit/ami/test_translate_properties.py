"""No frame whatever, in any order, stops the translation; what is told always folds."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from cti.ami.frames import parse
from cti.ami.translate import UNDERSTOOD, Translator
from cti.journey import Journey, apply
from cti.journey import events as ev
from tests.scenarios.reading import fold, session
from tests.scenarios.repertoire import STORIES

HEADERS = (
    "Uniqueid", "DestUniqueid", "Channel", "DestChannel", "Queue", "Interface", "DialStatus", "BridgeUniqueid", "CallId",
    "UserEvent", "Filiere", "Cause", "Status", "Paused", "Context", "Timestamp", "ChanVariable", "Newname", "Position", "Step",
)  # fmt: skip
VALUES = st.sampled_from(
    (
        "", "1.0", "1.1", "2.0", "sas-n1", "sas-amu", "support", "PJSIP/arm01", "PJSIP/arm01-00000001", "ANSWER", "CANCEL",
        "b1", "u-1", "SAS_CALL=u-1", "SasArrived", "SasRoute", "SasTransfer", "SasQueueEnd", "16", "-1", "²", "sas-entree",
        "1795373161.334564", "start",
    )
) | st.text(max_size=12).map(lambda text: "".join(c for c in text if c not in "\r\n"))  # fmt: skip
FRAMES = st.tuples(
    st.sampled_from([*sorted(UNDERSTOOD), "Martian"]), st.dictionaries(st.sampled_from(HEADERS), VALUES, max_size=12)
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(FRAMES, max_size=25))
def test_random_frames_never_raise(frames: list[tuple[str, dict[str, str]]]) -> None:
    translator = Translator()
    journeys: dict[str, Journey] = {}
    for number, (event, headers) in enumerate(frames):
        lines = [f"Event: {event}", *(f"{name}: {value}" for name, value in headers.items())]
        for told in translator.read(parse("\r\n".join(lines).encode("utf-8", "replace"), number)):
            if isinstance(told, ev.CallEvent):
                journey = journeys.get(told.call_id) or Journey(call_id=told.call_id)
                journeys[told.call_id] = apply(journey, told)[0]


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(sorted(STORIES)), st.integers())
def test_a_story_out_of_order_never_raises(name: str, seed: int) -> None:
    records = list(session(name))
    random.Random(seed).shuffle(records)
    fold(records)
