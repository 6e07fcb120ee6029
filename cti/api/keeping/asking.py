"""What every request about keeping has in common: who may read, who acts, and how a refusal of the office is told."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Final

from aiohttp import web
from pydantic import Field, StringConstraints

from cti.access import About, Asker
from cti.api.acces import require
from cti.api.edge.acting import LINE
from cti.api.edge.door import client_of, known_of
from cti.api.edge.problems import Problem
from cti.api.edge.reading import Asked
from cti.api.keeping_port import AlreadyRunning
from cti.api.ports import PORTS
from cti.archive.keeping.holds import LONGEST
from cti.journey.around.access import Relation, Tie, Verb
from cti.journey.around.keeping import Refused, Unknown

#: One line that a person wrote, trimmed.
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST, pattern=LINE)]
#: A reason: whether there must be one, the table of rights says first.
Reason = Annotated[str, StringConstraints(strip_whitespace=True, max_length=LONGEST, pattern=r"^[^\x00-\x1f\x7f]*$")]
#: Any recording of the centre, and what is about no call in particular.
SALLE: Final = (Tie(relation=Relation.SALLE),)
#: What may be answered instead of an act.
REFUSALS: Final = (400, 401, 403, 404, 409, 413, 415, 422, 503)
_ACTS: Final = (Verb.CONSERVER, Verb.LIBERER, Verb.PROPOSER, Verb.APPROUVER)


class Why(Asked):
    """An act, and why."""

    raison: Reason = Field("", description="pourquoi, en une ligne")


async def may_read(request: web.Request, what: str) -> None:
    """Let whoever may see any call of the centre go on, and whoever may act on what is kept; it is in the log.

    Raises:
        Problem: 403, 503.
    """
    known, access = known_of(request), request.app[PORTS].access
    given = {right["verb"] for right in access.told_rights(known) if right["relation"] == Relation.SALLE}
    acts = [verb for verb in _ACTS if verb in given]
    if Verb.VOIR in given or not acts:
        await require(request, Verb.VOIR, About(detail=what), SALLE)
        return
    asker = Asker(who=known.who, roles=known.roles, client=client_of(request))
    await request.app[PORTS].kept.did(asker, acts[0], About(detail=f"lecture : {what}"))


async def did(request: web.Request, verb: Verb, detail: str, reason: str) -> None:
    """Write what was done into the log."""
    known = known_of(request)
    asker = Asker(who=known.who, roles=known.roles, client=client_of(request))
    await request.app[PORTS].kept.did(asker, verb, About(detail=detail), reason)


def said(reason: str) -> str:
    """The reason, which whoever acts must give even where the table does not ask it.

    Raises:
        Problem: 422.
    """
    if not reason:
        raise Problem(422, "« raison » : pourquoi, en une ligne, est attendu.")
    return reason


def number_of(request: web.Request) -> int:
    """The number in the address.

    Raises:
        Problem: 404: nothing has such a number.
    """
    text = request.match_info["number"]
    if not text.isdecimal() or len(text) > 9:
        raise Problem(404, f"Rien ne porte le numéro « {text[:20]} ».")
    return int(text)


@contextmanager
def refusals() -> Iterator[None]:
    """What the office refuses, told: unknown numbers are 404, whatever stands against it 409, what is out of reach 503."""
    try:
        yield
    except Unknown as unknown:
        raise Problem(404, _sentence(unknown)) from None
    except (Refused, AlreadyRunning) as refused:
        raise Problem(409, _sentence(refused)) from None
    except OSError as trouble:
        raise Problem(503, _sentence(trouble), headers={"Retry-After": "10"}) from None


def _sentence(words: Exception) -> str:
    text = str(words)
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")
