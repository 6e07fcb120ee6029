"""What holds for every unit test: its process is the test run's own."""

import sys
from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def logging_left_alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A verb that is typed in this process tells what it has to tell on the error output of the moment, as the real one does, and
    leaves no logger made once for all: it would keep that configuration, and what a later test listens for would reach nobody."""
    monkeypatch.setattr("cti.bootstrap.logs.configure", lambda level, *, as_json: None)
    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr), cache_logger_on_first_use=False)
    yield
    structlog.reset_defaults()
