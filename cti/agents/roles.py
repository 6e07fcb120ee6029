"""The roles of the room (SAS deployment guide 2022, fiche 5) and how they are written on a screen."""

from enum import StrEnum


class Role(StrEnum):
    """What a person does in the room."""

    ARM_N1 = "arm_n1"  #: welcomes, qualifies, passes on
    ARM_AMU = "arm_amu"  #: completes what N1 began, passes on to the MRU
    OSNP = "osnp"  #: receives unscheduled care, books appointments
    MRU = "mru"  #: regulates emergencies
    MRG = "mrg"  #: regulates general medicine
    PSYCHIATRE = "psychiatre"
    DENTISTE = "dentiste"
    SUPERVISEUR = "superviseur"  #: articulates both pathways
    INCONNU = "inconnu"  #: a phone that nobody declared

    @property
    def label(self) -> str:
        """In full, as people read it."""
        return _LABELS[self]

    @property
    def regulates(self) -> bool:
        """A doctor, who decides; the others prepare the decision."""
        return self in _DOCTORS


_LABELS: dict[Role, str] = {
    Role.ARM_N1: "ARM de premier niveau",
    Role.ARM_AMU: "ARM aide médicale urgente",
    Role.OSNP: "Opérateur de soins non programmés",
    Role.MRU: "Médecin régulateur urgentiste",
    Role.MRG: "Médecin régulateur généraliste",
    Role.PSYCHIATRE: "Psychiatre",
    Role.DENTISTE: "Chirurgien-dentiste",
    Role.SUPERVISEUR: "Superviseur de salle",
    Role.INCONNU: "Poste non déclaré",
}
_DOCTORS = frozenset({Role.MRU, Role.MRG, Role.PSYCHIATRE, Role.DENTISTE})
