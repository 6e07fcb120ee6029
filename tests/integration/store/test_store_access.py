"""Accounts and the log of accesses on both databases: one chain whoever writes, and nothing half done."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import Connection, Engine, event, text

from cti.access import accounts
from cti.access.accounts import AccountRefused
from cti.access.chain import Head, Said, link, verify
from cti.access.rights import account_said
from cti.journey.around.access import AccessOutcome, AccessRole, AccountActKind, AccountChange, Token, Trace
from cti.journey.ledger import StoreUnavailable
from cti.store import Store, traces
from cti.store.engine import build_engine
from tests.fakes.access import DAY, shipped_table

T0 = 1_797_408_000_000_000
HOUSE = Path(__file__).parents[3]


def say(store: Store, number: int, **changes: object) -> Trace:
    values = {"at": T0 + number * 1000, "who": f"qui{number}", "role": "mrg", "verb": "ecouter", "outcome": AccessOutcome.GRANTED}
    said = Said(**{**values, **changes})  # type: ignore[arg-type]
    return store.traces.append(lambda last: link(last, said))


def act(store: Store, work: Callable[..., AccountChange]) -> AccountChange:
    def traced(change: AccountChange) -> Callable[[Trace | None], Trace]:
        return lambda last: link(last, account_said(change, "cli"))

    return store.accounts.change(work, traced)


def made(store: Store, name: str, *roles: AccessRole, at: int = T0) -> AccountChange:
    return act(store, lambda users, _: accounts.added(users, name, roles or (AccessRole.MRG,), "", "cli:it", at))


def given(store: Store, name: str, token_id: str) -> AccountChange:
    return act(
        store,
        lambda users, _: accounts.with_token(users, name, shipped_table(), 1, token_id, "d" * 64, "cli:it", T0),
    )


# --- the log ------------------------------------------------------------------------------------------------------------


def test_the_log_is_read_back_as_it_was_written(store: Store, database: str, opening: Callable[..., Store]) -> None:
    assert store.traces.last() is None
    assert list(store.traces.read()) == []
    first = say(store, 1, call_id="c1", detail="« é » \U0001f600 \ud800\0", reason="plainte")
    second = say(store, 2, who="anne")
    again = opening(database).traces
    assert list(again.read()) == [first, second]
    assert again.last() == second
    assert list(verify(again.read(), [Head(day="2026-12-16", seq=2, hash=second.hash)])) == []
    assert list(again.read(after=1)) == list(again.read(who="anne")) == list(again.read(since=second.at)) == [second]
    assert list(again.read(call_id="c1")) == list(again.read(until=second.at)) == [first]


def test_a_long_log_is_read_page_by_page(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traces, "_PAGE", 2)
    written = [say(store, number) for number in range(1, 6)]
    assert list(store.traces.read()) == written
    assert list(store.traces.read(after=3)) == written[3:]


def test_an_entry_that_cannot_be_made_is_not_written(store: Store) -> None:
    def broken(_last: Trace | None) -> Trace:
        raise RuntimeError("halfway")

    with pytest.raises(RuntimeError, match="halfway"):
        store.traces.append(broken)
    assert store.traces.last() is None


def test_an_entry_outlives_a_power_cut_and_calls_do_not_pay_for_it(database: str, opening: Callable[..., Store]) -> None:
    """SQLite: each entry waits for the disk (FULL, 2), whatever its connection did before; the pipeline's commits do not (1)."""
    if not database.startswith("sqlite"):
        pytest.skip("PostgreSQL waits for the disk at every commit unless its own configuration says otherwise")
    levels: list[tuple[str, int]] = []

    def noted(connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("INSERT INTO access_trace") or "FROM access_user" in statement:
            raw = connection.connection.dbapi_connection
            assert isinstance(raw, sqlite3.Connection)
            levels.append((statement.partition(" ")[0], raw.execute("PRAGMA synchronous").fetchone()[0]))

    event.listen(Engine, "before_cursor_execute", noted)
    try:
        store = opening(database)
        for number in (1, 2):
            say(store, number)
            store.accounts.users()
    finally:
        event.remove(Engine, "before_cursor_execute", noted)
    assert levels == [("INSERT", 2), ("SELECT", 1)] * 2


_WRITER = """
import sys, time
from cti.access.chain import Said, link
from cti.journey.around.access import AccessOutcome
from cti.store import open_store
store = open_store(sys.argv[1], busy_timeout_ms=60_000)
print("ready", flush=True)
sys.stdin.readline()
for number in range(int(sys.argv[3])):
    said = Said(at=1, who=sys.argv[2], role="", verb="ecouter", outcome=AccessOutcome.GRANTED, detail=str(number))
    store.traces.append(lambda last: link(last, said))
    time.sleep(0.001)  # SQLite's waiting is no queue: whoever does not pause may keep the other out to the end
store.close()
"""


def test_two_processes_that_write_at_once_make_one_chain(database: str, opening: Callable[..., Store]) -> None:
    store, each = opening(database), 100
    command = partial(subprocess.Popen, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=HOUSE)
    people = [command([sys.executable, "-c", _WRITER, database, who, str(each)]) for who in ("a", "b")]
    try:
        for one in people:
            assert one.stdout is not None
            assert one.stdout.readline() == "ready\n"
        for one in people:
            assert one.stdin is not None
            one.stdin.write("go\n")
            one.stdin.flush()
        assert [one.wait(120) for one in people] == [0, 0]
    finally:
        for one in people:
            one.kill()
            one.communicate()
    log = list(store.traces.read())
    assert list(verify(log)) == []
    assert [trace.seq for trace in log] == list(range(1, 2 * each + 1))
    for who in ("a", "b"):
        assert [trace.detail for trace in log if trace.who == who] == [str(number) for number in range(each)]
    turns = sum(one.who != other.who for one, other in pairwise(log))
    assert turns > 1, "they did not write at once"


def test_the_database_itself_refuses_a_fork(store: Store, database: str) -> None:
    """Even a writer that takes no lock cannot follow an entry that another one follows already."""
    first = say(store, 1)
    say(store, 2)
    fork = link(first, Said(at=T0, who="x", role="", verb="ecouter", outcome=AccessOutcome.GRANTED))
    engine = build_engine(database)
    columns = ", ".join(fork.__slots__)
    values = ", ".join(f":{name}" for name in fork.__slots__)
    row = {name: getattr(fork, name) for name in fork.__slots__}
    for seq in (2, 3):
        with pytest.raises(Exception, match=r"(?i)unique"), engine.begin() as connection:
            connection.execute(text(f"INSERT INTO access_trace ({columns}) VALUES ({values})"), {**row, "seq": seq})
    engine.dispose()


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE access_trace SET who = 'personne' WHERE seq = 3", ["entrée 3 : modifiée"]),
        ("UPDATE access_trace SET outcome = 'volé' WHERE seq = 3", ["entrée 3 : modifiée"]),
        ("UPDATE access_trace SET at = at + 1000 WHERE seq = 3", ["entrée 3 : modifiée"]),
        ("DELETE FROM access_trace WHERE seq = 3", ["entrée 3 : absente"]),
        ("DELETE FROM access_trace WHERE seq < 3", ["entrées 1 à 2 : absentes"]),
        ("DELETE FROM access_trace WHERE seq > 2", ["entrées 3 à 4 : absentes (la tête publiée du 2026-12-16 les compte"]),
    ],
)
def test_what_somebody_does_to_the_database_is_found(store: Store, database: str, statement: str, told: list[str]) -> None:
    log = [say(store, number) for number in range(1, 6)]
    engine = build_engine(database)
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()
    found = list(verify(store.traces.read(), [Head(day="2026-12-16", seq=4, hash=log[3].hash)]))
    assert len(found) == len(told)
    assert all(fault.startswith(start) for fault, start in zip(found, told, strict=True)), found


# --- accounts -----------------------------------------------------------------------------------------------------------


def test_an_account_its_tokens_their_acts_and_their_entries(store: Store) -> None:
    user = made(store, "anne", AccessRole.MRU, AccessRole.SUPERVISEUR).user
    token = given(store, "anne", "0123abcd").token
    assert store.accounts.users() == {"anne": user}
    assert store.accounts.tokens() == [token]
    assert store.accounts.token("0123abcd") == (token, user)
    assert store.accounts.token("ffffffff") is None
    act(store, lambda users, tok: accounts.revoked(users, tok("0123abcd"), "0123abcd", "cli:it", T0 + 5))
    act(store, lambda users, _: accounts.disabled(users, "anne", "cli:it", T0 + 6))
    found = store.accounts.token("0123abcd")
    assert found is not None
    assert (found[0].revoked_at, found[1].disabled_at) == (T0 + 5, T0 + 6)
    acts = store.accounts.acts()
    assert [(one.number, one.kind) for one in acts] == [
        (1, AccountActKind.ADD), (2, AccountActKind.TOKEN), (3, AccountActKind.REVOKE), (4, AccountActKind.DISABLE)
    ]  # fmt: skip
    log = list(store.traces.read())
    assert [trace.detail.partition(" ")[0] for trace in log] == ["creation", "jeton", "revocation", "desactivation"]
    assert list(verify(log)) == []


def test_a_refused_act_writes_nothing(store: Store) -> None:
    made(store, "anne")
    with pytest.raises(AccountRefused):
        made(store, "anne")
    assert (len(store.accounts.acts()), len(list(store.traces.read()))) == (1, 1)


def test_an_act_whose_entry_cannot_be_written_is_not_done(store: Store) -> None:
    def broken(_last: Trace | None) -> Trace:
        raise StoreUnavailable("disk full")

    with pytest.raises(StoreUnavailable):
        store.accounts.change(
            lambda users, _: accounts.added(users, "anne", [AccessRole.MRG], "", "it", T0), lambda _change: broken
        )
    assert store.accounts.users() == {}
    assert store.accounts.acts() == []


def test_the_last_use_is_noted_to_the_minute(store: Store) -> None:
    made(store, "anne")
    token = given(store, "anne", "0123abcd").token
    assert token is not None

    def noted() -> Token:
        return store.accounts.tokens()[0]

    for at, kept in ((T0, T0), (T0 + 59_999_999, T0), (T0 + 60_000_000, T0 + 60_000_000)):
        store.accounts.used("0123abcd", at)
        assert noted() == replace(token, last_used_at=kept), at
    store.accounts.used("ffffffff", T0 + DAY)
    assert noted().last_used_at == T0 + 60_000_000


def test_two_people_who_make_one_account_at_once(database: str, opening: Callable[..., Store]) -> None:
    store, together = opening(database), Barrier(2)

    def person(_number: int) -> bool:
        together.wait()
        try:
            made(store, "anne")
        except AccountRefused:
            return False
        return True

    with ThreadPoolExecutor(2) as people:
        assert sorted(people.map(person, range(2))) == [False, True]
    assert len(store.accounts.acts()) == 1
