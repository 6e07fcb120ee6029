"""Every story, whichever file it is written in."""

from tests.scenarios import stories_of_consulting, stories_of_moving, stories_of_talking, stories_of_waiting
from tests.scenarios.script import STORIES, Story, Truth

__all__ = ["STORIES", "Story", "Truth"]
_WRITTEN_IN = (stories_of_consulting, stories_of_moving, stories_of_talking, stories_of_waiting)
