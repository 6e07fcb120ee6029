"""What a person sees of a long fetch: a bar on a terminal, few plain lines in a log."""

import io

from rich.console import Console

from cti.sandbox.debian.progress import DOWNLOAD, INDEX, shown


def test_a_log_gets_one_line_a_step_and_one_each_tenth() -> None:
    written = io.StringIO()
    with shown(Console(file=written, force_terminal=False)) as report:
        report.step(INDEX)
        report.done(5)
        report.step(DOWNLOAD, 139_000_000)
        for amount in range(0, 139_000_001, 1_390_000):
            report.done(amount)
    lines = written.getvalue().splitlines()
    assert lines[:3] == [INDEX, f"{DOWNLOAD} (139 Mo)", f"{DOWNLOAD} : 10 %"]
    assert lines[-1] == f"{DOWNLOAD} : 100 %"
    assert len(lines) == 12


def test_a_terminal_gets_a_bar() -> None:
    written = io.StringIO()
    with shown(Console(file=written, force_terminal=True, width=100)) as report:
        report.step(INDEX)
        report.step(DOWNLOAD, 1000)
        report.done(500)
        report.done(1000)
    assert DOWNLOAD in written.getvalue()
    assert "1.0/1.0 kB" in written.getvalue()
