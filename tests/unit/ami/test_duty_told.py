"""What the dialplan tells of posts, by AMI and by CEL: one act; and members as frames tell them."""

from pathlib import Path

import pytest

from cti.ami.frames import Frame
from cti.ami.membership import MemberSeen, member_seen, queues_reloaded
from cti.ami.translate import Translator
from cti.ami.translate.announced import duty_act
from cti.ami.translate.cel import rows_of
from cti.journey.around.duty import DutyAct, DutyKind, DutyTold, DutyVia
from cti.journey.events import AgentSeen, Presence
from tests.unit.ami.test_translate import frame

AT = 1_797_408_000_000_000
TAKE = DutyAct(
    act_id="u1",
    at=AT,
    kind=DutyKind.TAKE,
    poste="p01",
    personne="helene",
    filieres=("n1", "amu"),
    by="helene",
    via=DutyVia.PHONE,
)


def row(kind: str, at: str, extra: str) -> str:
    cells = [kind, at, "1.1", "1.1", "PJSIP/p01-00000001", "p01", "*51201", "sas-poste", "CELGenUserEvent", "", "", "", extra]
    return ",".join('"' + cell.replace('"', '""') + '"' for cell in cells) + "\n"


def user_event(**headers: str) -> Frame:
    return frame("UserEvent", UserEvent="SasAgent", Uniqueid="1.1", Channel="PJSIP/p01-00000001", **headers)


def test_both_witnesses_tell_the_same_act(tmp_path: Path) -> None:
    told = Translator().read(
        user_event(Acte="u1", Kind="prise", Poste="p01", Personne="helene", Filieres="n1 amu", Motif="")
    )  # fmt: skip
    assert [type(event) for event in told] == [DutyTold]
    live = told[0]
    assert isinstance(live, DutyTold)
    log = tmp_path / "cti-cel.csv"
    extra = '{"extra":"u1|prise|p01|helene|n1 amu|"}'
    log.write_text(row("CHAN_START", "1797408000.000000", "") + row("SAS_AGENT", "1797408000.000000", extra))
    acts = [duty_act(one.at, one.words(6)) for one in rows_of(log, "SAS_AGENT", 0)]
    assert acts == [TAKE]
    assert {name: getattr(live.act, name) for name in DutyAct.__dataclass_fields__ if name != "at"} == {
        name: getattr(TAKE, name) for name in DutyAct.__dataclass_fields__ if name != "at"
    }


@pytest.mark.parametrize("missing", ["Acte", "Kind", "Poste"])
def test_an_act_that_is_not_legible_is_none(missing: str) -> None:
    headers = {"Acte": "u1", "Kind": "prise", "Poste": "p01"}
    assert Translator().read(user_event(**{**headers, missing: ""})) == []
    assert Translator().read(user_event(**{**headers, "Kind": "post_appel"})) == [], "phones do not wrap up"


def test_the_log_is_read_from_an_instant_on_and_bad_rows_are_passed_over(tmp_path: Path) -> None:
    log = tmp_path / "cti-cel.csv"
    old, new = '{"extra":"u1|fin|p01|||"}', '{"extra":"u2|fin|p01|||"}'
    bad = row("SAS_AGENT", "yesterday", new)
    log.write_text(row("SAS_AGENT", "1797408000.000001", old) + bad + row("SAS_AGENT", "1797408009.5", new))
    assert [one.words(1) for one in rows_of(log, "SAS_AGENT", AT + 2)] == [["u2"]]
    assert rows_of(tmp_path / "none.csv", "SAS_AGENT", 0) == []


def test_members_as_frames_tell_them() -> None:
    paused = frame(
        "QueueMemberPause", Queue="sas-n1", Interface="PJSIP/p01", MemberName="Hélène", Paused="1", PausedReason="repas",
        Membership="dynamic",
    )  # fmt: skip
    assert member_seen(paused) == MemberSeen("sas-n1", "PJSIP/p01", "Hélène", True, "repas", True, gone=False)
    gone = member_seen(frame("QueueMemberRemoved", Queue="sas-n1", Interface="PJSIP/p01"))
    assert gone is not None
    assert gone.gone
    assert member_seen(frame("QueueMemberAdded", Queue="sas-n1")) is None
    assert member_seen(frame("Hangup", Queue="sas-n1", Interface="PJSIP/p01")) is None
    assert queues_reloaded(frame("Reload", Module="app_queue.so"))
    assert queues_reloaded(frame("Reload", Module="All"))
    assert not queues_reloaded(frame("Reload", Module="res_pjsip.so"))


@pytest.mark.parametrize(
    ("status", "reason", "presence"),
    [
        ("1", "post-appel", Presence.WRAPUP),
        ("1", "repas", Presence.PAUSED),
        ("1", "", Presence.PAUSED),
        ("2", "post-appel", Presence.TALKING),
        ("5", "repas", Presence.UNREACHABLE),
    ],
)
def test_the_wrap_up_is_no_pause(status: str, reason: str, presence: Presence) -> None:
    told = Translator().read(
        frame("QueueMemberStatus", Queue="sas-n1", Interface="PJSIP/p01", Paused="1", PausedReason=reason, Status=status)
    )
    seen = told[0]
    assert isinstance(seen, AgentSeen)
    assert seen.presence is presence
