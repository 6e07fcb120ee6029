"""The site's filières, as the board and the API show them."""

from cti.api.ports import FiliereCard
from cti.live.views import FiliereSpec
from cti.settings import Settings


def cards_for_board(settings: Settings) -> list[FiliereSpec]:
    """In the order in which the board shows them."""
    return [
        FiliereSpec(code=f.code, libelle=f.libelle, ordre=ordre, couleur=f.couleur)
        for ordre, f in enumerate(settings.routing.filieres.by_code.values())
    ]


def cards(settings: Settings) -> list[FiliereCard]:
    """What a program may know of them."""
    return [
        FiliereCard(
            code=f.code,
            libelle=f.libelle,
            niveau=f.niveau,
            ordre=ordre,
            couleur=f.couleur,
            numero=f.numero,
            debordement=f.debordement,
        )
        for ordre, f in enumerate(settings.routing.filieres.by_code.values())
    ]
