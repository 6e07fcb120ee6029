"""The credentials of browser phones, in AstDB, where chan_pjsip reads them at each request (`dialplan.browser.sorcery_conf`).

AMI has ``DBPut`` for the class ``system`` alone, which equals a shell, and refuses to write ``DB()`` by ``Setvar`` without it.
So an extension of ours does it (`sas-acces`), run by an Originate to it, which our login may ask for; what became of it
is then read (``DBGet``, class ``reporting``). The value is the JSON of a sorcery object of type ``auth``. Whose it is and until
when stands in the same value, in fields that sorcery drops: one write, and nothing else to remember. AstDB outlives Asterisk and
this service.

Theory of the digest: Asterisk needs the password, or its hash with the realm, which opens as much; so the password stands there
as it is, random, and for a few hours.
"""

import asyncio
import base64
import json
import re
from collections.abc import Awaitable, Callable
from typing import Final

from cti.ami.actions import Ask, PbxActions
from cti.ami.answers import ActionFailed, ActionTimeout, UnsafeValue
from cti.ami.dialplan.browser import CREDENTIALS
from cti.journey import AgentId
from cti.journey.around.telephone import Credential

_FAMILY: Final = f"{CREDENTIALS}/auth"
_CONTEXT: Final = "sas-acces"
_POSTE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")
_PASSWORD: Final = re.compile(r"[A-Za-z0-9_-]{20,128}")
#: Between two looks at what became of it; it takes some milliseconds.
_LOOK_SECONDS: Final = 0.02
_LOOKS: Final = 100

#: Whoever a credential belongs to that cannot be read: nobody who could sit anywhere.
_UNREADABLE: Final = "?"

Pause = Callable[[float], Awaitable[None]]


class CredentialBook:
    """Writes, removes and lists them.

    Args:
        ask: `AmiLink.ask` of the actions login.

    Each method raises `AmiError`: refused, not done in time, or no link.
    """

    def __init__(self, ask: Ask, *, pause: Pause = asyncio.sleep, act_seconds: float = 2.0) -> None:
        self._ask = ask
        self._pause = pause
        self._act_seconds = act_seconds

    async def write(self, one: Credential, password: str) -> None:
        """From now on this password, and no other, opens the phone of this post."""
        if not _PASSWORD.fullmatch(password):
            raise UnsafeValue("a password of a browser phone is made of letters, digits, - and _")
        value = json.dumps(
            {
                "auth_type": "userpass",
                "username": one.poste,
                "password": password,
                "sas_personne": one.personne,
                "sas_depuis": str(one.since),
                "sas_jusqua": str(one.until),
            }
        )
        sealed = base64.b64encode(value.encode()).decode("ascii")
        await self._run("donner", one.poste, {"SAS_ACCES": sealed})
        await self._until(one.poste, value)

    async def close(self, poste: AgentId, password: str) -> None:
        """Nobody's phone from now on: the password, random, is to be forgotten by whoever asks.

        Without any credential Asterisk would answer a registration with 500 and log a fault; with one of nobody it refuses it
        as it refuses a wrong password, and the security log says so.
        """
        await self.write(Credential(poste, "", 0, 0), password)

    async def remove(self, poste: AgentId) -> None:
        """The PBX forgets a post that is not in a browser any more."""
        await self._run("retirer", poste, {})
        await self._until(poste, None)

    async def out(self) -> tuple[Credential, ...]:
        """All that the PBX accepts now; what cannot be read counts as one that is over."""
        try:
            answer = await self._ask("DBGetTree", {"Family": _FAMILY}, deadline_seconds=self._act_seconds)
        except ActionFailed as refusal:
            if "not found" in refusal.message:
                return ()
            raise
        rows = [row for row in answer.rows if row.event == "DBGetTreeResponse"]
        return tuple(_read(row.get("Key", "").rpartition("/")[2], row.get("Val", "")) for row in rows)

    async def _run(self, extension: str, poste: AgentId, variables: dict[str, str]) -> None:
        if not _POSTE.fullmatch(poste):
            raise UnsafeValue(f"{poste!r} is no endpoint")
        actions = PbxActions(self._ask, act_seconds=self._act_seconds)
        held = f"Local/tenir@{_CONTEXT}/n"
        await actions.originate(held, _CONTEXT, extension, ring_ms=2_000, variables={"SAS_POSTE": poste, **variables})

    async def _until(self, poste: AgentId, value: str | None) -> None:
        for _ in range(_LOOKS):
            if await self._held(poste) == value:
                return
            await self._pause(_LOOK_SECONDS)
        raise ActionTimeout(f"the PBX did not change what opens the phone of {poste}")

    async def _held(self, poste: AgentId) -> str | None:
        try:
            answer = await self._ask("DBGet", {"Family": _FAMILY, "Key": poste}, deadline_seconds=self._act_seconds)
        except ActionFailed as refusal:
            if "not found" in refusal.message:
                return None
            raise
        return next((row.get("Val", "") for row in answer.rows if row.event == "DBGetResponse"), None)


def _read(poste: AgentId, value: str) -> Credential:
    try:
        told = json.loads(value)
        return Credential(poste, str(told["sas_personne"]), int(told["sas_depuis"]), int(told["sas_jusqua"]))
    except (ValueError, KeyError, TypeError):
        return Credential(poste, _UNREADABLE, 0, 0)
