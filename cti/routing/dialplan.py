"""The dialplan's questions, and the one variable it takes back.

``route`` (call_id, flux, did[, regulation]) at entry; ``debordement`` (call_id, filiere_from, cause, nth[, venant])
when a queue gave nothing; ``transfert`` (call_id, filiere) when a human sends a caller to doctors in a crisis.
Missing arguments never refuse a caller: they are anomalies of the decision.
"""

import re
from collections.abc import Callable
from typing import Final, Protocol, TypeVar

from cti.routing.plan import Decision
from cti.routing.planner import RoutePlanner

#: Longest reason put in a UserEvent, in characters.
MOTIF_LENGTH: Final = 160

_KEPT: Final = re.compile(r"[^\w .:/+*#’°%!?-]+")
_Answer = TypeVar("_Answer")
Variables = tuple[tuple[str, str], ...]


class Question(Protocol):
    """What the routes read of a question of the PBX."""

    @property
    def args(self) -> tuple[str, ...]:
        """The dialplan's arguments, in order."""

    @property
    def caller(self) -> str:
        """The caller's number as the PBX has it; empty or no number when masked."""


def dialplan_safe(text: str) -> str:
    """The text as it may stand in a dialplan: no comma, semicolon, bar, quote, dollar, brace, bracket or line end.

    Letters with accents stay; a straight apostrophe becomes a typographic one; what is not kept becomes a space.
    """
    kept = _KEPT.sub(" ", text.replace("'", "’"))
    return " ".join(kept.split())[:MOTIF_LENGTH].rstrip()


def variables(decision: Decision) -> Variables:
    """One decision as the one channel variable ROUTE: filière, priority, wait in seconds and reason, between bars.

    One, because each is a round trip while the caller waits, and because half an answer must never be trusted.
    """
    parts = (decision.filiere, str(decision.priorite), str(decision.attente_seconds), dialplan_safe(decision.motif))
    return (("ROUTE", "|".join(parts)),)


def agi_routes(planner: RoutePlanner, answer: Callable[[Variables], _Answer]) -> dict[str, Callable[[Question], _Answer]]:
    """Every route by script name; `answer` makes the PBX room's own answer out of variables."""

    def route(question: Question) -> _Answer:
        return answer(variables(planner.route(*_first(question.args, 3, 4), caller=question.caller)))

    def debordement(question: Question) -> _Answer:
        return answer(variables(planner.debordement(*_first(question.args, 4, 5))))

    def transfert(question: Question) -> _Answer:
        return answer(variables(planner.transfert(*_first(question.args, 2, 2))))

    return {"route": route, "debordement": debordement, "transfert": transfert}


def _first(args: tuple[str, ...], least: int, most: int) -> tuple[str, ...]:
    """Between `least` and `most` arguments, whatever came: missing ones are empty, more are left out."""
    return (*args, *("",) * (least - len(args)))[:most]
