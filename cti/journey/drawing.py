"""The drawing of the states: a Mermaid diagram made from the transition table, never by hand.

Arrows carry every event that leads from one state to the other. Events that leave the caller where he is are written in a
note beside the state; those that are welcome everywhere (``NOTES``) are told once, in words, and drawn nowhere.
``python -m cti.journey.drawing`` prints the page that ``docs/journey-states.md`` holds between its two markers.
"""

import sys
from collections import defaultdict
from collections.abc import Mapping
from typing import Final

from cti.journey.events import CallEvent
from cti.journey.states import TRANSITIONS, State

BEGIN: Final = "<!-- drawn from cti.journey.states: begin -->"
END: Final = "<!-- drawn from cti.journey.states: end -->"

#: One line of an arrow's label.
_LABEL_BREAK: Final = "<br/>"


def notes(table: Mapping[State, Mapping[type[CallEvent], State]] = TRANSITIONS) -> tuple[str, ...]:
    """The events that move nobody from any state, in the order of the table's first state."""
    first = next(iter(table))
    return tuple(kind.__name__ for kind in table[first] if all(rows.get(kind) is state for state, rows in table.items()))


def diagram(table: Mapping[State, Mapping[type[CallEvent], State]] = TRANSITIONS) -> str:
    """The table as a Mermaid ``stateDiagram-v2``."""
    everywhere = frozenset(notes(table))
    lines = ["stateDiagram-v2", f"    [*] --> {next(iter(table))}"]
    for state, rows in table.items():
        targets: defaultdict[State, list[str]] = defaultdict(list)
        for kind, target in rows.items():
            if kind.__name__ not in everywhere:
                targets[target].append(kind.__name__)
        stays = targets.pop(state, [])
        lines += [f"    {state} --> {target}: {_LABEL_BREAK.join(names)}" for target, names in targets.items()]
        if stays:
            lines += [f"    note right of {state}", "        stays on", *(f"        {name}" for name in stays), "    end note"]
        if not targets:
            lines.append(f"    {state} --> [*]")
    return "\n".join(lines)


def section(table: Mapping[State, Mapping[type[CallEvent], State]] = TRANSITIONS) -> str:
    """What stands in the document, markers included."""
    welcome = ", ".join(f"`{name}`" for name in notes(table))
    return f"{BEGIN}\n```mermaid\n{diagram(table)}\n```\n\nWelcome in every state, moving nobody: {welcome}.\n{END}\n"


if __name__ == "__main__":
    sys.stdout.write(section())
