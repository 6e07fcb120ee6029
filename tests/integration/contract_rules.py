"""What schemathesis is told of this API beside its document: loaded by it (``SCHEMATHESIS_HOOKS``), in a process of its own."""

import json
from datetime import datetime

import schemathesis
from hypothesis import strategies as st

# Instants are refused outside 1990-2200 (a year that was mistyped must not ask for everything), which JSON Schema cannot say.
_INSTANTS = st.builds(
    lambda at, fraction, zone: f"{at:%Y-%m-%dT%H:%M:%S}{fraction}{zone}",
    st.datetimes(min_value=datetime(1991, 1, 1), max_value=datetime(2199, 1, 1)),  # noqa: DTZ001
    st.sampled_from(("", ".5", ".123", ".123456")),
    st.sampled_from(("Z", "+00:00", "+01:00", "-10:00")),
)
schemathesis.openapi.format("date-time", _INSTANTS)


@schemathesis.check
def refused_by_a_rule_only(_ctx: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case) -> None:
    """What the document allows is never refused as malformed: a 422 then names a rule of the trade, and no field (``erreurs``).

    ``positive_data_acceptance`` takes 422 for an acceptance, because a body that is well formed may still name a filière that
    is closed or a period that ends before it begins; here is where it stays sharp.
    """
    if case.meta is None or not case.meta.generation.mode.is_positive or response.status_code not in (400, 422):
        return
    told = json.loads(response.content)
    assert not told.get("erreurs"), f"{response.status_code} {told['detail']}"
