from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.recording.places import StemOutside, locate


def test_a_stem_gives_two_files(tmp_path: Path) -> None:
    legs = locate(str(tmp_path / "2026" / "abc"), tmp_path)
    assert (legs.caller, legs.agents) == (tmp_path / "2026" / "abc-caller.wav", tmp_path / "2026" / "abc-agents.wav")


def test_a_relative_stem_starts_at_the_root(tmp_path: Path) -> None:
    assert locate("2026/abc.d", tmp_path).caller == tmp_path / "2026" / "abc.d-caller.wav"


def test_the_pbx_may_see_the_folder_elsewhere(tmp_path: Path) -> None:
    assert locate("/var/spool/pbx/abc", tmp_path, "/var/spool/pbx").caller == tmp_path / "abc-caller.wav"
    assert locate(str(tmp_path / "abc"), tmp_path, "/var/spool/pbx").caller == tmp_path / "abc-caller.wav"


@pytest.mark.parametrize(
    "stem",
    [
        "",
        "/",
        ".",
        "..",
        "../abc",
        "a/../../abc",
        "/etc/passwd",
        "/var/spool/pbxother/abc",
        "/var/spool/pbx",
        "a/",
        "a\0b",
        "a\nb",
        "\ud800",
    ],
)
def test_a_stem_that_leads_elsewhere_is_refused(tmp_path: Path, stem: str) -> None:
    with pytest.raises(StemOutside):
        locate(stem, tmp_path, "/var/spool/pbx")


def test_the_root_itself_is_no_recording(tmp_path: Path) -> None:
    with pytest.raises(StemOutside):
        locate(str(tmp_path), tmp_path)


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    root, secret = tmp_path / "root", tmp_path / "secret"
    root.mkdir()
    secret.mkdir()
    (root / "way").symlink_to(secret)
    (root / "file-caller.wav").symlink_to(secret / "x.wav")
    for stem in ("way/abc", "file"):
        with pytest.raises(StemOutside, match="leads out"):
            locate(stem, root)


def test_links_that_lead_to_each_other_lead_nowhere(tmp_path: Path) -> None:
    (tmp_path / "a-caller.wav").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a-caller.wav")
    with pytest.raises(StemOutside, match="leads nowhere"):
        locate("a", tmp_path)


def test_a_root_that_is_a_link_is_a_root(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.mkdir()
    link.symlink_to(real)
    for stem in (link / "abc", real / "abc"):
        assert locate(str(stem), link).caller == real / "abc-caller.wav"


@given(st.text(alphabet=st.sampled_from("ab./ é\0"), max_size=12))
def test_no_stem_ever_leaves_the_root(stem: str) -> None:
    root = Path("nowhere/recordings").absolute()
    try:
        legs = locate(stem, root)
    except StemOutside:
        return
    assert legs.caller.is_relative_to(root)
    assert ".." not in legs.caller.parts
