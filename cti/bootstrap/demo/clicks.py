"""The people who transfer from their screen: some conversations that nobody ends are passed on through the service's API."""

import asyncio
from datetime import datetime
from random import Random
from typing import Any

import aiohttp

from cti.bootstrap.clock import now
from cti.bootstrap.demo.process import get_json
from cti.bootstrap.sandbox import Site
from cti.journey.words import from_datetime

#: Where an ARM of the front office sends callers, and how often.
_TARGETS = ("amu", "mg")
_WEIGHTS = (55, 45)


class Clicks:
    """Looks at the board as a person would, and presses « AMU » or « MG » when a front-office talk has lasted long enough."""

    def __init__(self, site: Site, seed: int, pace: float) -> None:
        self._site = site
        self._chance = Random(f"{seed}/clicks")
        self._patience_us = int(45_000_000 * pace)
        self._pressed: set[str] = set()

    async def run(self, http: aiohttp.ClientSession) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(0.5)
            board = await get_json(http, f"{self._site.web}/api/v1/board")
            for call in (board or {}).get("calls", {}).values():
                if self._is_due(call):
                    await self._press(http, call)

    def _is_due(self, call: dict[str, Any]) -> bool:
        if call["state"] != "talking" or call["filiere"] != "n1" or call["call_id"] in self._pressed:
            return False
        return now() - instant_of(call["since"]) > self._patience_us

    async def _press(self, http: aiohttp.ClientSession, call: dict[str, Any]) -> None:
        self._pressed.add(call["call_id"])
        target = self._chance.choices(_TARGETS, _WEIGHTS)[0]
        agent = (call["agents"] or ["ecran"])[0]
        url = f"{self._site.web}/api/v1/calls/{call['call_id']}/transfer"
        try:
            async with http.post(url, json={"filiere": target, "by": agent}, timeout=aiohttp.ClientTimeout(total=5)):
                pass
        except (aiohttp.ClientError, TimeoutError):
            self._pressed.discard(call["call_id"])


def instant_of(text: str) -> int:
    """The instant of an ISO text of the API."""
    return from_datetime(datetime.fromisoformat(text))
