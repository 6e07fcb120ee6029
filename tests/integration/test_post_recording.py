"""What an agent and a colleague at his post say about a caller is in the files of that consultation, and nothing after it."""

from pathlib import Path

import pytest

from tests.integration.dialplan_people import heard_seconds
from tests.scenarios.repertoire import STORIES
from tests.scenarios.scene import scene

pytestmark = [pytest.mark.pbx, pytest.mark.timeout(120)]


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [("consult_colleague_by_his_post_returned", 2.0, 3.2), ("consult_colleague_by_his_post_completed", 0.4, 1.5)],
    ids=["taken back", "joined to the caller"],
)
async def test_both_are_heard_until_it_ends(tmp_path: Path, name: str, least: float, most: float) -> None:
    story = STORIES[name]
    async with scene(tmp_path, story.phones, story.service) as played:
        await story.play(played)
        await played.until_quiet()
        files = sorted(Path(played.site.recordings).rglob("*-poste*.wav"))
        assert [path.stem.rpartition("-")[2] for path in files] == ["agents", "caller"]
        for path in files:
            assert least < heard_seconds(path, 440) < most, path.name
