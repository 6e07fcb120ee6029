"""What holds for every test: properties draw the same examples each time, and a second try is never silent.

Properties (hypothesis) draw anew with ``CTI_DEEP=1`` only, which is where new faults are looked for; otherwise two runs of one
tree say the same. A test on the real PBX may be tried a second time (docs/decisions/0026).

What failed first is printed in full at the end of the run and written to
`build/second-tries.txt`. More than `ALLOWED` of them in one run is a failure of the run: a machine has its moods, the service
may have none.
"""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# No property has a time limit: milliseconds are bench's business, and a busy machine is no fault of a rule.
settings.register_profile("same", derandomize=True, deadline=None)
if not os.environ.get("CTI_DEEP"):
    settings.load_profile("same")

#: So many tests of one run may need their second try.
ALLOWED = 3
TOLD = Path(__file__).parents[1] / "build" / "second-tries.txt"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A second try only for what waits for real phones: a test of values that fails once is wrong.

    And what waits comes first, file by file, several side by side; what computes fills the cores afterwards, when it takes them
    from nobody who is on the telephone.
    """
    waiting = [item for item in items if item.get_closest_marker("pbx") or item.get_closest_marker("browser")]
    for item in waiting:
        item.add_marker(pytest.mark.flaky(reruns=1))
    files = {item.path for item in waiting}
    items.sort(key=lambda item: item.path not in files)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Too many second tries fail the run."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and len(reporter.stats.get("rerun", ())) > ALLOWED and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What failed at its first try, in full."""
    tries = terminalreporter.stats.get("rerun", ())
    if not tries:
        TOLD.unlink(missing_ok=True)
        return
    terminalreporter.section(f"{len(tries)} second tries ({ALLOWED} allowed): what the first saw", sep="=", yellow=True)
    texts = [f"{report.nodeid}\n{report.longreprtext}\n" for report in tries]
    for text in texts:
        terminalreporter.write_line(text)
    TOLD.parent.mkdir(exist_ok=True)
    TOLD.write_text("\n".join(texts), encoding="utf-8")
