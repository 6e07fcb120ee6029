"""Twenty agents in mixed states through kill -9 of the service, of Asterisk, and of both (complaint 17 of our peers).

Afterwards the PBX, the board and the database say the same, what people did on their phones meanwhile counts, and calls in
progress have not noticed the death of the service.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from cti.journey.around.duty import MISSING_REASON, WRAPUP_REASON
from tests.integration.duty_scene import Room, room
from tests.scenarios.people import answers, never_answers

pytestmark = [pytest.mark.pbx, pytest.mark.timeout(280)]

ALL = ["n1", "amu", "mru", "mg", "mrg"]
#: Posts by what their people will be doing, and the filières they serve.
FREE = {"f01": ["mg"], "f02": ["mg", "mrg"], "f03": ["mrg"], "f04": ["mg"]}
TALKS = {"t01": ["n1"], "t02": ["amu"], "t03": ["mru"]}
PAUSED = {"p01": ["n1"], "p02": ["n1", "amu"], "p03": ["amu"]}
REASONS = {"p01": "repas", "p02": "formation", "p03": "autre : visite de la salle"}
WRAPS = {"w01": ["n1"], "w02": ["mru"]}
WITHDRAWN = {"r01": ["n1"], "r02": ["n1", "mru"]}
GONE = ("g01", "g02")
#: Posts whose phone the PBX does not know: they are offered nothing until it does (decision 0040).
UNPLUGGED = {"u01": ["n1"], "u02": ["mru"]}
NOT_READY = "pas prêt : téléphone non enregistré"
FIXED = {"x01": ("mrg",), "x02": ("mrg",)}
POSTS = [*FREE, *TALKS, *PAUSED, *WRAPS, *WITHDRAWN, *GONE, *UNPLUGGED]
Held = dict[tuple[str, str], str | None]


async def test_twenty_agents_in_mixed_states(tmp_path: Path) -> None:
    long = {code: {"ring_seconds": 5, "attente_max_seconds": 20, "wrapup_seconds": 240} for code in ("n1", "mru")}
    # A phone that registers and has not: the PBX cannot reach it.
    unplugged = {name: {"contact": None, "password": f"secret-of-{name}"} for name in UNPLUGGED}
    posts = {name: {"fixe": False, "poste": str(1100 + n), **unplugged.get(name, {})} for n, name in enumerate(POSTS)}
    doctor = {"role": "mru", "filieres": ALL}
    people = {f"d_{name}": {**doctor, "nom": f"Dr {name}", "numero": str(2000 + n)} for n, name in enumerate(POSTS)}
    changes = {"filieres": {"filieres": long}, "agents": {"agents": posts, "personnes": people}}
    async with room(tmp_path, dict.fromkeys(POSTS, ""), FIXED, changes, people) as sas:
        expected = await mixed_states(sas)
        await agree(sas, expected)
        talks = await voices(sas)
        assert len(talks) == 6, "three callers with three agents"

        await sas.service.kill()
        await sas.dial("f01", "*53")
        await sas.dial("p01", "*54")
        await sas.dial("f03", "*52")
        await sas.pbx.rx("queue remove member PJSIP/f04 from sas-mg")
        await sas.service.start()
        expected = {**expected, ("mg", "f01"): "repas", ("n1", "p01"): None}
        del expected["mrg", "f03"]
        await agree(sas, expected)
        assert await voices(sas) == talks, "no call noticed"

        await sas.pbx.kill()
        await sas.pbx.start()
        await sas.service.ready()
        await agree(sas, expected, talking=False)

        await sas.dial("f02", "*533")
        await sas.service.kill()
        await sas.dial("p02", "*54")
        await sas.pbx.kill()
        await sas.pbx.start()
        await sas.service.start()
        expected |= {("mg", "f02"): "formation", ("mrg", "f02"): "formation", ("n1", "p02"): None, ("amu", "p02"): None}
        await agree(sas, expected, talking=False)


async def mixed_states(sas: Room) -> Held:
    """Bring the room into them; what the PBX must hold then."""
    for poste, filieres in WITHDRAWN.items():
        await take(sas, poste, filieres)
        await sas.sits(poste, never_answers(poste))
    caller = await sas.phone_call("", "15")
    for poste in WITHDRAWN:
        await sas.until_alarm(f"ne_repond_pas:{poste}", 40)
    await caller.stop()
    for poste, number in (("w01", "15"), ("w02", "9118")):
        await take(sas, poste, WRAPS[poste])
        await sas.sits(poste, answers(poste, sas.tone, 200))
        await (await sas.phone_call("", number, hangs_up_after_ms=4000)).wait(20)
    for poste, number in (("t01", "15"), ("t02", "18"), ("t03", "9118")):
        await take(sas, poste, TALKS[poste])
        await sas.sits(poste, answers(poste, sas.tone, 200))
        await sas.phone_call("", number)
        await sas.until("AgentConnect", Interface=f"PJSIP/{poste}")
    for poste, filieres in {**FREE, **PAUSED, **UNPLUGGED, **{poste: ["amu"] for poste in GONE}}.items():
        await take(sas, poste, filieres)
    for poste in GONE:
        await sas.act(poste, "fin")
    await sas.act("p01", "pause", motif="repas")
    await sas.act("p02", "pause", motif="formation")
    await sas.act("p03", "pause", motif="autre", texte="visite de la salle")
    await sas.act("x02", "pause", motif="administratif")
    reasons: dict[str, str | None] = {
        **REASONS, **dict.fromkeys(WRAPS, WRAPUP_REASON), **dict.fromkeys(WITHDRAWN, MISSING_REASON),
        **dict.fromkeys(UNPLUGGED, NOT_READY), "x02": "administratif",
    }  # fmt: skip
    served = {**FREE, **TALKS, **PAUSED, **WRAPS, **WITHDRAWN, **UNPLUGGED, **FIXED}
    return {(filiere, poste): reasons.get(poste) for poste, filieres in served.items() for filiere in filieres}


async def take(sas: Room, poste: str, filieres: list[str]) -> None:
    assert (await sas.act(poste, "prise", personne=f"d_{poste}", filieres=filieres))["followed"]


async def agree(sas: Room, expected: Held, *, talking: bool = True) -> None:
    """PBX, board and journal say the same; nobody talks with a caller of a PBX that died (complaint 20)."""
    emergency = {(f"{filiere}-p0", poste): reason for (filiere, poste), reason in expected.items() if filiere == "mru"}
    await sas.until_held(expected | emergency, 20)  # who serves a filière with P0 is in its second queue, paused there too
    posts = {one["poste"]: one for one in (await sas.ask("agents"))["posts"]}
    journal = {(f, name): one["reason"] or None for name, one in posts.items() for f in one["filieres"]}
    # That a phone is not there is nobody's act.
    assert journal == {(f, name): None if name in UNPLUGGED else reason for (f, name), reason in expected.items()}
    board = await sas.until_board(lambda told: shown(told["agents"]).keys() == expected.keys())
    for (filiere, poste), seat in shown(board["agents"]).items():
        wanted = presence(poste, expected[filiere, poste], talking=talking)
        assert seat["presence"] == wanted, (poste, filiere, seat)
        if seat["presence"] in ("paused", "wrapup"):
            assert seat["reason"] == expected[filiere, poste]


def shown(agents: Mapping[str, Any]) -> dict[tuple[str, str], Any]:
    return {(filiere, poste): seat for poste, one in agents.items() for filiere, seat in one["filieres"].items()}


def presence(poste: str, reason: str | None, *, talking: bool) -> str:
    if poste in UNPLUGGED:
        return "unreachable"
    if reason is not None:
        return "wrapup" if reason == WRAPUP_REASON else "paused"
    return "talking" if talking and poste in TALKS else "free"


async def voices(sas: Room) -> set[str]:
    """Channels that talk now: callers and agents."""
    return {row.uniqueid for row in await sas.actions.status() if row.bridge_id}
