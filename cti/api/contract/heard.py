"""The shape of how well a leg was heard (``cti.journey.around.quality``)."""

from datetime import datetime

from cti.api.contract.shape import Shape
from cti.journey.around.quality import Heard, Witness


class LegHeardOut(Shape):
    """How well one leg was heard, by the PBX or by the page of a browser phone; what nobody measured is null.

    ``perte`` is the worse of both ways (0 to 1), ``mos`` from 1 to 4.5 (E-model, G.107).
    """

    leg: str
    temoin: Witness
    poste: str
    at: datetime
    fini: bool
    mot: Heard
    mos: float | None
    mos_min: float | None
    perte: float | None
    gigue_ms: float | None
    aller_retour_ms: float | None
    recus: int
    perdus: int
    duree_ms: int | None
