"""A listening that a session opened dies with it; the session opens what the table of the voice gives its roles."""

from aiohttp.test_utils import TestClient

from cti.access.chain import link
from cti.bootstrap.access.keys import token_key
from cti.bootstrap.access.sessions import Sessions, came_in
from cti.journey.around.access import Means
from tests.fakes.voice_room import VoiceRoom, call, stage


def signed_in(voices: VoiceRoom, name: str) -> dict[str, str]:
    """What the page of a person who just signed in shows."""
    sessions = Sessions(voices.settings.access.sign_in, lambda: token_key(voices.settings), voices.store.signing, voices.clock)
    cookie, session = sessions.made(name, "127.0.0.1", Means.PASSWORD, voices.clock())
    user = voices.store.accounts.users()[name]
    entry = came_in(session, user)
    assert voices.store.signing.open(session, lambda last: link(last, entry))
    return {
        "Cookie": f"cti_session={cookie}",
        "X-CSRF-Token": sessions.as_known(session, user, cookie).csrf,
    }


async def test_a_listening_lives_as_long_as_the_session_that_opened_it(ear: TestClient, voices: VoiceRoom) -> None:
    voices.tell(call("c1", stage("n1", "arm01", 0, 3)))
    voices.record("2026/12/16/c1")
    voices.account("camille", "arm_n1", personne="arm01")
    shown = signed_in(voices, "camille")
    assert (await ear.post("/api/v1/enregistrements/c1/ecoutes", json={}, headers={"Cookie": shown["Cookie"]})).status == 403
    opened = await ear.post("/api/v1/enregistrements/c1/ecoutes", json={}, headers=shown)
    assert opened.status == 201, await opened.text()
    (name, ticket), *_ = opened.cookies.items()
    address = (await opened.json())["audio"].split("?")[0]
    heard = await ear.get(address, headers={"Cookie": f"{name}={ticket.value}"})
    assert heard.status in (200, 206)
    assert (await ear.delete("/api/v1/session", headers=shown)).status == 204
    after = await ear.get(address, headers={"Cookie": f"{name}={ticket.value}"})
    assert after.status in (401, 403, 410), await after.text()
