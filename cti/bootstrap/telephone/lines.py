"""The legs of a post that live now, and giving back whoever rings at a phone that is lost."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final, Protocol

import structlog

from cti.ami.frames import AmiError
from cti.ami.translate import Translator, endpoint_of
from cti.ami.translate.channels import Role
from cti.bootstrap.telephone.quality import Line
from cti.journey import AgentId, CallId

log = structlog.get_logger(__name__)

#: Q.850, *destination out of order*: the queue goes on to the next phone, and nobody rang in vain.
_OUT_OF_ORDER: Final = 27


class Watching(Protocol):
    """Who follows the PBX's channels."""

    @property
    def translator(self) -> Translator:
        """The translator of the present connection."""


class Lines:
    """Lives in the loop's thread."""

    def __init__(
        self,
        watch: Watching,
        hang_up: Callable[[str, int], Awaitable[object]],
        spawn: Callable[[Coroutine[Any, Any, None]], object],
    ) -> None:
        self._watch = watch
        self._hang_up = hang_up
        self._spawn = spawn

    def of(self, poste: AgentId) -> list[Line]:
        """Its legs in calls of callers."""
        book = self._watch.translator.book
        mine = (one for one in book.channels.values() if endpoint_of(one.name) == poste and one.call_id is not None)
        return [Line(one.uniqueid, one.name, book.call_named(one.call_id or "")) for one in mine]

    def call_named(self, call_id: CallId) -> CallId:
        """The caller's call that an identity means."""
        return self._watch.translator.book.call_named(call_id)

    def lost(self, poste: AgentId) -> None:
        """Whoever rings at this post is to be offered to somebody else at once: its phone answers the PBX no more."""
        for one in list(self._watch.translator.book.channels.values()):
            if endpoint_of(one.name) == poste and one.role is Role.AGENT and not (one.answered or one.over):
                self._spawn(self._give_back(poste, one.name))

    async def _give_back(self, poste: AgentId, channel: str) -> None:
        try:
            await self._hang_up(channel, _OUT_OF_ORDER)
            log.info("ring_given_back", poste=poste)
        except AmiError as trouble:
            log.info("ring_not_given_back", poste=poste, error=str(trouble))
