"""The decision: from the table, the ties, the hour and the reason alone."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.access import Decision, Granted, Refused, decide, from_mapping
from cti.access.decision import reason_fault
from cti.journey.around.access import AccessRole, Relation, Tie, Verb
from tests.unit.agents.duty_acts import unhurried

HOUR = 3_600_000_000
T0 = 1_797_408_000_000_000
R = Relation
TABLE = from_mapping(
    {
        "droits": [
            {"relation": "salle", "verbes": ["administrer"], "roles": ["admin"]},
            {"relation": "dossier", "verbes": ["ecouter"], "roles": ["mrg"], "duree_heures": 24},
            {"relation": "ses_appels", "verbes": ["ecouter"], "roles": ["mrg", "arm_n1"], "duree_heures": 48},
            {"relation": "qualite", "verbes": ["ecouter"], "roles": ["qualite"]},
            {"relation": "salle", "verbes": ["ecouter"], "roles": ["superviseur"], "motif": True},
        ]
    },
    "acces.toml",
)


def asked(*ties: Tie, roles: Sequence[AccessRole] = (AccessRole.MRG,), reason: str = "", at: int = T0) -> Decision:
    return decide(TABLE, person="paul", roles=roles, verb=Verb.ECOUTER, ties=ties, reason=reason, at=at)


def test_twenty_four_hours_after_the_end_of_her_part() -> None:
    tie = Tie(relation=R.DOSSIER, since=T0)
    assert asked(tie, at=T0 + 24 * HOUR - 1) == Granted(
        until=T0 + 24 * HOUR, why="rôle mrg, relation dossier", role=AccessRole.MRG, relation=R.DOSSIER
    )
    late = asked(tie, at=T0 + 24 * HOUR)
    assert isinstance(late, Refused)
    assert late.why == "Le droit de paul (écouter cet enregistrement) s'est terminé le 17/12/2026 à 08:00:00 UTC."


def test_while_the_call_goes_on_its_time_does_not_count() -> None:
    granted = asked(Tie(relation=R.DOSSIER), at=T0 + 100 * HOUR)
    assert isinstance(granted, Granted)
    assert granted.until == T0 + 124 * HOUR


def test_a_campaign_ends_when_it_ends() -> None:
    tie, roles = Tie(relation=R.QUALITE, until=T0), (AccessRole.QUALITE,)
    before = asked(tie, roles=roles, at=T0 - 1)
    assert isinstance(before, Granted)
    assert before.until == T0
    assert isinstance(asked(tie, roles=roles, at=T0), Refused)
    endless = asked(Tie(relation=R.QUALITE), roles=roles)
    assert isinstance(endless, Granted)
    assert endless.until is None


def test_the_tie_that_lasts_longest_counts() -> None:
    granted = asked(Tie(relation=R.DOSSIER, since=T0), Tie(relation=R.SES_APPELS, since=T0))
    assert isinstance(granted, Granted)
    assert (granted.relation, granted.until) == (R.SES_APPELS, T0 + 48 * HOUR)


@pytest.mark.parametrize("reason", ["", "   "])
def test_a_reason_that_is_asked_and_not_given(reason: str) -> None:
    refused = asked(Tie(relation=R.SALLE), roles=(AccessRole.SUPERVISEUR,), reason=reason)
    assert isinstance(refused, Refused)
    assert refused.needs_reason
    assert "motif" in refused.why
    assert isinstance(asked(Tie(relation=R.SALLE), roles=(AccessRole.SUPERVISEUR,), reason="plainte 2026-41"), Granted)


def test_a_right_without_reason_goes_before_one_that_asks_for_it() -> None:
    roles = (AccessRole.SUPERVISEUR, AccessRole.ARM_N1)
    granted = asked(Tie(relation=R.SALLE), Tie(relation=R.SES_APPELS, since=T0), roles=roles)
    assert isinstance(granted, Granted)
    assert granted.role is AccessRole.ARM_N1


@pytest.mark.parametrize("reason", ["x" * 201, "deux\nlignes", "\0"])
def test_a_reason_is_one_line(reason: str) -> None:
    refused = asked(Tie(relation=R.SALLE), roles=(AccessRole.SUPERVISEUR,), reason=reason)
    assert isinstance(refused, Refused)
    assert refused.why == reason_fault(reason) != ""


def test_what_the_table_does_not_give() -> None:
    for ties, roles, words in (
        ((), (AccessRole.MRG,), "paul (mrg) ne peut pas écouter cet enregistrement : aucun"),
        ((Tie(relation=R.SALLE),), (AccessRole.MRG, AccessRole.ECRAN), "paul (mrg, ecran) ne peut pas"),
        ((Tie(relation=R.SALLE),), (), "Le compte paul n'a aucun rôle"),
    ):
        refused = asked(*ties, roles=roles)
        assert isinstance(refused, Refused)
        assert refused.why.startswith(words), refused.why
        assert not refused.needs_reason


_TIES = st.lists(
    st.builds(
        Tie,
        relation=st.sampled_from(Relation),
        since=st.none() | st.integers(T0 - 72 * HOUR, T0),
        until=st.none() | st.integers(T0 - HOUR, T0 + HOUR),
    ),
    max_size=4,
)
_ROLES = st.lists(st.sampled_from(AccessRole), max_size=3, unique=True)


@unhurried
@given(_TIES, _ROLES, st.booleans())
def test_more_ties_more_roles_or_a_reason_never_take_a_right_away(ties: list[Tie], roles: list[AccessRole], given: bool) -> None:
    whole = asked(*ties, roles=roles, reason="motif" if given else "")
    if isinstance(whole, Refused):
        for part in (asked(*ties[1:], roles=roles), asked(*ties, roles=roles[1:]), asked(roles=roles), asked(*ties, roles=())):
            assert isinstance(part, Refused)
    else:
        assert whole.until is None or whole.until > T0
        assert TABLE.allows(whole.role, Verb.ECOUTER, whole.relation) is not None
        assert whole.relation in {tie.relation for tie in ties}
        assert whole.role in roles
