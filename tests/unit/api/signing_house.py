"""What the tests of signing in share: a password, tries, what a browser shows."""

from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient

from cti.bootstrap.access.hashing import Hashing
from cti.journey.around.access import AccessRole, Trace
from tests.fakes.access import QUICK
from tests.fakes.room import T0, Doubles, S

SITE = "un-jeton-assez-long-pour-garder"
PASSWORD = "le chat dort sur le toit"
WRONG = "le chien dort sur le toit"
PATH = "/api/v1/session"
MINUTE = 60 * S
HASHED = Hashing(QUICK).made(PASSWORD)


class Waits:
    """How long each answer was made to wait."""

    def __init__(self) -> None:
        self.asked: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.asked.append(seconds)


def account(doubles: Doubles) -> str:
    """An account with a password, tied to a person of the room."""
    doubles.accounts.give("anne.petit", AccessRole.MRU, AccessRole.QUALITE, personne="mru01")
    doubles.recognised.recognise("anne.petit", hash=HASHED, hashed_at=T0)
    return "anne.petit"


async def tries(client: TestClient, name: str, password: str = PASSWORD, **more: str) -> ClientResponse:
    return await client.post(PATH, json={"compte": name, "mot_de_passe": password, **more})


def shown(response: ClientResponse) -> dict[str, str]:
    return {"Cookie": f"cti_session={response.cookies['cti_session'].value}"}


async def signed_in(client: TestClient, name: str, **more: str) -> tuple[dict[str, str], dict[str, str]]:
    """What a page shows to read, and to change something."""
    response = await tries(client, name, **more)
    assert response.status == 200, await response.text()
    cookie = shown(response)
    return cookie, {**cookie, "X-CSRF-Token": (await response.json())["csrf"]}


def last(doubles: Doubles) -> Trace:
    found = doubles.traces.last()
    assert found is not None
    return found
