"""The drawing of the states in the documentation is the one that the table gives."""

import subprocess
import sys
from pathlib import Path

from cti.journey import State
from cti.journey import events as ev
from cti.journey.drawing import BEGIN, END, diagram, notes, section
from cti.journey.states import TRANSITIONS

DOCUMENT = Path(__file__).parents[2] / "docs" / "journey-states.md"


def test_the_document_is_current() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    held = text[text.index(BEGIN) : text.index(END) + len(END)] + "\n"
    assert held == section(), "docs/journey-states.md is stale: paste what `python -m cti.journey.drawing` prints"


def test_the_command_prints_the_section() -> None:
    printed = subprocess.run([sys.executable, "-m", "cti.journey.drawing"], capture_output=True, text=True, check=True).stdout
    assert printed == section()


def test_every_row_of_the_table_is_drawn() -> None:
    drawn, welcome = diagram(), notes()
    for state, rows in TRANSITIONS.items():
        for kind, target in rows.items():
            if kind.__name__ in welcome:
                assert kind.__name__ not in drawn
            elif target is state:
                assert f"        {kind.__name__}\n" in drawn.split(f"note right of {state}\n")[1].split("end note")[0]
            else:
                (arrow,) = (line for line in drawn.splitlines() if line.startswith(f"    {state} --> {target}:"))
                assert kind.__name__ in arrow.split(": ")[1].split("<br/>")


def test_a_small_table_by_hand() -> None:
    table = {
        State.GREETING: {ev.QueueEntered: State.WAITING, ev.CallRouted: State.GREETING, ev.DossierOpened: State.GREETING},
        State.WAITING: {ev.AgentAnswered: State.ENDED, ev.CallEnded: State.ENDED, ev.DossierOpened: State.WAITING},
        State.ENDED: {ev.DossierOpened: State.ENDED},
    }
    assert diagram(table).splitlines() == [
        "stateDiagram-v2",
        "    [*] --> greeting",
        "    greeting --> waiting: QueueEntered",
        "    note right of greeting",
        "        stays on",
        "        CallRouted",
        "    end note",
        "    waiting --> ended: AgentAnswered<br/>CallEnded",
        "    ended --> [*]",
    ]
    assert "Welcome in every state, moving nobody: `DossierOpened`." in section(table)
