"""A story before it is recorded: who is in the room, what they do, and what became of the callers in plain words."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from tests.scenarios.scene import Scene

Play: TypeAlias = Callable[[Scene], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Truth:
    """What a caller lived, told by whoever wrote the script and by no code.

    `stages` are words: filière, agent (or ``-``), how it ended, and how it was passed on when it was.
    """

    outcome: str
    stages: tuple[str, ...] = ()
    phase: str | None = None
    lost_waiting: str | None = None
    held: int = 0  #: how often he was put on hold
    anomalies: tuple[str, ...] = ()  #: what we must say that we cannot explain, or that nobody may do
    consults: tuple[str, ...] = ()  #: whom the agents asked for him meanwhile, and how it ended: ``amu01 transferred``
    guests: tuple[str, ...] = ()  #: who was called into the conversation, and how it ended: ``cta left``


@dataclass(frozen=True, slots=True)
class Story:
    """One script."""

    name: str
    told: str
    phones: Mapping[str, tuple[str, ...]]
    truths: tuple[Truth, ...]
    play: Play
    service: str = "answers"


STORIES: dict[str, Story] = {}


def story(*truths: Truth, service: str = "answers", **phones: str) -> Callable[[Play], Play]:
    """Enter a script in the repertoire under its function's name; `phones` say which filières each one serves."""

    def enter(play: Play) -> Play:
        name = play.__name__  # type: ignore[attr-defined]
        served = {phone: tuple(filieres.split()) for phone, filieres in phones.items()}
        STORIES[name] = Story(name, " ".join((play.__doc__ or "").split()), served, truths, play, service)
        return play

    return enter
