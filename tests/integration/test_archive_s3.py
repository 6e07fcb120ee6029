"""The archive in an S3 service: the same steps, the same refusals. The service is moto's, in this process."""

import logging
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from cti.archive.rewrap import Rewrapper
from cti.archive.sealing.keys import Sealer
from cti.archive.stores import Shelf, ShelfTrouble, open_shelf
from cti.archive.storing import Conflict
from cti.archive.verify import verify
from cti.archive.worker import pieces_of
from cti.journey.around.voice import VoiceState
from cti.sandbox.host.free import free_port
from tests.unit.archive.voices_kept import PIECE, STEM, FailingShelf, House, Killed, answered, house

moto = pytest.importorskip("moto.server", reason="moto[server] is not installed: no S3 service to try")


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    """Address of a service with one bucket."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=free_port(), verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    urllib.request.urlopen(urllib.request.Request(f"{address}/voix", method="PUT")).close()
    yield address
    server.stop()


@pytest.fixture
def shelf(service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "someone")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "something")
    made = open_shelf(f"s3://voix/{tmp_path.name}", {"endpoint": service, "region": "us-east-1"})
    made.put("probe", b"1")
    if made.put("probe", b"2"):
        pytest.skip("this moto knows no conditional put: it cannot be an archive")
    made.remove("probe")
    return made


@pytest.fixture
def kept(shelf: Shelf, tmp_path: Path) -> Iterator[House]:
    made = house(tmp_path / "house", shelf)
    yield made
    made.store.close()


def take(kept: House, shelf: Shelf | None = None) -> VoiceState:
    journey = answered(STEM)
    return kept.archiver(shelf).take(journey, pieces_of(journey)[0]).state


def test_a_piece_goes_in_and_is_read_back(kept: House) -> None:
    kept.record()
    assert take(kept) is VoiceState.ARCHIVED
    assert kept.plain() == []
    assert [one.name for one in kept.objects()] == [
        f"2026/12/16/{PIECE}{ending}" for ending in (".flac.age", ".json.age", ".manifest.json")
    ]
    assert list(verify(kept.store.pieces.all(), kept.shelf, kept.offline)) == []
    anew = Rewrapper(kept.store.pieces, kept.shelf, Sealer((kept.opener.recipient,)), kept.opener, kept.clock)
    assert anew(kept.piece())
    assert list(verify(kept.store.pieces.all(), kept.shelf, kept.opener)) == []
    assert len(kept.objects()) == 3


@pytest.mark.parametrize("step", [2, 3, 4, 6])
def test_a_death_on_the_way_is_made_good(kept: House, step: int) -> None:
    kept.record()
    with pytest.raises(Killed):
        take(kept, FailingShelf(kept.shelf, step, after=True))
    assert len(kept.plain()) == 2
    assert take(kept) is VoiceState.ARCHIVED
    assert list(verify(kept.store.pieces.all(), kept.shelf, kept.opener)) == []


def test_nothing_is_overwritten(kept: House) -> None:
    kept.record()
    name = f"2026/12/16/{PIECE}.flac.age"
    kept.shelf.put(name, b"of another time")
    with pytest.raises(Conflict):
        take(kept)
    assert kept.shelf.get(name) == b"of another time"


def test_a_service_that_is_not_there_is_said(tmp_path: Path) -> None:
    away = open_shelf("s3://voix/x", {"endpoint": f"http://127.0.0.1:{free_port()}", "region": "us-east-1"}, retries=0)
    with pytest.raises(ShelfTrouble, match="magasin de l'archive"):
        away.get("anything")
