"""Each role x each relation x each verb, as the shipped table reads: the rest is refused, and all of it is logged."""

import itertools
import tomllib
from pathlib import Path

from cti.access import About, Asker, Granted, Rights
from cti.access.chain import verify
from cti.journey.around.access import AccessOutcome, AccessRole, Relation, Tie, Verb
from tests.fakes.access import MemoryTraces, shipped_table

T0 = 1_797_408_000_000_000
CONFIG = Path(__file__).parents[3] / "config" / "acces.toml"

#: Read here by hand, so that the reader of the service is not its own judge.
ROWS = tomllib.loads(CONFIG.read_text(encoding="utf-8"))["droits"]
GIVEN = {
    (role, row["relation"], verb): row for row in ROWS for role in row["roles"] for verb in row["verbes"]
}  # (role, relation, verb) -> its row
CELLS = list(itertools.product(AccessRole, Relation, Verb))


def test_every_cell_of_the_matrix_with_and_without_a_reason() -> None:
    journal = MemoryTraces()
    rights = Rights(shipped_table(), journal, lambda: T0)
    for (role, relation, verb), reason in itertools.product(CELLS, ("", "plainte 2026-41")):
        row = GIVEN.get((role, relation, verb))
        expected = row is not None and (bool(reason) or not row.get("motif", False))
        asker = Asker(who="qui", roles=(role,), client="192.0.2.1")
        tie = Tie(relation=relation, since=T0 - 1)
        decision = rights.ask(asker, verb, About(call_id="c1", piece_id="p1"), (tie,), reason)
        assert isinstance(decision, Granted) is expected, (role, relation, verb, reason, decision)
        trace = journal.entries[-1]
        assert trace.outcome == (AccessOutcome.GRANTED if expected else AccessOutcome.REFUSED)
        assert (trace.who, trace.role, trace.verb, trace.call_id, trace.piece_id) == ("qui", role, verb, "c1", "p1")
        assert (trace.reason, trace.client, trace.relation) == (reason, "192.0.2.1", relation if expected else "")
        assert bool(trace.detail) is not expected, "a refusal says why"
    assert len(CELLS) == 10 * 5 * 11
    assert len(journal.entries) == 2 * len(CELLS)
    assert list(verify(journal.entries)) == []
    granted = sum(trace.outcome == AccessOutcome.GRANTED for trace in journal.entries)
    assert granted == sum(1 if row.get("motif") else 2 for row in GIVEN.values())


def test_every_time_limited_cell_ends() -> None:
    rights = Rights(shipped_table(), MemoryTraces(), lambda: T0)
    limited = {cell: row["duree_heures"] for cell, row in GIVEN.items() if "duree_heures" in row}
    assert limited
    for (role, relation, verb), hours in limited.items():
        asker = Asker(who="qui", roles=(AccessRole(role),), client="")
        for since, expected in ((T0 - hours * 3_600_000_000 + 1, True), (T0 - hours * 3_600_000_000, False)):
            decision = rights.ask(asker, Verb(verb), About(), (Tie(relation=Relation(relation), since=since),), "motif")
            assert isinstance(decision, Granted) is expected, (role, relation, verb)
