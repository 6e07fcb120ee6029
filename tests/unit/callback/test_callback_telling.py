"""An entry of the call-back list as the screen reads it."""

from dataclasses import replace

from callback_stories import NUMBER, T0, S, abandon

from cti.callback import CallbackBook
from cti.callback.telling import tell_entry
from cti.journey.callbacks import ActKind, EntryState
from cti.journey.words import iso
from tests.fakes.shelf import RULES, MemoryShelf


def test_an_entry_is_told_with_its_whole_number_its_rank_in_words_and_everything_that_was_done() -> None:
    book = CallbackBook(MemoryShelf(), RULES)
    book.hear(abandon("c1"))
    book.act("c1", ActKind.TAKE, at=T0 + 60 * S, by="Anne", version=0)
    (entry,) = book.list(T0 + 90 * S)
    told = tell_entry(entry, RULES, T0 + 90 * S)
    assert (told["id"], told["number"], told["callable"], told["call_ids"]) == ("c1", NUMBER, True, ["c1"])
    libelles = {rank.code: rank.libelle for rank in RULES.ranks}
    assert told["rank_libelle"] == libelles[entry.rank_code]
    assert (told["first_lost_at"], told["age_ms"]) == (iso(entry.first_lost_at), (T0 + 90 * S - entry.first_lost_at) // 1000)
    assert (told["state"], told["taken_by"], told["taken_at"], told["version"]) == (EntryState.TAKEN, "Anne", iso(T0 + 60 * S), 1)
    (act,) = told["acts"]
    assert (act["kind"], act["by"], act["at"], act["result"]) == (ActKind.TAKE, "Anne", iso(T0 + 60 * S), None)
    gone = tell_entry(entry, replace(RULES, ranks=()), T0)
    assert gone["rank_libelle"] == entry.rank_code, "a rank that the site has given up is told by its code"
