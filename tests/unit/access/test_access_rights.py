"""The port of every access: the trace is written before the answer, and without it there is none."""

from cti.access import About, Asker, Granted, Refused, Rights
from cti.access.chain import verify
from cti.access.rights import account_said
from cti.journey.around.access import (
    ENTER,
    AccessOutcome,
    AccessRole,
    AccountActKind,
    AccountChange,
    Relation,
    Tie,
    User,
    Verb,
)
from tests.fakes.access import MemoryTraces, shipped_table

T0 = 1_797_408_000_000_000
PAUL = Asker(who="paul", roles=(AccessRole.MRG,), client="192.0.2.9")
OWN = (Tie(relation=Relation.SES_APPELS, since=T0),)


def test_a_grant_and_a_refusal_are_written_alike() -> None:
    journal = MemoryTraces()
    rights = Rights(shipped_table(), journal, lambda: T0)
    about = About(call_id="c1", piece_id="p1", detail="de 0 à 30 s")
    assert isinstance(rights.ask(PAUL, Verb.ECOUTER, about, OWN), Granted)
    refused = rights.ask(PAUL, Verb.EXPORTER, about, OWN, "plainte")
    assert isinstance(refused, Refused)
    first, second = journal.entries
    assert (first.outcome, first.role, first.relation, first.detail) == ("accordé", "mrg", "ses_appels", "de 0 à 30 s")
    assert (second.outcome, second.reason, second.relation) == ("refusé", "plainte", "")
    assert second.detail == f"de 0 à 30 s ; {refused.why}"
    assert list(verify(journal.entries)) == []


def test_without_a_trace_the_answer_is_no() -> None:
    journal = MemoryTraces()
    journal.down = True
    answer = Rights(shipped_table(), journal, lambda: T0).ask(PAUL, Verb.ECOUTER, About(), OWN)
    assert isinstance(answer, Refused)
    assert not answer.traced
    assert "n'a pas pu être écrite" in answer.why


def test_a_reason_that_is_no_line_is_refused_and_its_trace_is_a_line() -> None:
    journal = MemoryTraces()
    answer = Rights(shipped_table(), journal, lambda: T0).ask(PAUL, Verb.ECOUTER, About(), OWN, "x\0" * 400)
    assert isinstance(answer, Refused)
    assert len(journal.entries[0].reason) == 500
    assert "\0" not in journal.entries[0].reason


def test_whoever_shows_what_opens_nothing_and_acts_on_accounts() -> None:
    journal = MemoryTraces()
    Rights(shipped_table(), journal, lambda: T0).turned_away("192.0.2.9", "jeton inconnu")
    (entry,) = journal.entries
    assert (entry.verb, entry.who, entry.client, entry.detail) == (ENTER, "inconnu", "192.0.2.9", "jeton inconnu")
    user = User(name="anne", roles=(AccessRole.MRU,), created_at=T0)
    for detail, told in (("jeton 0123abcd", "revocation : compte anne (jeton 0123abcd)"), ("", "revocation : compte anne")):
        change = AccountChange(at=T0, by="cli:it", kind=AccountActKind.REVOKE, user=user, detail=detail)
        said = account_said(change, "cli")
        assert (said.who, said.verb, said.outcome, said.detail) == ("cli:it", "administrer", AccessOutcome.DONE, told)


def test_what_the_answer_would_be_is_not_written() -> None:
    journal = MemoryTraces()
    rights = Rights(shipped_table(), journal, lambda: T0)
    assert isinstance(rights.would(PAUL, Verb.ECOUTER, OWN), Granted)
    refused = rights.would(PAUL, Verb.EXPORTER, OWN)
    assert isinstance(refused, Refused)
    assert journal.entries == []


def test_what_is_over_is_a_refusal_like_any_other() -> None:
    journal = MemoryTraces()
    about = About(call_id="c1", piece_id="p1")
    Rights(shipped_table(), journal, lambda: T0).ended(PAUL, Verb.ECOUTER, about, "Cette écoute est terminée.")
    (entry,) = journal.entries
    assert (entry.who, entry.role, entry.verb, entry.outcome) == ("paul", "mrg", "ecouter", "refusé")
    assert (entry.call_id, entry.piece_id, entry.client, entry.detail) == ("c1", "p1", "192.0.2.9", "Cette écoute est terminée.")
