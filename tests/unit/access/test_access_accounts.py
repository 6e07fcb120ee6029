"""Accounts, tokens and heads as pure rules."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from cti.access import accounts
from cti.access.accounts import AccountRefused
from cti.access.chain import Head
from cti.access.heads import UnreadableHead, as_text, from_text, read_all
from cti.access.recognising import linked
from cti.access.tokens import digest, identity, refusal, written
from cti.journey.around.access import AccessRole, AccountActKind, AccountChange, Token, User
from tests.fakes.access import DAY, KEY, shipped_table

T0 = 1_797_408_000_000_000
A = AccessRole
ANNE = User(name="anne", roles=(A.MRU,), created_at=T0)
GONE = User(name="gone", roles=(A.MRU,), created_at=T0, disabled_at=T0)
SHOWS = User(name="b1", roles=(A.BANDEAU,), personne="arm01", created_at=T0)
USERS = {"anne": ANNE, "gone": GONE}
SHOWN = written("0123abcd", "e" * 64)
TOKEN = Token(token_id="0123abcd", user="anne", digest=digest(KEY, SHOWN), created_at=T0, expires_at=T0 + DAY)
Attempt = Callable[[], AccountChange]


def test_an_account_and_what_is_told_of_it() -> None:
    change = accounts.added(USERS, "paul.roux", [A.MRG, A.QUALITE, A.MRG], "mrg01", "cli:it", T0)
    assert change.user == User(name="paul.roux", roles=(A.MRG, A.QUALITE), personne="mrg01", created_at=T0)
    assert (change.kind, change.detail) == (AccountActKind.ADD, "rôles mrg, qualite, personne mrg01")
    assert accounts.added({}, "x1", [A.ADMIN], "", "it", T0).detail == "rôles admin"
    other = accounts.with_roles(USERS, "anne", [A.MRU, A.SUPERVISEUR], "it", T0)
    assert (other.user.roles, other.detail) == ((A.MRU, A.SUPERVISEUR), "rôles mru -> mru, superviseur")


@pytest.mark.parametrize("subject", ["", " ", "un\ndeux"])
def test_whom_a_provider_knows_is_named_in_one_line(subject: str) -> None:
    with pytest.raises(AccountRefused, match="il faut un fournisseur"):
        linked(USERS, "anne", [], "https://fournisseur.test", subject, "chef", T0)


def test_closing_and_opening_an_account() -> None:
    assert accounts.disabled(USERS, "anne", "it", T0 + 1).user.disabled_at == T0 + 1
    assert accounts.enabled(USERS, "gone", "it", T0 + 1).user.disabled_at is None


def test_a_token_lives_as_long_as_the_site_lets_it() -> None:
    given = accounts.with_token(USERS, "anne", shipped_table(), None, "0123abcd", TOKEN.digest, "it", T0).token
    assert given is not None
    assert given.expires_at == T0 + 90 * DAY
    short = accounts.with_token(USERS, "anne", shipped_table(), 1, "0123abcd", TOKEN.digest, "it", T0)
    assert short.token == TOKEN
    assert short.detail == "jeton 0123abcd, expire le 17/12/2026 à 08:00:00 UTC"
    assert TOKEN.digest not in repr(TOKEN)
    closed = accounts.revoked(USERS, TOKEN, "0123abcd", "it", T0 + 5)
    assert closed.token == replace(TOKEN, revoked_at=T0 + 5)


@pytest.mark.parametrize(
    ("attempt", "told"),
    [
        (lambda: accounts.added(USERS, "anne", [A.MRU], "", "it", T0), "anne existe déjà"),
        (lambda: accounts.added(USERS, "site", [A.MRU], "", "it", T0), "« site » : un nom"),
        (lambda: accounts.added(USERS, "Anne Petit", [A.MRU], "", "it", T0), "un nom de 2 à 64 signes"),
        (lambda: accounts.added(USERS, "cli:x", [A.MRU], "", "it", T0), "un nom de 2 à 64 signes"),
        (lambda: accounts.added(USERS, "paul", [], "", "it", T0), "au moins un rôle"),
        (lambda: accounts.added(USERS, "b1", [A.BANDEAU, A.MRU], "arm01", "it", T0), "le rôle bandeau va seul"),
        (lambda: accounts.added(USERS, "b1", [A.BANDEAU], "", "it", T0), "--personne en donne le nom"),
        (lambda: accounts.with_roles(USERS, "anne", [A.BANDEAU], "it", T0), "il faut un autre compte"),
        (lambda: accounts.with_roles({"b1": SHOWS}, "b1", [A.MRU], "it", T0), "il faut un autre compte"),
        (lambda: accounts.with_roles({"b1": SHOWS}, "b1", [A.BANDEAU], "it", T0), "a déjà ces rôles"),
        (lambda: accounts.with_roles(USERS, "paul", [A.MRU], "it", T0), "aucun compte paul"),
        (lambda: accounts.with_roles(USERS, "anne", [A.MRU], "it", T0), "a déjà ces rôles"),
        (lambda: accounts.disabled(USERS, "gone", "it", T0), "déjà désactivé"),
        (lambda: accounts.enabled(USERS, "anne", "it", T0), "n'est pas désactivé"),
        (lambda: accounts.with_token(USERS, "gone", shipped_table(), None, "t", "d", "it", T0), "gone est désactivé"),
        (lambda: accounts.with_token(USERS, "anne", shipped_table(), 366, "t", "d", "it", T0), "de 1 à 365 jours"),
        (lambda: accounts.with_token(USERS, "anne", shipped_table(), 0, "t", "d", "it", T0), "de 1 à 365 jours"),
        (lambda: accounts.revoked(USERS, None, "ffffffff", "it", T0), "aucun jeton ffffffff"),
        (lambda: accounts.revoked(USERS, replace(TOKEN, revoked_at=T0), "0123abcd", "it", T0), "déjà révoqué"),
    ],
)
def test_what_cannot_be_done_says_why(attempt: Attempt, told: str) -> None:
    with pytest.raises(AccountRefused, match=told):
        attempt()


# --- tokens -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "token", "user", "at", "why"),
    [
        (SHOWN, TOKEN, ANNE, T0 + DAY - 1, None),
        (SHOWN, TOKEN, ANNE, T0 + DAY, "jeton 0123abcd de anne : expiré"),
        (SHOWN, replace(TOKEN, revoked_at=T0), ANNE, T0, "jeton 0123abcd de anne : révoqué"),
        (SHOWN, TOKEN, GONE, T0, "jeton 0123abcd de gone : compte désactivé"),
        (SHOWN[:-1] + "f", TOKEN, ANNE, T0, "jeton 0123abcd : secret faux"),
        (SHOWN, None, None, T0, "jeton inconnu"),
        ("\ud800", None, None, T0, "jeton inconnu"),
    ],
)
def test_what_opens_and_what_does_not(given: str, token: Token | None, user: User | None, at: int, why: str | None) -> None:
    assert refusal(KEY, given, token, user, at) == why
    assert token is None or refusal(b"another key", given, token, user, at) is not None


def test_the_shape_of_a_token() -> None:
    assert identity(SHOWN) == "0123abcd"
    for other in ("", "cti_", SHOWN + "0", SHOWN[:-1], SHOWN.upper(), " " + SHOWN, SHOWN + "\n"):
        assert identity(other) is None, other
    assert digest(KEY, SHOWN) != digest(b"another key", SHOWN)


# --- heads --------------------------------------------------------------------------------------------------------------


HEAD = Head(day="2026-12-15", seq=41, hash="a" * 64, published="2026-12-15T23:00:10.000Z")


def test_a_head_is_a_text_that_comes_back() -> None:
    assert from_text(as_text(HEAD), "2026-12-15.txt") == HEAD
    older = replace(HEAD, day="2026-12-14", seq=0)
    assert read_all([("2026-12-15.txt", as_text(HEAD)), ("2026-12-14.txt", as_text(older))]) == ([older, HEAD], [])


@pytest.mark.parametrize("text", ["", "rien", as_text(HEAD).replace("a" * 64, "a" * 63), as_text(HEAD).replace("41", "x")])
def test_a_head_that_was_spoilt_is_named(text: str) -> None:
    assert read_all([("2026-12-15.txt", text)]) == ([], ["tête 2026-12-15.txt : illisible"])


def test_a_head_under_another_name_is_named() -> None:
    with pytest.raises(UnreadableHead, match=r"tête 2026-12-16.txt : elle est celle du 2026-12-15"):
        from_text(as_text(HEAD), "2026-12-16.txt")
