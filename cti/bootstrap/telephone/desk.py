"""Gives and takes back the credentials of browser phones, and makes the PBX forget those that nobody holds any more.

The PBX's AstDB is the memory: after a restart of ours it is read, so that a phone that is registered stays registered and one
whose person has left meanwhile is put out. A restart of Asterisk keeps AstDB. Should it be lost, the page is refused, asks again
and is given new ones.
"""

import asyncio
import secrets
from collections.abc import Callable, Mapping
from typing import Final

import structlog

from cti.agents.duty import Standing
from cti.agents.telephone import PhoneRules, credential, require_hers, superfluous, unclosed
from cti.ami.connection import AmiLink, LinkHooks, LinkState, Wait
from cti.ami.credentials import CredentialBook
from cti.ami.dialplan.browser import ECHO
from cti.ami.frames import AmiError
from cti.api.telephone_port import Opened, PhoneUnreachable
from cti.bootstrap.telephone.address import PhoneAddress
from cti.journey import AgentId, Instant
from cti.journey.around.duty import PersonId

log = structlog.get_logger(__name__)

#: The longest time between two looks at what is out (seconds).
ROUND_SECONDS: Final = 300.0
_RETRY_SECONDS: Final = 2.0
_SECOND_US: Final = 1_000_000


class TelephoneDesk:
    """The phones of pages. Lives in the event loop's thread."""

    def __init__(
        self,
        rules: PhoneRules,
        address: PhoneAddress,
        link: Callable[[], AmiLink],
        standings: Callable[[], Mapping[AgentId, Standing]],
        clock: Callable[[], Instant],
        wait: Wait,
    ) -> None:
        self._rules = rules
        self._address = address
        self._link = link
        self._standings = standings
        self._clock, self._wait = clock, wait
        self._wake = asyncio.Event()
        #: A look at what is out and a new credential never overlap.
        self._turn = asyncio.Lock()
        self._next_end: Instant | None = None
        self._failed = False

    # --- what a page asks ------------------------------------------------------------------------------------------------

    async def open(self, poste: AgentId, who: PersonId) -> Opened:
        """Credentials for a while; those given before open nothing any more.

        Raises:
            PhoneRefusal: no such post, nobody there, or somebody else.
            PhoneUnreachable: the PBX was not told.
        """
        password = _password()
        async with self._turn:
            given = credential(require_hers(poste, who, self._standings(), self._rules), self._rules, self._clock())
            try:
                await self._book().write(given, password)
            except AmiError as trouble:
                self._again()
                raise PhoneUnreachable(f"phone of {poste} not opened: {trouble}") from trouble
        self.stir()  # she may have left while the PBX was told
        log.info("phone_opened", poste=poste, personne=who)
        return Opened(
            poste=poste,
            uri=self._address.uri(poste),
            ws=self._address.ws,
            username=poste,
            password=password,
            expires_at=given.until,
            ice_servers=self._address.ice(poste, given.until),
            relay_only=self._address.settings.relais_seul,
            echo=ECHO,
        )

    async def close(self, poste: AgentId, who: PersonId) -> None:
        """Take them back.

        Raises:
            PhoneRefusal: no such post, nobody there, or somebody else.
            PhoneUnreachable: the PBX was not told.
        """
        async with self._turn:
            require_hers(poste, who, self._standings(), self._rules)
            try:
                await self._book().close(poste, _password())
            except AmiError as trouble:
                raise PhoneUnreachable(f"phone of {poste} not closed: {trouble}") from trouble
        log.info("phone_closed", poste=poste, personne=who)

    # --- what happens by itself --------------------------------------------------------------------------------------------

    def stir(self) -> None:
        """The standings changed."""
        self._wake.set()

    @property
    def hooks(self) -> LinkHooks:
        """What the actions link tells: after each connection, all that is out is looked at."""
        return LinkHooks(on_frame=lambda frame: None, on_up=lambda info: self.stir())

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._wait(self._wake, self._patience())
            self._wake.clear()
            if not self._rules.posts or self._link().state is not LinkState.UP:
                self._failed = False  # the link says when it is up
                continue
            try:
                await self._sweep()
                self._failed = False
            except AmiError as trouble:
                self._failed = True
                log.warning("phones_not_looked_at", error=str(trouble))

    async def _sweep(self) -> None:
        async with self._turn:
            book = self._book()
            out, now = await book.out(), self._clock()
            gone = superfluous(out, self._standings(), self._rules, now)
            for one in gone:
                if one.poste in self._rules.posts:
                    await book.close(one.poste, _password())
                else:
                    await book.remove(one.poste)
                log.info("phone_withdrawn", poste=one.poste, personne=one.personne, expired=one.until <= now)
            for poste in unclosed(out, self._rules):
                await book.close(poste, _password())
            self._next_end = min((one.until for one in out if one not in gone and not one.closed), default=None)

    def _patience(self) -> float:
        if self._failed:
            return _RETRY_SECONDS
        if self._next_end is None:
            return ROUND_SECONDS
        return min(ROUND_SECONDS, max(0.0, (self._next_end - self._clock()) / _SECOND_US))

    def _again(self) -> None:
        self._failed = True
        self._wake.set()

    def _book(self) -> CredentialBook:
        return CredentialBook(self._link().ask)


def _password() -> str:
    return secrets.token_urlsafe(24)
