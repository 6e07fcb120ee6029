"""No telephone number leaves in a log, and nothing else is spoiled."""

import logging
from typing import Any

import pytest

from cti.bootstrap.logs import _MaskingFormatter, mask_number, mask_numbers

UUID = "6f1d2c3b-0000-4a5b-8c9d-123456789012"


def masked(**entry: Any) -> dict[str, Any]:
    return dict(mask_numbers(None, "info", {"event": "something_happened", **entry}))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0612345678", "······5678"),
        ("+33612345678", "······5678"),
        ("0033612345678", "······5678"),
        ("call of 0612345678.", "call of ······5678."),
        ("0612345678: refused", "······5678: refused"),
        ("sip:0612345678@10.0.0.5", "sip:······5678@10.0.0.5"),
        ("PJSIP/0612345678-0000002a", "PJSIP/······5678-0000002a"),
        ("from_0612345678", "from_······5678"),
        ("('0612345678', '0698765432')", "('······5678', '······5432')"),
        ("06 12 34 56 78", "······56 78"),
        ("06.12.34.56.78 rappelle", "······56.78 rappelle"),
        ("+33 6 12 34 56 78", "······56 78"),
    ],
)
def test_a_number_in_text_keeps_its_last_four_digits(text: str, expected: str) -> None:
    assert mask_number(text) == expected
    assert masked(why=text)["why"] == expected


@pytest.mark.parametrize(
    "text",
    [
        "15",
        "116117",
        "poste 1001",
        UUID,
        f"call {UUID} ended",
        "12345678-1234-1234-1234-123456789012",
        "1786350000.123",
        "uniqueid=1786350000.4",
        "2026-12-16T08:00:29.999Z",
        "1797408000000000",
        "2026-350-0001234",
        "10.12.14.16:5060",
        "sha 3f2504e04f8911d39a0c0305e82c3301",
        "01:02:03",
    ],
)
def test_what_is_no_number_is_left_alone(text: str) -> None:
    assert mask_number(text) == text


def test_nested_values_are_masked_too() -> None:
    class Odd:
        def __repr__(self) -> str:
            return "<Odd 0612345678>"

    entry = masked(
        calls=[{"caller": "0612345678", "call_id": UUID}, ("+33698765432",)],
        table={"0612345678": {"deep": ["0612345678"]}},
        error=ValueError("0612345678 is busy"),
        odd=Odd(),
    )
    assert entry["calls"] == [{"caller": "······5678", "call_id": UUID}, ["······5432"]]
    assert entry["table"] == {"······5678": {"deep": ["······5678"]}}
    assert "0612345678" not in repr(entry)


def test_identities_and_instants_stay() -> None:
    entry = {
        "event": "route_decided",
        "call_id": "123456789012",
        "at": 1_797_408_000_000_000,
        "waited": 123456789,
        "ok": True,
        "ratio": 0.5,
        "agent": None,
    }
    assert mask_numbers(None, "info", dict(entry)) == entry


def test_what_the_libraries_log_is_masked() -> None:
    record = logging.LogRecord("aiohttp", logging.ERROR, __file__, 1, "no route for %s", ("0612345678",), None)
    assert _MaskingFormatter("%(levelname)s %(message)s").format(record) == "ERROR no route for ······5678"
