"""Record stories again on the sandbox PBX: ``python -m tests.scenarios.record NAME...|all``.

Plays the script, writes ``session.ami`` (what our own link heard with the events login), ``cel.csv`` and ``queue_log`` (what
the PBX wrote by itself), ``people.csv`` (what SIPp says that people did) and ``expected.json`` (what our code makes of it), then
compares it with the truth of the script. A difference is printed and is never written away: either the code or the script is
wrong.
"""

import asyncio
import csv
import json
import logging
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import structlog

from cti.ami.recorded import Recorded, write_text_session
from tests.scenarios.reading import HERE, cel, expected, fold, session, summary
from tests.scenarios.repertoire import STORIES, Story
from tests.scenarios.scene import Scene, scene
from tests.scenarios.stories_of_local import LOCAL_STORIES

#: Where a site keeps the voice; the folder of this run is no part of the story.
_VOICE = "/var/spool/asterisk/sas"


async def record(story: Story) -> None:
    """Play one story and write its folder."""
    with tempfile.TemporaryDirectory(prefix="cti-story-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        async with scene(folder, story.phones, story.service) as played:
            await story.play(played)
            await played.until_quiet()
            people = [(who, process.folder / "messages.csv") for who, process in played.people]
        # Asterisk and SIPp have ended: their files are whole.
        _write(story, played, people)


def _write(story: Story, played: Scene, people: list[tuple[str, Path]]) -> None:
    target = HERE / story.name
    target.mkdir(parents=True, exist_ok=True)
    ours = str(played.site.recordings).encode()
    records = [Recorded(r.frame_bytes.replace(ours, _VOICE.encode()), r.received_at, 1) for r in played.records]
    write_text_session(target / "session.ami", _calls_only(records), story.told)
    log = (played.site.pbx / "log" / "cel-custom" / "cti-cel.csv").read_bytes()
    (target / "cel.csv").write_bytes(log.replace(ours, _VOICE.encode()))
    (target / "queue_log").write_bytes((played.site.pbx / "log" / "queue_log").read_bytes())
    with (target / "people.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("at", "person", "direction", "dialog", "cseq", "message"))
        writer.writerows(row for who, path in people for row in _messages(who, path))


def _calls_only(records: list[Recorded]) -> Iterator[Recorded]:
    yield from (r for r in records if r.frame().event not in {"FullyBooted", "SuccessfulAuth", "Reload"})


def _messages(who: str, path: Path) -> Iterator[tuple[object, ...]]:
    """SIPp's short trace: instant, dialog, direction, CSeq and first line of each message."""
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        words = line.split("\t")
        if len(words) != 7:
            raise ValueError(f"{path}: {line!r} is no line of SIPp's short trace")
        _day, _hour, epoch, direction, dialog, cseq, message = words
        yield epoch.replace(".", ""), who, direction, dialog, cseq.removeprefix("CSeq:"), message


def expect(story: Story) -> list[str]:
    """Write `expected.json` from the recording; the differences with the truth of the script."""
    session.cache_clear()
    cel.cache_clear()
    folded = fold(session(story.name))
    text = _one_line_each(json.dumps(expected(folded), ensure_ascii=False, indent=1))
    (HERE / story.name / "expected.json").write_text(text + "\n", encoding="utf-8")
    told = [(j.outcome, summary(j), j.abandon_phase, j.lost_waiting) for j in folded.calls]
    true = [(t.outcome, t.stages, t.phase, t.lost_waiting) for t in story.truths]
    return [] if told == true else [f"{story.name}: people lived {true}", f"{story.name}: we tell       {told}"]


def _one_line_each(text: str) -> str:
    """An innermost object is read on one line."""
    return re.sub(r"\{[^{}]*\}", lambda found: re.sub(r"\n *", " ", found[0]).replace("{ ", "{").replace(" }", "}"), text)


def main(words: list[str]) -> int:
    """The command; `--expected` only makes `expected.json` again from what is recorded."""
    again = "--expected" not in words
    names = [word for word in words if not word.startswith("-")]
    stories = {**STORIES, **LOCAL_STORIES}
    unknown = [name for name in names if name not in stories and name != "all"]
    if unknown or not names:
        print(f"unknown: {unknown}; stories: {', '.join(stories)}", file=sys.stderr)
        return 2
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    wrong: list[str] = []
    for story in stories.values() if "all" in names else [stories[name] for name in names]:
        if again:
            asyncio.run(record(story))
        wrong += expect(story)
        print(f"{story.name}: {len(session(story.name))} frames, {len(cel(story.name))} CEL rows", flush=True)
    print(*wrong, sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
