"""Passwords, sessions and links on both databases: written with their entries, ended with what they rest on."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from cti.access import accounts, passwords, recognising
from cti.access.accounts import AccountRefused
from cti.access.chain import Said, link, verify
from cti.access.connexion import USUAL
from cti.access.rights import account_said
from cti.journey.around.access import (
    AccessOutcome,
    AccessRole,
    AccountChange,
    Credential,
    Means,
    Session,
    Trace,
    User,
)
from cti.store import SignIn, Store

T0, MINUTE = 1_797_408_000_000_000, 60_000_000


def traced(change: AccountChange) -> Callable[[Trace | None], Trace]:
    return lambda last: link(last, account_said(change, "cli"))


def entry(detail: str) -> Callable[[Trace | None], Trace]:
    said = Said(at=T0, who="anne", role="", verb="entrer", outcome=AccessOutcome.GRANTED, detail=detail)
    return lambda last: link(last, said)


def session(name: str, number: int, at: int = T0) -> Session:
    return Session(
        session_id=f"s-{number:024x}",
        user=name,
        digest=f"{number:064x}",
        created_at=at,
        seen_at=at,
        expires_at=at + 600 * MINUTE,
        client="10.0.0.1",
        means=Means.PASSWORD,
    )


@pytest.fixture
def anne(store: Store) -> Store:
    """A store with an account that has a password."""
    for name in ("anne", "paul"):
        store.accounts.change(lambda users, _, name=name: accounts.added(users, name, [AccessRole.MRU], "", "it", T0), traced)
        store.accounts.recognise(
            name, lambda users, now, name=name: recognising.with_password(users, name, now, "$argon2$x", "it", T0), traced
        )
    return store


def come_in(store: Store, number: int, name: str = "anne") -> Session:
    made = session(name, number)
    done = store.signing.conclude(name, lambda _, now: SignIn(credential=now, session=made), lambda _: entry("entre"))
    assert done is not None
    return made


def test_what_recognises_an_account_is_read_back(anne: Store, database: str, opening: Callable[..., Store]) -> None:
    told = Credential(
        user="anne",
        hash="$argon2$y",
        hashed_at=T0,
        failures=3,
        failed_at=T0 + 1,
        locked_until=T0 + 2,
        totp="ab",
        totp_at=T0 + 3,
        totp_step=2**40,
    )
    anne.signing.conclude("anne", lambda _user, _now: SignIn(credential=told), lambda _: entry("x"))
    again = opening(database).signing
    assert again.credential("anne") == again.credentials()["anne"] == told
    assert again.credential("zoe") is None
    assert again.attempt("zoe", lambda _, now: now) is None


def test_tries_at_once_are_counted_one_by_one(anne: Store) -> None:
    def count(_user: User, known: Credential) -> Credential:
        return passwords.tried(known, USUAL, T0)

    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda _: anne.signing.attempt("anne", count), range(12)))
    assert sorted(after.failures for one in found if one is not None for after in one[2:]) == list(range(1, 13))


def test_a_session_and_its_entry_are_written_together_or_not_at_all(anne: Store) -> None:
    seen = len(list(anne.traces.read()))

    def broken(_last: Trace | None) -> Trace:
        raise RuntimeError("halfway")

    with pytest.raises(RuntimeError, match="halfway"):
        anne.signing.conclude("anne", lambda _, now: SignIn(credential=now, session=session("anne", 1)), lambda _: broken)
    assert anne.signing.sessions() == []
    made = come_in(anne, 1)
    assert anne.signing.session(made.session_id) == (made, anne.accounts.users()["anne"])
    assert len(list(anne.traces.read())) == seen + 1
    assert anne.signing.conclude("anne", lambda _user, _now: None, lambda done: entry("non") if done is None else None) is None
    assert [trace.detail for trace in anne.traces.read(after=seen)] == ["entre", "non"]


@pytest.mark.parametrize("how", ["disable", "password", "roles", "totp", "sessions"])
def test_what_changes_an_account_ends_its_sessions_and_nobody_else_s(anne: Store, how: str) -> None:
    mine, other = come_in(anne, 1), come_in(anne, 2, "paul")
    change = anne.accounts.change
    match how:
        case "disable":
            change(lambda users, _: accounts.disabled(users, "anne", "it", T0 + 1), traced)
        case "roles":
            change(lambda users, _: accounts.with_roles(users, "anne", [AccessRole.ADMIN], "it", T0 + 1), traced)
        case "sessions":
            change(lambda users, _: recognising.without_sessions(users, "anne", [mine], "", "it", T0 + 1), traced)
        case "password":
            anne.accounts.recognise(
                "anne", lambda users, now: recognising.with_password(users, "anne", now, "z", "it", T0 + 1), traced
            )
        case _:
            anne.accounts.recognise(
                "anne", lambda users, now: recognising.with_totp(users, "anne", now, "z", "it", T0 + 1), traced
            )
    (ended,) = anne.signing.sessions("anne")
    assert ended.ended_at == T0 + 1
    assert ended.ended_why
    assert anne.signing.sessions(open_only=True) == [other]
    assert list(verify(anne.traces.read())) == []


def test_one_session_of_several_is_ended(anne: Store) -> None:
    first, second = come_in(anne, 1), come_in(anne, 2)
    anne.accounts.change(
        lambda users, _: recognising.without_sessions(users, "anne", [first, second], first.session_id, "it", T0 + 1), traced
    )
    assert anne.signing.sessions("anne", open_only=True) == [second]
    with pytest.raises(AccountRefused, match="aucune session"):
        anne.accounts.change(lambda users, _: recognising.without_sessions(users, "anne", [], "", "it", T0 + 1), traced)


def test_use_is_noted_to_the_minute_and_an_end_is_written_once(anne: Store) -> None:
    made = come_in(anne, 1)
    for at in (T0 + MINUTE - 1, T0 + MINUTE, T0 + MINUTE + 1):
        anne.signing.seen(made.session_id, at)
    assert anne.signing.sessions("anne")[0].seen_at == T0 + MINUTE
    assert anne.signing.end(made.session_id, T0 + 2 * MINUTE, "déconnexion", entry("sort"))
    assert not anne.signing.end(made.session_id, T0 + 3 * MINUTE, "autre", entry("sort"))
    assert anne.signing.sessions("anne")[0] == replace(
        made, seen_at=T0 + MINUTE, ended_at=T0 + 2 * MINUTE, ended_why="déconnexion"
    )
    assert [trace.detail for trace in anne.traces.read() if trace.detail == "sort"] == ["sort"]


def test_a_disabled_account_is_given_no_session_from_elsewhere(anne: Store) -> None:
    assert anne.signing.open(session("anne", 1), entry("entre"))
    anne.accounts.change(lambda users, _: accounts.disabled(users, "anne", "it", T0), traced)
    assert not anne.signing.open(session("anne", 2), entry("entre"))
    assert len(anne.signing.sessions("anne")) == 1


def test_a_subject_is_one_account_s_until_it_is_taken_off(anne: Store) -> None:
    def tie(name: str) -> None:
        links = anne.signing.links()
        anne.accounts.change(lambda users, _: recognising.linked(users, name, links, "https://psc", "810001", "it", T0), traced)

    assert anne.signing.linked("https://psc", "810001") is None
    tie("anne")
    found = anne.signing.linked("https://psc", "810001")
    assert found is not None
    assert found.name == "anne"
    assert anne.signing.linked("https://autre", "810001") is None
    with pytest.raises(AccountRefused, match="déjà rattaché au compte anne"):
        tie("paul")
    links = anne.signing.links()
    anne.accounts.change(lambda users, _: recognising.unlinked(users, "anne", links, "https://psc", "810001", "it", T0), traced)
    assert anne.signing.links() == []
    tie("paul")
