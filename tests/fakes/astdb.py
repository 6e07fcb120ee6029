"""AstDB behind AMI, as far as the credentials of browser phones go: the extensions of `sas-acces`, DBGet and DBGetTree."""

import base64
import json
from dataclasses import dataclass, field
from typing import Any

from cti.ami.answers import ActionFailed, Answer, Headers, LinkLost
from cti.ami.connection import LinkState
from cti.ami.frames import parse

FAMILY = "sas-telephone/auth"


@dataclass
class AstDb:
    """`does` false: Originate is accepted and nothing comes of it."""

    values: dict[str, str] = field(default_factory=dict)
    state: LinkState = LinkState.UP
    gone: bool = False
    does: bool = True
    refusal: str = ""
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    async def ask(self, action: str, headers: Headers, *, deadline_seconds: float) -> Answer:
        self.asked.append((action, dict(headers)))
        if self.gone:
            raise LinkLost("gone")
        if self.refusal:
            raise self._refused(action, self.refusal)
        rows = getattr(self, f"do_{action.lower()}")(headers)
        return Answer(parse(b"Response: Success\r\nActionID: x/1/1\r\nMessage: done", 0), tuple(rows))

    def do_originate(self, headers: Any) -> list[Any]:
        given = dict(one.split("=", 1) for one in headers["Variable"])
        if self.does and headers["Exten"] == "donner":
            self.values[given["SAS_POSTE"]] = base64.b64decode(given["SAS_ACCES"]).decode()
        elif self.does:
            self.values.pop(given["SAS_POSTE"], None)
        return []

    def do_dbget(self, headers: Any) -> list[Any]:
        assert headers["Family"] == FAMILY
        if headers["Key"] not in self.values:
            raise self._refused("DBGet", "Database entry not found")
        told = f"Event: DBGetResponse\r\nFamily: {FAMILY}\r\nKey: {headers['Key']}\r\nVal: {self.values[headers['Key']]}"
        return [parse(told.encode(), 0)]

    def do_dbgettree(self, _: Any) -> list[Any]:
        if not self.values:
            raise self._refused("DBGetTree", "Database entry not found")
        rows = (f"Event: DBGetTreeResponse\r\nKey: /{FAMILY}/{key}\r\nVal: {value}" for key, value in self.values.items())
        return [parse(row.encode(), 0) for row in rows]

    def password(self, poste: str) -> str:
        return str(json.loads(self.values[poste])["password"])

    def _refused(self, action: str, message: str) -> ActionFailed:
        return ActionFailed(action, message, parse(f"Response: Error\r\nMessage: {message}".encode(), 0))
