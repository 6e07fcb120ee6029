"""A desk before the API: post arm01, which is Camille's, and a caller."""

from cti.journey.around.access import AccessRole
from tests.fakes.room import T0, Doubles, S

ARM = "/api/v1/poste?poste=arm01"


def bearer(doubles: Doubles, name: str, *roles: AccessRole, personne: str = "", days: int = 36_500) -> dict[str, str]:
    return {"Authorization": f"Bearer {doubles.accounts.give(name, *roles, personne=personne, days=days)}"}


def camille(doubles: Doubles) -> dict[str, str]:
    return bearer(doubles, "camille", AccessRole.ARM_N1, personne="arm01")


def ring(doubles: Doubles, call: str = "c") -> None:
    doubles.room.arrive(call, T0)
    doubles.room.wait(call, "n1", T0 + S)
    doubles.room.ring(call, "arm01", T0 + 3 * S)


def talk(doubles: Doubles, call: str = "c") -> None:
    doubles.room.arrive(call, T0)
    doubles.room.wait(call, "n1", T0 + S)
    doubles.room.answer(call, "arm01", T0 + 5 * S)
