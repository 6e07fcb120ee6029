"""The CEL log on disk: rows, bad rows, the tail of a long log, a log that is still being written."""

import csv
import io
from pathlib import Path

import pytest

from cti.ami.translate.cel import COLUMNS, UnreadableRow, parse_row, rows_since

SECOND = 1_000_000
T0 = 1_797_408_000


def line(at: float, kind: str = "CHAN_START", extra: str = "", **columns: str) -> str:
    values = {"eventtype": kind, "eventtime": f"{at:.6f}", "uniqueid": "1.0", "linkedid": "1.0", "extra": extra, **columns}
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow([values.get(name, "") for name in COLUMNS])
    return text.getvalue()


def read(path: Path, since: int = 0) -> tuple[list[str], list[str]]:
    troubles: list[str] = []
    return [row.kind for row in rows_since(path, since, troubles)], troubles


def test_a_row() -> None:
    fields = ["ANSWER", "1797408000.5", "1.1", "1.0", "PJSIP/arm01-1", "arm01", "s", "sas-postes", "AppQueue", "d", "", "", ""]
    row = parse_row(fields, "here")
    assert (row.kind, row.at, row.uniqueid, row.linkedid) == ("ANSWER", T0 * SECOND + 500_000, "1.1", "1.0")
    assert (row.channel, row.caller, row.exten, row.context, row.app, row.data) == tuple(fields[4:10])
    assert row.extra == {}
    assert row.words(2) == ["", ""]


@pytest.mark.parametrize(
    ("extra", "told", "words"),
    [
        ('{"extra":"u-1|n1","n":17}', {"extra": "u-1|n1", "n": "17"}, ["u-1", "n1", ""]),
        ("u-1|n1|a|b", {"extra": "u-1|n1|a|b"}, ["u-1", "n1", "a"]),
        ("{torn", {"extra": "{torn"}, ["{torn", "", ""]),
        ('{"extra": 1}', {"extra": "1"}, ["1", "", ""]),
    ],
)
def test_extra_is_json_or_text(extra: str, told: dict[str, str], words: list[str]) -> None:
    row = parse_row(["SAS_ROUTE", f"{T0}.0", *[""] * 10, extra], "here")
    assert row.extra == told
    assert row.words(3) == words


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        (["ANSWER", f"{T0}.0"], "here: 2 fields instead of 13"),
        (["ANSWER", "yesterday", *[""] * 11], "here: eventtime 'yesterday' is not seconds.microseconds"),
        (["ANSWER", "", *[""] * 11], "here: eventtime '' is not seconds.microseconds"),
        (["ANSWER", ".5", *[""] * 11], "here: eventtime '.5' is not seconds.microseconds"),
        (["ANSWER", "²", *[""] * 11], "here: eventtime '²' is not seconds.microseconds"),
    ],
)
def test_a_bad_row_is_named(fields: list[str], why: str) -> None:
    with pytest.raises(UnreadableRow) as caught:
        parse_row(fields, "here")
    assert str(caught.value) == why


def test_a_bad_row_is_passed_over_and_the_others_are_read(tmp_path: Path) -> None:
    log = tmp_path / "cti-cel.csv"
    log.write_text(f"{line(T0)}garbage\n\n{line(T0 + 1, 'ANSWER')}", encoding="utf-8")
    kinds, troubles = read(log)
    assert kinds == ["CHAN_START", "ANSWER"]
    assert troubles == ["cti-cel.csv: row 2 of the tail read: 1 fields instead of 13"]
    assert [row.kind for row in rows_since(log, 0)] == kinds


@pytest.mark.parametrize("kept", [1, 3, 20, 60, -2, -1])
def test_a_row_torn_at_the_end_is_not_believed(tmp_path: Path, kept: int) -> None:
    log = tmp_path / "cti-cel.csv"
    torn = line(T0 + 1, "HANGUP", '{"hangupcause":16}')[:kept]
    log.write_text(line(T0) + torn, encoding="utf-8")
    kinds, troubles = read(log)
    assert kinds == ["CHAN_START"]
    assert troubles == [f"cti-cel.csv: the last row is torn: {torn.encode()[:80]!r}"]
    log.write_text(line(T0) + line(T0 + 1, "HANGUP"), encoding="utf-8")
    assert read(log) == (["CHAN_START", "HANGUP"], [])


def test_a_log_that_does_not_exist_is_said(tmp_path: Path) -> None:
    assert read(tmp_path / "cti-cel.csv") == ([], ["cti-cel.csv: no such file"])
    assert list(rows_since(tmp_path / "cti-cel.csv", 0)) == []


def test_an_empty_log(tmp_path: Path) -> None:
    log = tmp_path / "cti-cel.csv"
    log.write_bytes(b"")
    assert read(log) == ([], [])


def test_rows_before_the_instant_are_left_out(tmp_path: Path) -> None:
    log = tmp_path / "cti-cel.csv"
    log.write_text(line(T0, "A") + line(T0 + 1, "B") + line(T0 + 2, "C"), encoding="utf-8")
    assert read(log, (T0 + 1) * SECOND)[0] == ["B", "C"]


def test_a_quoted_line_end_does_not_break_a_row(tmp_path: Path) -> None:
    log = tmp_path / "cti-cel.csv"
    log.write_text(line(T0, appdata='a "b",\nc') + line(T0 + 1, "ANSWER"), encoding="utf-8")
    assert read(log) == (["CHAN_START", "ANSWER"], [])


def test_only_the_tail_of_a_long_log_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """50 MB, a day of a large SAS: the last minute costs a few blocks."""
    log = tmp_path / "cti-cel.csv"
    row = line(T0, appdata="x" * 100)
    rows = 50_000_000 // len(row)
    with log.open("w", encoding="utf-8") as file:
        for start in range(0, rows, 10_000):
            file.write("".join(line(T0 + n / 10, appdata="x" * 100) for n in (start,)) * 10_000)
        file.writelines(line(T0 + rows + n, "LATE") for n in range(5_000))
    read_bytes = 0
    real_open = Path.open

    def counting(path: Path, *args: object, **kwargs: object) -> object:
        file = real_open(path, *args, **kwargs)  # type: ignore[call-overload]
        real_read = file.read

        class Counting:
            def __enter__(self) -> "Counting":
                return self

            def __exit__(self, *_: object) -> None:
                file.close()

            def seek(self, *where: int) -> int:
                return int(file.seek(*where))

            def read(self, size: int = -1) -> bytes:
                nonlocal read_bytes
                data: bytes = real_read(size)
                read_bytes += len(data)
                return data

        return Counting()

    monkeypatch.setattr(Path, "open", counting)
    kinds, troubles = read(log, (T0 + rows) * SECOND)
    assert (set(kinds), len(kinds), troubles) == ({"LATE"}, 5_000, [])
    assert log.stat().st_size > 50_000_000
    assert read_bytes < 2_000_000
