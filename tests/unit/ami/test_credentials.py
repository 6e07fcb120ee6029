"""The credentials of browser phones, as they are asked of the PBX."""

import json

import pytest

from cti.ami.answers import ActionFailed, ActionTimeout, UnsafeValue
from cti.ami.credentials import CredentialBook
from cti.journey.around.telephone import Credential
from tests.fakes.astdb import AstDb

HELENE = Credential("web01", "helene", 10, 99)
PASSWORD = "a" * 32


@pytest.fixture
def pbx() -> AstDb:
    return AstDb()


@pytest.fixture
def book(pbx: AstDb) -> CredentialBook:
    return CredentialBook(pbx.ask, pause=at_once)


async def at_once(_seconds: float) -> None:
    """Nobody waits."""


async def test_a_credential_is_one_value_of_astdb_that_sorcery_reads(pbx: AstDb, book: CredentialBook) -> None:
    await book.write(HELENE, PASSWORD)
    told = json.loads(pbx.values["web01"])
    assert (told["auth_type"], told["username"], told["password"]) == ("userpass", "web01", PASSWORD)
    assert all(isinstance(value, str) for value in told.values()), "sorcery reads texts"
    (asked, *_) = pbx.asked
    assert PASSWORD not in str(asked), "not as it is"
    assert asked[1]["Context"] == "sas-acces"


async def test_what_was_written_is_read_back_and_what_is_unreadable_counts_as_over(pbx: AstDb, book: CredentialBook) -> None:
    assert await book.out() == ()
    await book.write(HELENE, PASSWORD)
    pbx.values |= {"web02": "{", "web03": "[]"}
    assert await book.out() == (HELENE, Credential("web02", "?", 0, 0), Credential("web03", "?", 0, 0))
    await book.remove("web02")
    assert set(pbx.values) == {"web01", "web03"}
    await book.close("web01", "b" * 32)
    assert pbx.password("web01") == "b" * 32
    assert [one.closed for one in await book.out()] == [True, False]


async def test_what_the_pbx_did_not_do_is_told(pbx: AstDb, book: CredentialBook) -> None:
    pbx.does = False
    with pytest.raises(ActionTimeout):
        await book.write(HELENE, PASSWORD)
    pbx.refusal = "Permission denied"
    for act in (book.out(), book.remove("web01")):
        with pytest.raises(ActionFailed):
            await act


async def test_a_look_that_is_refused_is_no_absence(pbx: AstDb, book: CredentialBook) -> None:
    pbx.do_originate = lambda _: setattr(pbx, "refusal", "Permission denied") or []  # type: ignore[method-assign,assignment]
    with pytest.raises(ActionFailed):
        await book.remove("web01")


@pytest.mark.parametrize("poste", ["", "web01)=x", "web01/../sas", "é"])
async def test_a_name_that_is_no_endpoint_never_leaves(pbx: AstDb, book: CredentialBook, poste: str) -> None:
    with pytest.raises(UnsafeValue):
        await book.remove(poste)
    assert not pbx.asked


async def test_a_weak_password_is_never_written(pbx: AstDb, book: CredentialBook) -> None:
    with pytest.raises(UnsafeValue):
        await book.write(HELENE, "court")
    assert not pbx.asked
