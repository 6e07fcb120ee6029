"""One operation of the API: its route, its handler and the models that the OpenAPI document is made from.

The application's routes and the document come from the same table, so neither can forget the other.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import BaseModel

from cti.api.contract.following import Followed


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A method on a path."""

    method: str
    path: str
    handler: Handler
    name: str  #: operationId
    summary: str  #: French, one line
    tag: str
    answer: type[BaseModel] | None = None
    status: int = 200
    media_type: str = "application/json"
    media_types: tuple[str, ...] = ()  #: further ones in which the same may be answered
    also: tuple[int, ...] = ()  #: further statuses of the same answer
    headers: Mapping[str, str] = field(default_factory=dict)  #: of the answer, always there: name -> description
    follows: Followed | None = None  #: of a stream: what it follows
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    path_parameters: Mapping[str, str] = field(default_factory=dict)  #: name -> description
    problems: tuple[int, ...] = ()
    guarded: bool = True  #: needs the token, when one is set

    @property
    def streams(self) -> bool:
        """Its answer goes on for as long as somebody follows it."""
        return self.media_type == "text/event-stream"

    def route(self) -> web.RouteDef:
        """The route as aiohttp wants it."""
        if self.method == "GET":
            # A stream has no HEAD: it would be opened to be thrown away.
            return web.get(self.path, self.handler, allow_head=not self.streams)
        return web.route(self.method, self.path, self.handler)
