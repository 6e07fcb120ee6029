"""The API against its own document: schemathesis asks every operation of the whole service everything the document allows, and
everything it forbids, and holds each answer to what the document says.

Three runs: somebody who may do everything, nobody at all, and (``CTI_CONTRACT_EXAMPLES=200``) as many examples of each operation
as one has time for. What is drawn is drawn from a fixed seed, which ``CTI_CONTRACT_SEED`` changes.
"""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import tomli_w

from tests.integration.contract_house import Contract, contract_house

pytestmark = pytest.mark.timeout(900)

_EXAMPLES = os.environ.get("CTI_CONTRACT_EXAMPLES", "4")
_SEED = os.environ.get("CTI_CONTRACT_SEED", "1")
_RULES = Path(__file__).with_name("contract_rules.py")
#: Every check of schemathesis is made, but these.
_LEFT_OUT = (
    # No parameter of ours is a header that must be there: `Authorization` is looked at by `ignored_auth`.
    "missing_required_header",
    # Two identities of one role, each with objects of its own. Calls, entries and holds belong to the centre and
    # not to whoever made them; what is one's own (a listening, a package, a desk) has its tests in `tests/unit/api`.
    "object_level_authorization",
)
#: What the document allows may still be refused, by the state of things (409, 410) or by a rule that JSON Schema cannot say
#: (422: a period that ends before it begins, a filière that the site has not). That such a 422 is no fault of form, the check
#: `refused_by_a_rule_only` sees to. 400 is never allowed.
_ACCEPTED = ["2xx", "3xx", "401", "403", "404", "409", "410", "422", "429", "503"]
#: 413: a body that is too long is refused before it is read, whatever it says. 410: the address is looked at first.
_REJECTED = ["400", "401", "403", "404", "405", "406", "409", "410", "413", "415", "422", "429", "503"]
#: Where a name of something that exists is put in most requests; else nearly all would meet a 404.
_NAMES = {
    "path.call_id": "calls", "path.piece_id": "pieces", "path.poste": "postes", "path.dossier": "dossiers", "path.id": "fiches",
    "path.export_id": "exports", "path.ecoute_id": "ecoutes", "query.poste": "postes",
}  # fmt: skip
_NAMES_OF: dict[str, dict[str, str]] = {
    "releaseHold": {"path.number": "gels"},
    "askTransfer": {"body.filiere": "filieres"},
    "hangUp": {"body.call_id": "calls", "body.poste": "postes"},
    "openPhone": {"body.poste": "postes"},
    "closePhone": {"body.poste": "postes"},
    "takePost": {"body.personne": "personnes"},
    "pausePost": {"body.motif": "motifs"},
    "placeCall": {"body.poste": "postes"},
}


async def test_the_api_does_what_its_document_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with contract_house(tmp_path / "site", monkeypatch) as house:
        bearer = {"Authorization": f"Bearer {house.token}"}
        # The document is for those who may sign in; what it says holds for nobody too.
        async with aiohttp.ClientSession() as client, client.get(f"{house.web}/api/openapi.json", headers=bearer) as document:
            (tmp_path / "openapi.json").write_bytes(await document.read())
        await _held_to_it(tmp_path, house, "-H", f"Authorization: {bearer['Authorization']}", "--phases", "coverage,fuzzing")
        await _held_to_it(tmp_path, house, "--phases", "fuzzing")
        said = {action["Action"] for action in house.pbx.actions}
        # Hanging up needs a call and the post that holds it, which few draws put together.
        assert {"Redirect", "Originate"} <= said, "acts came as far as the PBX"


async def _held_to_it(folder: Path, house: Contract, *options: str) -> None:
    """Run it in a process of its own; what it found is the message of the failure."""
    config = folder / "schemathesis.toml"
    config.write_text(tomli_w.dumps(_config(house)), encoding="utf-8")
    running = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("st"), "--config-file", config, "run", folder / "openapi.json", "--url", house.web,
        *options,
        "--max-examples", _EXAMPLES, "--seed", _SEED, "--exclude-checks", ",".join(_LEFT_OUT),
        "--continue-on-failure", "--no-color", "--output-sanitize", "false",
        cwd=folder, env={**os.environ, "SCHEMATHESIS_HOOKS": str(_RULES)}, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await running.communicate()
    told = said.decode("utf-8", "replace")
    assert running.returncode == 0, told
    assert "Selected: " in told, told


def _config(house: Contract) -> dict[str, Any]:
    return {
        "workers": 2,
        "request-timeout": 20,
        # A stream is read up to its first message, the picture: what follows comes by and by (`test_api_bandeau`).
        "max-stream-events": 1,
        "dictionaries": {name: {"values": list(values)} for name, values in house.known.items()},
        "parameters": _bound(_NAMES),
        "checks": {
            "positive_data_acceptance": {"expected-statuses": _ACCEPTED},
            "negative_data_rejection": {"expected-statuses": _REJECTED},
        },
        "operations": [{"include-operation-id": name, "parameters": _bound(of)} for name, of in _NAMES_OF.items()],
    }


def _bound(names: dict[str, str]) -> dict[str, Any]:
    return {where: {"dictionary": kind, "probability": 0.7} for where, kind in names.items()}
