"""The JSON of a call: the names of the contract with the outside."""

import json

from journey_stories import event, fold, talking

from cti.journey import Journey
from cti.journey import events as ev
from cti.journey.telling import tell

#: DESIGN.md section 6, in its order.
CONTRACT = (
    *("call_id", "t0", "did", "flux", "caller", "outcome", "abandon_phase", "wait_ms", "answered_at", "ended_at"),
    *("quality", "dossier_id", "dossier_ref", "recordings", "stages", "anomalies"),
)
STAGE = ("filiere", "entered_at", "offered", "answered_at", "agent", "left_at", "wait_ms", "talk_ms", "end")


def told() -> dict[str, object]:
    journey = fold(
        event(ev.RecordingStarted, 16),
        event(ev.DossierOpened, 16),
        event(ev.PbxSurprised, 17),
        event(ev.AgentLeft, 75),
        event(ev.CallEnded, 75.5, cause=16),
        event(ev.RecordingChecked, 80),
        journey=talking(),
    )
    return json.loads(json.dumps(tell(journey)))  # type: ignore[no-any-return]


def test_names_and_their_order_are_the_contract_s() -> None:
    found = told()
    assert tuple(found)[: len(CONTRACT)] == CONTRACT
    (stage,) = found["stages"]  # type: ignore[misc, attr-defined]
    assert tuple(stage)[: len(STAGE)] == STAGE


def test_values_are_plain_and_instants_iso() -> None:
    found = told()
    assert found["t0"] == "2026-11-18T11:06:40.000Z"
    assert found["answered_at"] == "2026-11-18T11:06:55.000Z"
    assert (found["outcome"], found["quality"], found["state"], found["wait_ms"]) == ("answered", "observed", "ended", 15_000)
    (stage,) = found["stages"]  # type: ignore[misc, attr-defined]
    assert (stage["offered"], stage["wait_ms"], stage["talk_ms"], stage["end"]) == (1, 5_000, 60_000, "completed")
    assert stage["legs"][0]["offered_at"] == "2026-11-18T11:06:51.000Z"
    (recording,) = found["recordings"]  # type: ignore[misc, attr-defined]
    assert (recording["stem"], recording["caller_ms"]) == ("a/b", 1000)
    assert found["anomalies"] == [{"at": "2026-11-18T11:06:57.000Z", "kind": "odd", "detail": "odd thing"}]


def test_a_call_that_is_only_expected_can_be_told() -> None:
    found = tell(Journey(call_id="x"))
    assert (found["outcome"], found["wait_ms"], found["stages"], found["caller"]) == (None, None, [], None)
