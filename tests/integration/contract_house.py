"""The whole service before a PBX that speaks bytes: real store, real archive, calls that are over and calls under way.

Only the PBX is a fake, because a test that asks for everything at random must not call anybody; and who is refused at the door is
not made to wait, because a thousand wrong tokens would be waited for one after the other.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bench.memory import FakePbx, fake_pbx, point_at
from bench.scene.recorded import Call, Copier
from cti.ami.recorded import read_session
from cti.archive.worker import pieces_of
from cti.bootstrap import service as service_room
from cti.bootstrap.access import accounts
from cti.bootstrap.clock import now
from cti.bootstrap.keeping.opening import archiver_of
from cti.bootstrap.keeping.sandboxed import archive_of_its_own
from cti.bootstrap.sandbox import Site, make_site
from cti.journey import Journey
from cti.journey.around.access import SCREENS, AccessRole
from cti.journey.ledger import Batch
from cti.sandbox.people.staff import Phone
from cti.settings import Settings, load
from cti.store import open_store
from tests.fakes.astdb import FAMILY, AstDb
from tests.fakes.asterisk import Action, event, listing, response
from tests.fakes.voice_room import S, call, stage
from tests.unit.archive.voices_kept import tone, wav

ROOT = Path(__file__).parents[2]
SITE_TOKEN = "un-jeton-assez-long-pour-garder"
#: Everything but screens, which may do less than anybody.
EVERY_ROLE = tuple(role.value for role in AccessRole if role not in SCREENS)
_PHONES = tuple(Phone(f"arm0{n}", f"Agent {n}", "arm_n1", ("n1", "amu"), f"sip:arm0{n}@127.0.0.1:9") for n in (1, 2, 3))
_STAMP = re.compile(rb"\r\nTimestamp: (\d+)\.(\d{6})")
#: What the service may ask of it, and is told to be done.
_TAKEN = (
    "Redirect", "Setvar", "Hangup", "QueueAdd", "QueueRemove", "QueuePause", "DBPut", "DBDel", "Atxfer",
    "Bridge", "BlindTransfer", "CancelAtxfer", "UserEvent", "MuteAudio",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Contract:
    """A service that answers, what stands behind it and what is known of it."""

    site: Site
    settings: Settings
    pbx: FakePbx
    web: str
    token: str
    known: Mapping[str, Sequence[str]]  #: names of what there is, by kind


async def _no_pause(_seconds: float) -> None:
    return None


@asynccontextmanager
async def contract_house(folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Contract]:
    """All of it, until the block ends."""
    async with fake_pbx() as pbx:
        for action in _TAKEN:
            pbx.on(action, response)
        _keeps_phones(pbx)
        site = make_site(ROOT / "config", folder, _PHONES, changes=_changes(folder))
        point_at(site, pbx)
        settings = load(site.config, {"CTI_HTTP_TOKEN": SITE_TOKEN})
        token = await asyncio.to_thread(_fill, site, settings)
        monkeypatch.setattr(service_room, "build_app", partial(service_room.build_app, pause=_no_pause))
        service = service_room.Service(settings)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(service.run())
            ready = tasks.create_task(service.ready.wait())
            await asyncio.wait((running, ready), return_when=asyncio.FIRST_COMPLETED)
            try:
                async with aiohttp.ClientSession(site.web, headers={"Authorization": f"Bearer {token}"}) as http:
                    known = await _lived_in(pbx, http)
                yield Contract(site, settings, pbx, site.web, token, known)
            finally:
                service.stop()


def _keeps_phones(pbx: FakePbx) -> None:
    """It keeps the credentials of browser phones, as our dialplan does for the asking (`sas-acces`)."""
    database = AstDb()

    def originate(action: Action) -> bytes:
        if action.get("Context") == "sas-acces":
            database.do_originate({**action, "Variable": action["Variable"].split("\n")})
        return response(action)

    def held(action: Action) -> bytes:
        value = database.values.get(action["Key"])
        if value is None:
            return response(action, "Message: Database entry not found", status="Error")
        rows = [event("DBGetResponse", f"Family: {FAMILY}", f"Key: {action['Key']}", f"Val: {value}")]
        return listing(action, rows, "DBGetComplete")

    pbx.on("Originate", originate)
    pbx.on("DBGet", held)
    pbx.on("DBGetTree", lambda action: response(action, "Message: Database entry not found", status="Error"))


def _changes(folder: Path) -> dict[str, dict[str, Any]]:
    people = {"helene": {"nom": "Hélène L'Hôpital", "role": "arm_n1", "filieres": ["n1", "amu"], "numero": "901"}}
    posts = {"web01": {"nom": "Poste web 1", "fixe": False, "webrtc": True, "poste": "1901"}}
    archive = archive_of_its_own(folder) | {"travail": {"repos_seconds": 0.0}}
    return {"agents": {"agents": posts, "personnes": people}, "archive": archive}


def _fill(site: Site, settings: Settings) -> str:
    """Accounts and calls that are over; the token of somebody who may do everything."""
    at = now()
    accounts.add(settings, "toute.puissance", EVERY_ROLE, "helene", "test", at)
    token, _ = accounts.give_token(settings, "toute.puissance", None, "test", at)
    store = open_store(settings.database_url)
    try:
        archiver = archiver_of(settings, store, site.recordings)
        for number in (1, 2):
            journey = _long_ago(call(f"ended-{number}", stage("n1", "arm01", 0, 3)), number)
            for suffix, hertz in (("caller", 440), ("agents", 600)):
                path = site.recordings / f"{journey.recordings[0].stem}-{suffix}.wav"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(wav(tone(3000, hertz)))
            store.commit(Batch(journeys=(journey,)))
            archiver.take(journey, pieces_of(journey)[0])
    finally:
        store.close()
    return token


def _long_ago(journey: Journey, number: int) -> Journey:
    return replace(journey, dossier_ref=f"2026-350-{number:06d}", dossier_id=f"d-{number}")


async def _lived_in(pbx: FakePbx, http: aiohttp.ClientSession) -> dict[str, list[str]]:
    """One of everything that has a name, made by the API itself; the names."""
    await _ask(http, "/api/v1/agents/web01/prise", personne="helene")
    talks = ("answered_agent_hangs_up", b"Event: BridgeLeave\r\n")
    living = await _call_in(pbx, http, 1, *talks, "/api/v1/calls", "calls", "call_id")
    lost = await _call_in(pbx, http, 2, "abandon_in_queue", b"never", "/api/v1/rappels", "entries", "id")
    why = {"reference": "PV 2026/12", "demandeur": "OPJ Durand"}
    hold = await _ask(http, "/api/v1/gels", appel="ended-1", motif="requisition", raison="enquête", **why)
    handed = await _ask(http, "/api/v1/exports", call_id="ended-1", motif="enquête", **why)
    heard = await _ask(http, "/api/v1/enregistrements/ended-1/ecoutes", motif="revue")
    return {
        "calls": ["ended-1", living],
        "pieces": ["ended-1", "ended-2"],
        "dossiers": ["2026-350-000001"],
        "postes": ["web01", "arm01"],
        "filieres": ["n1", "amu"],
        "personnes": ["helene"],
        "motifs": ["repas"],
        "fiches": [lost],
        "gels": [str(hold["number"])],
        "exports": [handed["export_id"]],
        "ecoutes": [heard["ecoute_id"]],
    }


async def _ask(http: aiohttp.ClientSession, path: str, **body: str) -> dict[str, Any]:
    async with http.post(path, json=body) as answer:
        assert answer.status < 300, await answer.text()
        told: dict[str, Any] = await answer.json()
        return told


async def _call_in(
    pbx: FakePbx, http: aiohttp.ClientSession, number: int, story: str, until: bytes, path: str, rows: str, name: str
) -> str:
    """A caller comes in as he was once recorded, up to a frame; his name once the API has it. ``number``: tells callers apart."""
    frames = [record.frame_bytes for record in read_session(ROOT / "tests" / "scenarios" / story / "session.ami")]
    first = next((index for index, block in enumerate(frames) if block.startswith(until)), len(frames))
    told = [(int(stamp[1] + stamp[2]), block) for block in frames[:first] if (stamp := _STAMP.search(block)) is not None]
    call_of = Call(tuple((at - told[0][0], block.replace(b"arm01", b"web01")) for at, block in told))
    for _, block in Copier((call_of,), first=number).copy(now() - 30 * S):
        await pbx.tell(block)
    async with asyncio.timeout(20):
        while True:
            async with http.get(path) as answer:
                found = [one[name] for one in (await answer.json())[rows] if not str(one[name]).startswith("ended-")]
            if found:
                return str(found[0])
            await asyncio.sleep(0.05)
