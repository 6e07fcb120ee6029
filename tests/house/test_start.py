"""What a start loads: a service that comes back after a crash has callers waiting for it."""

import subprocess
import sys

#: Loaded only where they are needed: a schema that is made or changed, a PostgreSQL database, an archive, a demo.
_NOT_AT_START = (
    "alembic", "mako", "psycopg", "tomli_w", "holidays", "numpy", "soundfile", "pyrage", "obstore",
    "argon2", "pyotp", "segno", "jwt", "cryptography",
    "cti.sandbox", "cti.bootstrap.demo",
)  # fmt: skip
_START = "import sys, cti.__main__, cti.settings; from cti.bootstrap.service import Service; print(*sys.modules)"
#: `cti run` stops the garbage collector before it loads the service, so its words may not bring the service with them.
_WORDS = "import sys, cti.__main__; print(*sys.modules)"
_SHAPES = """
import cti.api.contract.shapes, cti.api.contract.posts, cti.api.contract.health
from cti.api.contract.shape import Shape
assert Shape.__subclasses__()
print(*(shape.__name__ for shape in Shape.__subclasses__() if shape.__pydantic_complete__))
"""


def _told(program: str) -> set[str]:
    return set(subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split())


def test_cti_run_loads_nothing_that_it_does_not_use() -> None:
    loaded = _told(_START)
    assert "cti.bootstrap.service" in loaded
    assert [name for name in _NOT_AT_START if name in loaded] == []


def test_the_words_of_the_command_line_load_no_service() -> None:
    assert {"cti.bootstrap.service", "sqlalchemy", "aiohttp"} & _told(_WORDS) == set()


def test_the_shapes_of_answers_are_built_for_the_first_who_reads_the_document() -> None:
    assert _told(_SHAPES) == set()
