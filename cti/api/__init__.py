"""The only room that speaks HTTP, to people and to programs.

In come requests, checked at the edge (``edge/``: host, token, origin, size, every parameter by name); out go calls, figures,
the live board and the page that shows it, read through ports that bootstrap fills. Nothing is decided here: a transfer is
asked for, a figure is read with its formula, and no fault of a request becomes a 500 or shows a stack trace.
"""

from cti.api.app import build_app
from cti.api.ports import (
    BoardFeed,
    CallbackRefused,
    Callbacks,
    CallReader,
    Check,
    FiliereCard,
    LiveBoard,
    Ports,
    QosReader,
    Readiness,
    RoomAct,
    Rooms,
    RoomWish,
    TransferResult,
    Transfers,
    TransferVerdict,
    UnknownProfile,
)

__all__ = [
    "BoardFeed",
    "CallReader",
    "CallbackRefused",
    "Callbacks",
    "Check",
    "FiliereCard",
    "LiveBoard",
    "Ports",
    "QosReader",
    "Readiness",
    "RoomAct",
    "RoomWish",
    "Rooms",
    "TransferResult",
    "TransferVerdict",
    "Transfers",
    "UnknownProfile",
    "build_app",
]
