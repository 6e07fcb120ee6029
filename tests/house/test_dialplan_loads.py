"""The repository's own dialplans/: current with config/, sound, and loaded by the real Asterisk without a complaint."""

import os
import re
import socket
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from cti.ami.dialplan import HAND_WRITTEN, SCRIPT, PbxSpec, TrunkSpec, check, pbx_spec, render, stale, write
from cti.sandbox.asterisk import SandboxAsterisk
from cti.sandbox.host.free import free_port
from cti.sandbox.machine import MachineSettings
from cti.sandbox.packages import FetchSettings, fetch

ROOT = Path(__file__).parents[2]
DIALPLANS = ROOT / "dialplans"


def shipped() -> PbxSpec:
    def table(name: str) -> dict[str, object]:
        return tomllib.loads((ROOT / "config" / name).read_text(encoding="utf-8"))

    names = ("pbx", "agents", "filieres", "flux", "crise", "effecteurs")
    return pbx_spec(*(table(f"{name}.toml") for name in names))


def test_dialplans_is_what_the_shipped_configuration_renders() -> None:
    assert stale(render(shipped()), DIALPLANS) == [], "run `cti dialplan --out dialplans`"


def test_dialplans_holds_nothing_else() -> None:
    known = {*render(shipped()), *HAND_WRITTEN, SCRIPT, "README.md"}
    assert {str(path.relative_to(DIALPLANS)) for path in DIALPLANS.rglob("*") if path.is_file()} <= known


def test_every_jump_lands() -> None:
    assert check(DIALPLANS) == []


@pytest.mark.pbx
async def test_the_real_asterisk_loads_it_without_a_complaint(tmp_path: Path) -> None:
    spec = shipped()
    here = replace(
        spec,
        trunks=(TrunkSpec("operateur", ("192.0.2.10",), "sip:operateur@192.0.2.10"),),
        ami=replace(spec.ami, port=free_port()),
        sip_bind="127.0.0.1",
        sip_port=free_port(socket.SOCK_DGRAM),
        http_port=free_port(),
        qualify_seconds=0,
    )
    write(here, tmp_path / "telephony", DIALPLANS)
    install = fetch(FetchSettings.from_environ(os.environ))
    settings = MachineSettings(agi_dir=tmp_path / "telephony" / "agi-bin")
    async with SandboxAsterisk(install, tmp_path / "telephony", tmp_path / "run", settings) as pbx:
        assert pbx.problems() == []
        assert missing_extensions(tmp_path / "telephony", await pbx.rx("dialplan show")) == []
        queues = await pbx.rx("queue show")
        assert [filiere.queue for filiere in here.filieres if f"{filiere.queue} has 0 calls" not in queues] == []
        endpoints = await pbx.rx("pjsip show endpoints")
        assert [agent.endpoint for agent in here.agents if agent.endpoint not in endpoints] == []
        features = await pbx.rx("features show")
        assert [filiere.touche for filiere in here.filieres if filiere.touche not in features] == []
        users = await pbx.rx("manager show users")
        assert {"cti-events", "cti-actions"} <= set(users.split())


def missing_extensions(folder: Path, shown: str) -> list[str]:
    """The contexts and extensions of our files that Asterisk does not show."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in folder.glob("extensions*.conf"))
    contexts = set(re.findall(r"^\[(sas-[a-z-]+)\]", text, re.MULTILINE))
    extensions = set(re.findall(r"^exten => ([^,]+),", text, re.MULTILINE))
    assert len(contexts) > 12
    assert len(extensions) > 60
    return [name for name in contexts if f"Context '{name}'" not in shown] + [
        name for name in extensions if f"'{name}' =>" not in shown
    ]
