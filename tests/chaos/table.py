"""The table of the bad days."""

import os
from collections.abc import Sequence

from tests.chaos.verdict import Verdict

_HEAD = (
    *("day", "what was broken", "callers", "answered", "reconstructed", "uncertain", "lost", "double", "dropped"),
    *("cut by the PBX", "alive at a kill"),
    *("most added wait (s)", "answer instant, observed (ms)", "answer instant, told by CEL (ms)", "recovery (s)", "differences"),
)


def row_of(verdict: Verdict) -> str:
    """One day as a row of Markdown."""
    v = verdict
    cells: tuple[object, ...] = (
        *(
            v.name,
            v.words,
            v.callers,
            v.answered,
            v.reconstructed,
            v.uncertain,
            v.lost,
            v.double,
            v.dropped,
            v.cut_by_pbx,
            v.alive,
        ),
        *(f"{v.added_seconds:.2f}", f"{v.observed_ms:.1f}", f"{v.reconstructed_ms:.1f}", f"{v.recovery_seconds:.2f}"),
        len(v.differences),
    )
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def document(verdicts: Sequence[Verdict], refused: Sequence[str], seed: int, seconds: float, took_seconds: float) -> str:
    """The whole page."""
    total = [sum(getattr(v, name) for v in verdicts) for name in ("callers", "lost", "double", "dropped", "cut_by_pbx")]
    differences = [f"- {v.name}: {line}" for v in verdicts for line in v.differences]
    parts = [
        "# Bad days\n",
        "Made by `make chaos`: the real PBX, the service as its own process, SIPp people; SIPp's own log is the truth.",
        f"One run: seed {seed}, {len(verdicts)} days of {seconds:g} s of arrivals, human durations at 0.15, "
        f"{took_seconds / 60:.0f} minutes on {os.cpu_count()} cores (load at its end: "
        f"{', '.join(f'{load:.0f}' for load in os.getloadavg())}).\n",
        f"**{total[0]} callers heard by the PBX: {total[1]} lost, {total[2]} double or invented, {total[3]} dropped "
        f"without the PBX dying; {total[4]} were on the line when it died.**\n",
        f"| {' | '.join(_HEAD)} |",
        f"|{'---|' * len(_HEAD)}",
        *(row_of(verdict) for verdict in verdicts),
        "\nRecovery: from the start of the process (after a kill) or from the end of the fault, to `/readyz` saying that",
        "everything is seen. The reconstructed and uncertain columns count calls; an answer instant is compared with SIPp's own;",
        "*told by CEL* holds the calls, too, that lived through a step of the PBX's clock. Every answered call must have its",
        "dossier and its recording, and no dossier and no recording may be nobody's.",
        "\nAgents in mixed states through a restart: `tests/chaos/test_chaos_posts.py`. A short day with Asterisk killed",
        "is in `make test`. Recovery by the number of people on the telephone: `python -m bench recovery` (`bench/README.md`).",
    ]
    if differences:
        parts += ["\n## Differences\n", *differences]
    if refused:
        parts += ["\n## Not run here\n", *(f"- {line}" for line in refused)]
    return "\n".join(parts) + "\n"
