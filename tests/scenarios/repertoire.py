"""Every story, whichever ``stories_of_...`` file it is written in: importing it is what makes its stories known."""

from importlib import import_module
from pathlib import Path

from tests.scenarios.script import STORIES, Story, Truth

__all__ = ["STORIES", "Story", "Truth"]

for _file in sorted(Path(__file__).parent.glob("stories_of_*.py")):
    import_module(f"tests.scenarios.{_file.stem}")
