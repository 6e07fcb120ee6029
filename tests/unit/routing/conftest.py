"""The shipped rules, and small ones that a test can bend."""

import copy
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cti.routing.plan import RoutingRules
from cti.routing.rules import Source, read_rules

CONFIG = Path(__file__).parents[3] / "config"
FILES = ("filieres.toml", "flux.toml", "horaires.toml", "crise.toml")
Tables = dict[str, dict[str, Any]]


@pytest.fixture(scope="session")
def _shipped_once() -> Tables:
    return {name: tomllib.loads((CONFIG / name).read_text()) for name in FILES}


@pytest.fixture
def tables(_shipped_once: Tables) -> Tables:
    """The shipped files, parsed; a test may change its copy."""
    return copy.deepcopy(_shipped_once)


@pytest.fixture(scope="session")
def build() -> Callable[[Tables], RoutingRules]:
    return lambda tables: read_rules(*(Source(name, tables[name]) for name in FILES))


@pytest.fixture
def rules(tables: Tables, build: Callable[[Tables], RoutingRules]) -> RoutingRules:
    return build(tables)
