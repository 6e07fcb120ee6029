"""Killed without warning in the middle of commits: whole batches or none, and the numbers of dossiers without a hole."""

import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text
from store_histories import folded

from cti.store import Store

_WRITER = """
import sys
from datetime import date
from itertools import count
sys.path.insert(0, sys.argv[2])
from store_histories import Told, batch, full_story
from cti.store import DossierRequest, open_store
store = open_store(sys.argv[1])
for n in count():
    calls = [f"k{n}-{m}" for m in range(40)]
    story = [event for call in calls for event in full_story(call)]
    store.commit(batch(story, session=f"s{n}"))
    store.dossiers.open_many([DossierRequest(call, n, date(2026, 12, 16), Told()) for call in calls])
    print(n, flush=True)
"""


@pytest.mark.parametrize("commits", [1, 4])
def test_killed_between_two_words(database: str, opening: Callable[..., Store], commits: int) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", _WRITER, database, str(Path(__file__).parent)], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    last = [int(writer.stdout.readline()) for _ in range(commits)][-1]
    writer.kill()  # somewhere in the next commit
    told_after = writer.communicate()[0].split()
    last = int(told_after[-1]) if told_after else last

    store = opening(database)
    journeys = list(store.reading.journeys(None, None))
    written = Counter(journey.call_id.split("-")[0] for journey in journeys)
    assert set(written.values()) == {40}
    assert set(written) >= {f"k{n}" for n in range(last + 1)}, "what was acknowledged is there"
    assert len(written) <= last + 2
    for journey in journeys:
        assert folded(store.reading.events(journey.call_id)) == journey
    with store.reading._engine.connect() as connection:
        sequences = list(connection.execute(text("SELECT sequence FROM dossier ORDER BY sequence")).scalars())
        counted = connection.execute(text("SELECT last FROM dossier_counter")).scalar_one()
    assert sequences == list(range(1, counted + 1))
    assert counted % 40 == 0
