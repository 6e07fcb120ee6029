"""The desk of browser phones with a PBX in memory; the addresses and the TURN credentials that a page is told."""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from cti.agents.duty import Standing
from cti.agents.telephone import PhoneRefusal, PhoneRules
from cti.ami.connection import LinkState
from cti.ami.dialplan import TlsSpec
from cti.ami.telephone import TelephoneSettings
from cti.api.telephone_port import PhoneUnreachable
from cti.bootstrap.telephone.address import PhoneAddress, phone_address
from cti.bootstrap.telephone.desk import TelephoneDesk
from cti.bootstrap.telephone.ice import ice_servers
from cti.settings import load, with_pbx
from tests.fakes.astdb import AstDb
from tests.fakes.room import T0, Clock, S

CONFIG = Path(__file__).parents[3] / "config"
ADDRESS = PhoneAddress("wss://pbx.example.fr:8089/ws", TelephoneSettings())


@dataclass
class House:
    """A desk, its PBX, who sits where; `turn` is one look of the desk."""

    pbx: AstDb = field(default_factory=AstDb)
    clock: Clock = field(default_factory=Clock)
    standings: dict[str, Standing] = field(default_factory=lambda: {"web01": Standing("web01", "helene", ("n1",), T0)})
    waited: asyncio.Queue[float] = field(default_factory=asyncio.Queue)

    def __post_init__(self) -> None:
        rules = PhoneRules(frozenset({"web01", "web02"}), 3600 * S)
        self.go = asyncio.Event()
        self.desk = TelephoneDesk(
            rules, ADDRESS, lambda: self.pbx, lambda: self.standings, self.clock, self._wait  # type: ignore[arg-type,return-value]
        )

    @property
    def open(self) -> set[str]:
        """Posts at which somebody has a phone."""
        return {poste for poste, value in self.pbx.values.items() if json.loads(value)["sas_personne"]}

    async def _wait(self, _event: asyncio.Event, seconds: float) -> bool:
        self.waited.put_nowait(seconds)
        await self.go.wait()
        self.go.clear()
        return True

    async def turn(self) -> float:
        """Let it look once; how long it means to wait for the next."""
        self.go.set()
        return await self.waited.get()


@pytest.fixture
async def house() -> AsyncIterator[House]:
    made = House()
    task = asyncio.create_task(made.desk.run())
    await made.waited.get()
    yield made
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_each_opening_has_a_password_of_its_own_that_replaces_the_one_before(house: House) -> None:
    first = await house.desk.open("web01", "helene")
    second = await house.desk.open("web01", "helene")
    assert first.password != second.password == house.pbx.password("web01")
    assert (second.username, second.uri, second.ws) == ("web01", "sip:web01@pbx.example.fr", ADDRESS.ws)
    assert second.expires_at == T0 + 3600 * S


async def test_nobody_else_is_given_one_and_nothing_is_written(house: House) -> None:
    for poste, who in (("web01", "karim"), ("web02", "helene"), ("arm01", "helene")):
        with pytest.raises(PhoneRefusal):
            await house.desk.open(poste, who)
        with pytest.raises(PhoneRefusal):
            await house.desk.close(poste, who)
    assert house.open == set()


async def test_they_go_when_she_leaves_when_they_end_and_when_she_says_so(house: House) -> None:
    await house.desk.open("web01", "helene")
    assert await house.turn() == 300.0
    assert house.open == {"web01"}
    house.standings["web01"] = replace(house.standings["web01"], personne="karim")
    await house.turn()
    assert house.open == set()
    await house.desk.open("web01", "karim")
    house.clock.now += 3500 * S
    assert await house.turn() == 100.0
    house.clock.now += 100 * S
    await house.turn()
    assert house.open == set()
    opened = await house.desk.open("web01", "karim")
    await house.desk.close("web01", "karim")
    assert house.open == set()
    assert house.pbx.password("web01") != opened.password
    assert set(house.pbx.values) == {"web01", "web02"}, "closed, so that whoever tries is told nothing"
    house.pbx.values["web09"] = house.pbx.values["web02"]
    await house.turn()
    assert "web09" not in house.pbx.values


async def test_after_a_restart_those_that_somebody_holds_stay(house: House) -> None:
    await house.desk.open("web01", "helene")
    kept = house.pbx.password("web01")
    house.pbx.values["web02"] = "nonsense"
    again = House(pbx=house.pbx, standings=house.standings)
    task = asyncio.create_task(again.desk.run())
    await again.waited.get()
    await again.turn()
    task.cancel()
    assert json.loads(house.pbx.values["web02"])["sas_personne"] == ""
    assert house.open == {"web01"}
    assert house.pbx.password("web01") == kept


async def test_without_the_pbx_she_is_told_and_what_must_go_goes_later(house: House) -> None:
    await house.desk.open("web01", "helene")
    house.pbx.gone = True
    for act in (house.desk.open, house.desk.close):
        with pytest.raises(PhoneUnreachable):
            await act("web01", "helene")
    house.standings.clear()
    assert await house.turn() == 2.0, "tried again soon"
    house.pbx.gone = False
    await house.turn()
    assert house.open == set()
    house.pbx.state = LinkState.BACKING_OFF
    assert await house.turn() == 300.0, "the link says when it is back"
    house.desk.hooks.on_up(None)  # type: ignore[arg-type]


def test_the_address_is_the_site_s_or_the_pbx_s() -> None:
    site = load(CONFIG, {})
    assert phone_address(site).ws == "ws://127.0.0.1:8088/ws"
    assert phone_address(site).origin == "ws://127.0.0.1:8088"
    anywhere = with_pbx(site, http_bind="0.0.0.0", tls=None)
    assert phone_address(anywhere).ws == f"ws://{site.cti.pbx.host}:8088/ws"
    secure = with_pbx(site, tls=TlsSpec("/c", "/k", bind="192.0.2.7"))
    assert phone_address(secure).ws == "wss://192.0.2.7:8089/ws"
    said = site.cti.model_copy(update={"telephone": TelephoneSettings(adresse="wss://sas.example.fr/ws")})
    assert phone_address(replace(site, cti=said)).origin == "wss://sas.example.fr"


def test_turn_credentials_are_those_that_coturn_reads() -> None:
    settings = TelephoneSettings(stun=("stun:stun.example.fr",), turn=("turns:turn.example.fr",), turn_secret="s" * 16)
    stun, turn = ice_servers(settings, "web01", 1_797_408_000_123_456)
    assert stun == {"urls": ["stun:stun.example.fr"]}
    assert turn["username"] == "1797408000:web01"
    digest = hmac.new(b"s" * 16, b"1797408000:web01", hashlib.sha1).digest()
    assert base64.b64decode(turn["credential"]) == digest
    assert ice_servers(TelephoneSettings(), "web01", 0) == []
