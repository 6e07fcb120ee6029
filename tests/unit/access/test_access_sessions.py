"""Cookies of sessions: what opens, what no longer does, and the token that a page shows."""

from dataclasses import replace

import pytest

from cti.access import sessions
from cti.access.connexion import SignInSettings
from cti.journey.around.access import AccessRole, Means, Session, User

KEY, T0, MINUTE = b"une clef de trente-deux signes !", 1_797_408_000_000_000, 60_000_000
RULES = SignInSettings(idle_minutes=30)
COOKIE = sessions.written("s-" + "ab" * 12, "cd" * 32)
USER = User(name="anne", roles=(AccessRole.MRU,), created_at=T0)
SESSION = Session(
    session_id="s-" + "ab" * 12, user="anne", digest=sessions.digest(KEY, COOKIE), created_at=T0, seen_at=T0,
    expires_at=T0 + 600 * MINUTE, client="127.0.0.1", means=Means.PASSWORD,
)  # fmt: skip


def test_a_cookie_opens_until_it_is_idle_or_old() -> None:
    def why(at: int, seen: int = T0) -> str:
        return sessions.refusal(KEY, RULES, COOKIE, replace(SESSION, seen_at=seen), USER, at)

    assert sessions.identity(COOKIE) == SESSION.session_id
    assert why(T0 + 30 * MINUTE) == ""
    assert why(T0 + 30 * MINUTE + 1) == "inactivité"
    assert why(T0 + 600 * MINUTE, seen=T0 + 599 * MINUTE) == "durée maximale atteinte"


@pytest.mark.parametrize(
    ("session", "user", "cookie"),
    [
        (None, USER, COOKIE),
        (SESSION, None, COOKIE),
        (SESSION, USER, COOKIE[:-1] + "e"),
        (replace(SESSION, digest=sessions.digest(KEY + b"!", COOKIE)), USER, COOKIE),
    ],
)
def test_what_somebody_made_up_is_unknown(session: Session | None, user: User | None, cookie: str) -> None:
    assert sessions.refusal(KEY, RULES, cookie, session, user, T0) == sessions.UNKNOWN


def test_what_was_ended_or_disabled_opens_nothing() -> None:
    assert sessions.over(RULES, replace(SESSION, ended_at=T0, ended_why="déconnexion"), USER, T0) == "déconnexion"
    assert sessions.over(RULES, SESSION, replace(USER, disabled_at=T0), T0) == "compte désactivé"


@pytest.mark.parametrize("given", ["", "s-" + "ab" * 12, COOKIE.upper(), COOKIE + "0", "x" + COOKIE, COOKIE.replace(".", "_")])
def test_only_our_shape_is_looked_up(given: str) -> None:
    assert sessions.identity(given) is None


def test_the_page_s_token_belongs_to_one_cookie_and_is_not_its_digest() -> None:
    other = COOKIE[:-1] + "e"
    assert len({sessions.csrf(KEY, COOKIE), sessions.csrf(KEY, other), sessions.digest(KEY, COOKIE)}) == 3
    assert sessions.csrf(KEY, COOKIE) == sessions.csrf(KEY, COOKIE)
    assert SESSION.digest not in repr(SESSION)
