"""From what the PBX holds to what it should: the steps lead there, and only touch what is ours."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from cti.agents.duty import fold
from cti.agents.membership import Member, Step, StepKind, desired, missing_static, steps
from cti.journey.around.duty import DutyAct, DutyKind
from tests.fakes.room import STAFF
from tests.unit.agents.duty_acts import S, act, acts, take, unhurried

QUEUES = {"n1": ("sas-n1",), "amu": ("sas-amu",), "mru": ("sas-mru", "sas-mru-p0")}
OURS = [queue for queues in QUEUES.values() for queue in queues]
POSTS = ["p01", "p02", "arm01"]


def want(*told: DutyAct, now: int = 100) -> dict[tuple[str, str], Member]:
    return desired(fold(told, STAFF.fixed), STAFF, QUEUES, now * S)


def found(told: tuple[DutyAct, ...], *seen: Member) -> list[tuple[StepKind, str, str]]:
    return [(one.kind, one.member.queue, one.member.poste) for one in steps(want(*told), seen, OURS, POSTS)]


ARM01 = Member("sas-n1", "arm01", "Camille Durand", dynamic=False)


def test_a_filiere_may_have_several_queues_and_all_follow() -> None:
    told = take(1, "anne", "p01", "mru")
    assert set(want(told)) == {("sas-n1", "arm01"), ("sas-mru", "p01"), ("sas-mru-p0", "p01")}
    assert found((told,), ARM01) == [(StepKind.ADD, "sas-mru", "p01"), (StepKind.ADD, "sas-mru-p0", "p01")]


def test_what_the_site_no_longer_declares_gives_nothing() -> None:
    strangers = [take(1, "nobody", "p01", "n1"), take(2, "anne", "p09", "mru")]
    assert set(want(*strangers)) == {("sas-n1", "arm01")}
    beyond = take(1, "anne", "p01", "n1", "mru", "old")
    assert set(want(beyond)) == {("sas-n1", "arm01"), ("sas-mru", "p01"), ("sas-mru-p0", "p01")}


def test_a_pause_enters_with_the_member_so_that_no_call_slips_in() -> None:
    told = (take(1, "helene", "p01", "n1"), act(DutyKind.PAUSE, 2, "p01", reason="repas"))
    made = steps(want(*told), [ARM01], OURS, POSTS)
    member = Member("sas-n1", "p01", "Hélène L'Hôpital", paused=True, reason="repas")
    assert made == (Step(StepKind.ADD, member), Step(StepKind.PAUSE, member))
    assert [one.words for one in made] == ["ajouter p01 dans sas-n1 (repas)", "suspendre p01 dans sas-n1 (repas)"]


def test_another_person_at_the_post_enters_anew_under_her_name() -> None:
    stale = Member("sas-n1", "p01", "Karim Benali")
    assert found((take(1, "helene", "p01", "n1"),), ARM01, stale) == [
        (StepKind.REMOVE, "sas-n1", "p01"),
        (StepKind.ADD, "sas-n1", "p01"),
    ]


def test_reasons_count_and_a_pause_nobody_asked_for_ends() -> None:
    told = (act(DutyKind.PAUSE, 2, "arm01", reason="repas"),)
    forgot = Member("sas-n1", "arm01", "Camille Durand", paused=True, reason="", dynamic=False)
    assert found(told, forgot) == [(StepKind.PAUSE, "sas-n1", "arm01")]
    assert found((), forgot) == [(StepKind.UNPAUSE, "sas-n1", "arm01")]


def test_others_queues_and_others_phones_are_left_alone() -> None:
    foreign = [Member("ventes", "p01", "x"), Member("sas-n1", "trunk", "x"), Member("sas-old", "p01", "x")]
    assert found((), ARM01, *foreign) == []


def test_static_members_are_neither_made_nor_removed() -> None:
    leftover = Member("sas-n1", "p02", "Ancien", dynamic=False)
    assert found((), leftover) == []
    assert missing_static(want(), [leftover]) == (ARM01,)
    assert missing_static(want(), [ARM01]) == ()


members = st.builds(
    Member,
    queue=st.sampled_from([*OURS, "ventes"]),
    poste=st.sampled_from([*POSTS, "other"]),
    nom=st.sampled_from(["Hélène L'Hôpital", "Dr Anne Petit", "Camille Durand"]),
    paused=st.booleans(),
    reason=st.sampled_from(["", "repas"]),
    dynamic=st.just(value=True),
)


def done(seen: list[Member], todo: tuple[Step, ...]) -> dict[tuple[str, str], Member]:
    """What an obedient PBX holds afterwards."""
    held = {(one.queue, one.poste): one for one in seen}
    for one in todo:
        key = one.member.queue, one.member.poste
        if one.kind is StepKind.REMOVE:
            del held[key]
        elif one.kind is StepKind.ADD:
            assert key not in held, "an ADD of what is there would be refused"
            held[key] = Member(key[0], key[1], one.member.nom, one.member.paused)
        else:
            assert key in held
            held[key] = one.member
    return held


@unhurried
@given(acts(), st.lists(members, max_size=12))
def test_the_steps_lead_there_and_nothing_is_left_to_do(told: list[DutyAct], seen: list[Member]) -> None:
    renamed = [replace(one, poste=one.poste.replace("p", "p0"), personne=_known(one.personne)) for one in told]
    wanted = want(*renamed)
    once = {(one.queue, one.poste): one for one in [*seen, ARM01]}
    todo = steps(wanted, once.values(), OURS, POSTS)
    after = done(list(once.values()), todo)
    assert steps(wanted, after.values(), OURS, POSTS) == ()
    for key, one in once.items():
        if key[0] not in OURS or key[1] not in POSTS:
            assert after[key] == one


def _known(personne: str) -> str:
    return {"karim": "helene", "paul": "nobody"}.get(personne, personne)
