"""Who may open the phone of a page, and which credentials must go."""

import pytest

from cti.agents.duty import Standing
from cti.agents.telephone import PhoneRefusal, PhoneRules, PhoneWhy, credential, require_hers, superfluous, unclosed
from cti.journey.around.telephone import Credential

HOUR = 3_600_000_000
RULES = PhoneRules(frozenset({"web01", "web02"}), 12 * HOUR)
HELENE = Standing("web01", "helene", ("n1",), since=10)
ROOM = {"web01": HELENE, "arm01": Standing("arm01", "arm01", ("n1",), 0, fixed=True)}


def test_she_who_sits_there_is_given_credentials_for_a_while() -> None:
    standing = require_hers("web01", "helene", ROOM, RULES)
    assert credential(standing, RULES, 100) == Credential("web01", "helene", 10, 100 + 12 * HOUR)


@pytest.mark.parametrize(
    ("poste", "who", "why"),
    [
        ("web09", "helene", PhoneWhy.UNKNOWN),
        ("arm01", "arm01", PhoneWhy.UNKNOWN),
        ("web02", "helene", PhoneWhy.EMPTY),
        ("web01", "karim", PhoneWhy.NOT_YOURS),
    ],
)
def test_nobody_else_is(poste: str, who: str, why: PhoneWhy) -> None:
    with pytest.raises(PhoneRefusal) as refused:
        require_hers(poste, who, ROOM, RULES)
    assert refused.value.why is why
    assert poste in str(refused.value)


def test_those_of_others_and_those_that_are_over_must_go() -> None:
    good = Credential("web01", "helene", 10, 1_000)
    gone = [
        Credential("web01", "karim", 10, 1_000),
        Credential("web01", "helene", 9, 1_000),  # an earlier sitting
        Credential("web01", "helene", 10, 500),  # over
        Credential("web02", "helene", 10, 1_000),  # nobody there
        Credential("arm01", "arm01", 0, 1_000),  # no post in a browser any more
    ]
    closed = Credential("web02", "", 0, 0)
    assert superfluous([good, closed, *gone], ROOM, RULES, 500) == gone
    of_old = Credential("web09", "", 0, 0)
    assert superfluous([of_old], ROOM, RULES, 500) == [of_old], "no post of ours any more"


def test_posts_that_the_pbx_does_not_know_are_to_be_closed() -> None:
    assert unclosed([Credential("web01", "helene", 10, 1_000)], RULES) == ["web02"]
