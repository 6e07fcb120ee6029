"""The registry: one dossier per call, numbers of a year without repeat or hole, whoever asks and whatever breaks."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import text
from store_histories import T0, Told

from cti.store import Dossier, DossierRequest, Store

DAY = date(2026, 12, 16)


def _sequences(store: Store, year: int) -> list[int]:
    with store.reading._engine.connect() as connection:
        found = connection.execute(text("SELECT sequence FROM dossier WHERE year = :year ORDER BY sequence"), {"year": year})
        return list(found.scalars())


def test_number_tells_year_day_and_rank(store: Store) -> None:
    assert store.dossiers.open("c1", T0, DAY, Told()).ref == "2026-350-0000001"
    assert store.dossiers.open("c2", T0, date(2026, 12, 17), Told()).ref == "2026-351-0000002"
    assert store.dossiers.open("c3", T0, date(2027, 1, 1), Told()).ref == "2027-001-0000001"
    assert store.dossiers.open("c4", T0, date(2026, 12, 31), Told()).ref == "2026-365-0000003", "a late retry of last year"


def test_asking_again_gives_the_same_dossier(store: Store) -> None:
    first = store.dossiers.open("c1", T0, DAY, Told())
    assert first.opened_at == T0
    assert store.dossiers.open("c1", T0 + 99, date(2027, 1, 1), Told()) == first
    assert _sequences(store, 2027) == []


def test_summary_is_kept_as_told(store: Store) -> None:
    store.dossiers.open("c1", T0, DAY, Told({"motif": "détresse ☎", "caller": None}))
    with store.reading._engine.connect() as connection:
        kept = connection.execute(text("SELECT summary FROM dossier")).scalar_one()
    assert json.loads(kept) == {"motif": "détresse ☎", "caller": None}


def test_many_at_once_come_back_in_order_each_call_once(store: Store) -> None:
    known = store.dossiers.open("c5", T0, DAY, Told())
    ids = ["c1", "c5", "c2", "c1", "c3"]
    opened = store.dossiers.open_many([DossierRequest(call_id, T0 + n, DAY, Told()) for n, call_id in enumerate(ids)])
    assert [dossier.ref[-1] for dossier in opened] == ["2", "1", "3", "2", "4"]
    assert opened[1] == known
    assert opened[3] == opened[0] == Dossier(opened[0].dossier_id, "2026-350-0000002", T0)
    assert len({dossier.dossier_id for dossier in opened}) == 4
    assert store.dossiers.open_many([]) == []


def test_more_calls_than_one_statement_may_name(store: Store) -> None:
    requests = [DossierRequest(f"c{n}", T0, DAY, Told()) for n in range(1_201)]
    opened = store.dossiers.open_many(requests)
    assert store.dossiers.open_many(requests) == opened
    assert _sequences(store, 2026) == list(range(1, 1_202))


def test_batch_over_two_years_numbers_each(store: Store) -> None:
    days = [date(2027, 1, 1), date(2026, 12, 31), date(2027, 1, 1)]
    opened = store.dossiers.open_many([DossierRequest(f"c{n}", T0, day, Told()) for n, day in enumerate(days)])
    assert [dossier.ref for dossier in opened] == ["2027-001-0000001", "2026-365-0000001", "2027-001-0000002"]


def test_failure_in_the_middle_spends_no_number(store: Store) -> None:
    class Broken:
        def told(self) -> dict[str, Any]:
            raise RuntimeError("no summary")

    sound = DossierRequest("c1", T0, DAY, Told())
    with pytest.raises(RuntimeError):
        store.dossiers.open_many([sound, DossierRequest("c2", T0, DAY, Broken())])
    assert _sequences(store, 2026) == []
    assert store.dossiers.open("c2", T0, DAY, Told()).ref == "2026-350-0000001"


def test_threads_asking_for_the_same_calls_agree(store: Store) -> None:
    together = Barrier(4)

    def ask(_: int) -> list[Dossier]:
        together.wait()
        return [store.dossiers.open(f"c{n}", T0, DAY, Told()) for n in range(15)]

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(ask, range(4)))
    assert answers.count(answers[0]) == 4
    assert _sequences(store, 2026) == list(range(1, 16))


_PROCESS = """
import sys
from datetime import date
from cti.store import open_store
class Told:
    def told(self): return {}
store = open_store(sys.argv[1], busy_timeout_ms=60000)
sys.stdin.readline()
for n in range(25):
    print(store.dossiers.open(f"c{n}", int(sys.argv[2]), date(2026, 12, 16), Told()).ref)
"""


def test_processes_asking_for_the_same_calls_agree(database: str, store: Store) -> None:
    people = [
        subprocess.Popen(
            [sys.executable, "-c", _PROCESS, database, str(n)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for n in range(3)
    ]
    for person in people:  # all are started before any may ask
        assert person.stdin is not None
        person.stdin.write("go\n")
        person.stdin.flush()
    answers = [person.communicate()[0].split() for person in people]
    assert all(person.returncode == 0 for person in people)
    assert len(answers[0]) == 25
    assert answers.count(answers[0]) == 3
    assert _sequences(store, 2026) == list(range(1, 26))
