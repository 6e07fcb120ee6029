"""The posts of the room wired: what people do about their duty is written down, and the PBX's queues are made to follow.

Acts enter from phones, screens and the ends of calls; members and pauses leave for the PBX, spans of presence for the store, and
alarms for the board. What must never happen here: a member that the acts do not explain, or a PBX asked twice for the same thing
without a look at what became of the first time.
"""

from cti.bootstrap.posts.opening import Posts, open_posts

__all__ = ["Posts", "open_posts"]
