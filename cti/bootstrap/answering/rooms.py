"""What the api asks about several people with one caller, carried out by the PBX's room."""

from cti.ami.frames import AmiError
from cti.ami.rooms import RoomActions, RoomRefused
from cti.api.ports import RoomAct, RoomWish, TransferResult, TransferVerdict
from cti.journey import CallId, Journey, State
from cti.pipeline import Pipeline
from cti.settings import Settings


class Rooms:
    """P0, conference and consultation, from a wish to channels."""

    def __init__(self, settings: Settings, pipeline: Pipeline, actions: RoomActions) -> None:
        self._filieres = {filiere.code: filiere for filiere in settings.pbx.filieres}
        self._p0 = next((filiere.code for filiere in settings.pbx.filieres if filiere.p0), None)
        self.directory = tuple((one.code, one.libelle, one.numero) for one in settings.pbx.effecteurs)
        self._effecteurs = {one.code for one in settings.pbx.effecteurs}
        self._postes = {agent.poste for agent in settings.pbx.agents if agent.poste}
        self._any_number = settings.pbx.numero_libre
        self._pipeline = pipeline
        self._actions = actions

    async def act(self, call_id: CallId, wish: RoomWish) -> TransferResult:
        """Ask the PBX; the board tells the rest."""
        journey = self._pipeline.journey(call_id)
        if journey is None:
            return TransferResult(TransferVerdict.UNKNOWN_CALL, f"Aucun appel {call_id} en cours.")
        unknown = self._unknown(wish)
        if unknown:
            return TransferResult(TransferVerdict.UNKNOWN_FILIERE, unknown)
        if journey.state not in (State.TALKING, State.HELD):
            return TransferResult(TransferVerdict.NOT_POSSIBLE, _why_not(journey))
        try:
            await self._do(call_id, wish)
        except RoomRefused as why:
            return TransferResult(TransferVerdict.NOT_POSSIBLE, str(why))
        except AmiError as trouble:
            return TransferResult(TransferVerdict.PBX_UNREACHABLE, f"Le PBX n'a pas pris la demande : {trouble}")
        return TransferResult(TransferVerdict.ASKED, _DONE[wish.act])

    def _unknown(self, wish: RoomWish) -> str:
        """What the wish names and the site does not have, in French; empty when all is known."""
        if wish.filiere is not None and wish.filiere not in self._filieres:
            return f"Filière inconnue : {wish.filiere}. Filières : {', '.join(sorted(self._filieres))}."
        if wish.act is RoomAct.P0:
            code = wish.filiere or self._p0
            if code is None or not self._filieres[code].p0:
                return "Aucun P0 possible : cette filière n'a pas « p0 » dans filieres.toml."
        if wish.poste is not None and wish.poste not in self._postes:
            return f"Poste inconnu : {wish.poste}."
        if wish.effecteur is not None and wish.effecteur not in self._effecteurs:
            return f"Effecteur inconnu : {wish.effecteur}. Annuaire : {', '.join(sorted(self._effecteurs)) or 'vide'}."
        if wish.numero is not None and not self._any_number:
            return "Les numéros hors annuaire ne sont pas permis (« numero_libre » dans effecteurs.toml)."
        return ""

    async def _do(self, call_id: CallId, wish: RoomWish) -> None:
        match wish.act:
            case RoomAct.P0:
                await self._actions.p0(call_id, wish.filiere or self._p0 or "", wish.by)
            case RoomAct.WITHDRAW:
                await self._actions.withdraw(call_id)
            case RoomAct.INVITE:
                await self._invite(call_id, wish)
            case RoomAct.SHOW_OUT:
                await self._actions.show_out(call_id, wish.guest or "")
            case RoomAct.CONSULT:
                place = f"{wish.filiere}@sas-renfort" if wish.filiere is not None else f"{wish.poste}@sas-invites"
                await self._actions.consult(call_id, place, wish.by)
            case RoomAct.COMPLETE:
                await self._actions.complete(call_id, wish.by)
            case RoomAct.GIVE_UP:
                await self._actions.give_up(call_id, wish.by)
            case RoomAct.JOIN:
                await self._actions.join(call_id, wish.by)

    async def _invite(self, call_id: CallId, wish: RoomWish) -> None:
        if wish.filiere is not None:
            await self._actions.reinforce(call_id, wish.filiere, wish.by)
        elif wish.poste is not None:
            await self._actions.colleague(call_id, wish.poste, wish.by)
        elif wish.effecteur is not None:
            await self._actions.guest(call_id, wish.effecteur, wish.by)
        else:
            await self._actions.number(call_id, wish.numero or "", wish.by)


_DONE = {
    RoomAct.P0: "P0 demandé : tous les médecins libres sont sollicités.",
    RoomAct.WITHDRAW: "Demande de renfort retirée.",
    RoomAct.INVITE: "Invitation lancée.",
    RoomAct.SHOW_OUT: "L'invité est prié de sortir.",
    RoomAct.CONSULT: "Consultation lancée, l'appelant patiente.",
    RoomAct.COMPLETE: "L'appelant est passé à l'interlocuteur.",
    RoomAct.GIVE_UP: "Retour à l'appelant.",
    RoomAct.JOIN: "Tous ensemble.",
}


def _why_not(journey: Journey) -> str:
    return "L'appel est terminé." if journey.ended_at is not None else "Personne n'est en conversation avec l'appelant."
