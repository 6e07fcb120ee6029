"""What is happening now: the wall board of the regulation room.

In come journeys as they change, what is seen of the agents and of the link to the PBX, and alarms; out go a numbered picture
of the room and the changes since any number, for as many screens as look. A figure that is not known is never shown as zero,
no whole phone number leaves this room but for the desk that has this caller, and a slow screen never costs a caller or another
screen anything.
"""

from cti.live.alarms import Alarm, Gravite
from cti.live.board import Board
from cti.live.day import DayCount, DayFigures, DayWatch
from cti.live.feed import Feed, Push, Subscription
from cti.live.views import FiliereSpec

__all__ = ["Alarm", "Board", "DayCount", "DayFigures", "DayWatch", "Feed", "FiliereSpec", "Gravite", "Push", "Subscription"]
