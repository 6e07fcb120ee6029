"""Who works: the people of the room, their role, the filières they serve, and the phone by which the PBX knows them.

In come the site's ``agents.toml`` and the names under which the PBX speaks of a phone; out go agents with a name that people can
read. Nothing here may ever fail on a phone that nobody declared, or keep a phone's password.
"""

from cti.agents.roles import Role
from cti.agents.roster import Agent, Roster, RosterError, endpoint_of, may_transfer

__all__ = ["Agent", "Role", "Roster", "RosterError", "endpoint_of", "may_transfer"]
