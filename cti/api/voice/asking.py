"""What every request about a recording does first: name it, and write down who looked for one that does not exist."""

from typing import Final

from aiohttp import web

from cti.access import About, Asker
from cti.api.edge.door import client_of, known_of
from cti.api.edge.problems import Problem
from cti.api.ports import PORTS
from cti.journey.around.access import Relation, Tie, Verb
from cti.listening.pieces import Found

#: Identities and numbers of dossiers, posts, people; nothing at all is a name too.
NAME: Final = r"^[A-Za-z0-9._:-]{0,64}$"
#: A reason is one line.
REASON: Final = r"^[^\x00-\x1f\x7f]*$"


async def the_piece(request: web.Request, verb: Verb) -> Found:
    """The recording that the address names.

    Raises:
        Problem: 404, nobody knows it; that it was asked for is written down.
    """
    piece_id = request.match_info["piece_id"]
    found = await request.app[PORTS].listening.find(piece_id)
    if found is None:
        await noted_in_vain(request, verb, About(piece_id=piece_id[:64], detail="enregistrement inconnu"))
        raise Problem(404, "Cet enregistrement n'est pas connu.")
    return found


async def noted_in_vain(request: web.Request, verb: Verb, about: About) -> None:
    """Write down that somebody asked for what does not exist; nothing is given, whatever the answer would be.

    Raises:
        Problem: 503, it could not be written.
    """
    known = known_of(request)
    asker = Asker(who=known.who, roles=known.roles, client=client_of(request))
    decision = await request.app[PORTS].access.ask(asker, verb, about, (Tie(relation=Relation.SALLE),))
    if not getattr(decision, "traced", True):
        raise Problem(503, "La trace n'a pas pu être écrite ; réessayez.", headers={"Retry-After": "2"})
