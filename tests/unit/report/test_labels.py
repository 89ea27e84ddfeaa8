"""The section on labels, from made-up stages."""

from pathlib import Path

import pytest

from tests.made.report import write_inputs, write_json
from twinband.core.errors import InputError
from twinband.masks.facts import MaskFacts
from twinband.pseudo_labels.facts import PseudoLabelFacts
from twinband.report import sections
from twinband.report.read import Shown, read_shown


def read(root: Path, *names: str) -> tuple[list[Shown[MaskFacts]], list[Shown[PseudoLabelFacts]]]:
    paths = write_inputs(root, names)
    facts, plots = paths["facts"], paths["plots"]
    return (
        [read_shown(MaskFacts, name, facts, plots, "sam_masks") for name in names],
        [read_shown(PseudoLabelFacts, name, facts, plots, "pseudo_labels") for name in names],
    )


def test_scores_stand_by_hour_and_agreement_where_no_truth_is(tmp_path: Path) -> None:
    html = sections.labels_section(*read(tmp_path, "kaist", "llvip")).html
    for figure in ("0.688", "0.113", "0.562", "0.875", "0.950"):
        assert figure in html, figure
    assert html.index("day</th>") < html.index("night</th>") < html.index("overall</th>")


def test_pictures_of_an_hour_stand_side_by_side(tmp_path: Path) -> None:
    html = sections.labels_section(*read(tmp_path, "kaist")).html
    captions = ("RGB", "thermal", "masks of RGB", "masks of thermal", "depth, near is dark")
    places = [html.index(f'alt="kaist, day: {caption}"') for caption in (*captions, "classes")]
    assert places == sorted(places)
    assert places[-1] < html.index('alt="kaist, night: RGB"')
    assert 'alt="Colours of the classes"' in html


def test_only_datasets_with_both_have_a_gallery(tmp_path: Path) -> None:
    masks, pseudo = read(tmp_path, "kaist", "llvip")
    html = sections.labels_section(masks[:1], pseudo).html
    assert 'id="labels-kaist"' in html.replace("kaist-labels", "labels-kaist")
    assert "llvip, day: RGB" not in html and "kaist, day: RGB" in html


def test_a_profile_without_labels_says_so() -> None:
    assert "No dataset was labelled" in sections.labels_section([], []).html


def test_a_spoilt_file_names_the_stage_that_makes_it(tmp_path: Path) -> None:
    paths = write_inputs(tmp_path, ("kaist",))
    write_json(paths["facts"] / "sam_masks/kaist.json", {"pairs": 3})
    with pytest.raises(InputError, match="dvc repro -f -s sam_masks@kaist"):
        read_shown(MaskFacts, "kaist", paths["facts"], paths["plots"], "sam_masks")
