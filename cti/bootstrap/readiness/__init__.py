"""Whether each post may be offered calls, wired: what pages say and what the PBX says come in, pauses of the PBX follow.

Words of pages enter from the api, contacts from the PBX; reasons leave for the keeper of members, the desks and the board. What
must never happen here: a post that is paused and whose person is not told why, or one that stays so when all is good again.
"""

from cti.bootstrap.readiness.desk import ReadinessDesk
from cti.bootstrap.readiness.opening import open_readiness

__all__ = ["ReadinessDesk", "open_readiness"]
