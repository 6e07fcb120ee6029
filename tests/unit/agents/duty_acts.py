"""Acts for tests: short to write, and drawn at random."""

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from cti.journey.around.duty import DutyAct, DutyKind, DutyVia

S = 1_000_000
#: A busy machine draws slowly; that is no fault of what is drawn.
unhurried = settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
FIXED = {"x1": ("n1",), "x2": ("amu",)}
POSTS = ("p1", "p2", "p3", "x1")
PEOPLE = ("anne", "karim", "paul")


def act(kind: DutyKind, at: int, poste: str = "p1", **more: Any) -> DutyAct:
    """One act, at so many seconds."""
    return DutyAct(act_id=more.pop("act_id", f"{poste}-{kind}-{at}"), at=at * S, kind=kind, poste=poste, **more)


def take(at: int, personne: str = "anne", poste: str = "p1", *filieres: str) -> DutyAct:
    return act(DutyKind.TAKE, at, poste, personne=personne, filieres=filieres or ("n1",))


@st.composite
def acts(draw: st.DrawFn, most: int = 25) -> list[DutyAct]:
    """A history, in any order; several acts may share an instant."""
    made = []
    for number in range(draw(st.integers(0, most))):
        kind = draw(st.sampled_from(list(DutyKind)))
        at = draw(st.integers(0, 30))
        made.append(
            DutyAct(
                act_id=f"a{number}",
                at=at * S,
                kind=kind,
                poste=draw(st.sampled_from(POSTS)),
                personne=draw(st.sampled_from(PEOPLE)) if kind is DutyKind.TAKE else "",
                filieres=tuple(draw(st.sets(st.sampled_from(("n1", "amu", "mru")), min_size=1))),
                reason="repas" if kind is DutyKind.PAUSE else "",
                until_at=(at + draw(st.integers(0, 20))) * S if kind is DutyKind.WRAPUP else None,
                by="test",
                via=draw(st.sampled_from(list(DutyVia))),
            )
        )
    return made
