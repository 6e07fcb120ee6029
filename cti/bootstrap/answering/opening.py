"""The desks of callers to call back, of outgoing calls and of rooms, built from the settings for a running service."""

from cti.ami.actions import PbxActions
from cti.ami.connection import AmiLink
from cti.ami.rooms import RoomActions
from cti.bootstrap.answering.callbacks import CallbackDesk
from cti.bootstrap.answering.placing import Calling
from cti.bootstrap.answering.rooms import Rooms
from cti.bootstrap.clock import OneThread, in_a_thread, new_call_id, now
from cti.bootstrap.watching.watch import PbxWatch
from cti.live.board import Board
from cti.pipeline import Pipeline
from cti.settings import Settings
from cti.store import Store


def open_callbacks(settings: Settings, store: Store, store_thread: OneThread, board: Board) -> CallbackDesk:
    """The list of whom to call back."""
    people = settings.roster
    return CallbackDesk(store.callbacks, settings.callback, board, store_thread, now, lambda agent: people.find(agent).nom)


def open_calling(
    settings: Settings, pipeline: Pipeline, board: Board, desk: CallbackDesk, store: Store, link: AmiLink
) -> Calling:
    """Calls placed by a click."""
    posts = {name: agent.endpoint for agent in settings.pbx.agents for name in (agent.poste, agent.endpoint) if name}
    return Calling(
        settings.pbx.sortie,
        posts,
        PbxActions(link.ask),
        desk,
        live=pipeline.live,
        presences=board.presences,
        call_of=in_a_thread(store.dossiers.call_of),
        clock=now,
        new_id=new_call_id,
    )


def open_rooms(settings: Settings, pipeline: Pipeline, actions: AmiLink, watch: PbxWatch) -> Rooms:
    """Several people with one caller."""
    return Rooms(settings, pipeline, RoomActions(PbxActions(actions.ask), watch.translator, now))
