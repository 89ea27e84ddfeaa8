"""Images that no rule of a layout took, in the report's section of datasets."""

import re
from pathlib import Path

import pytest

from tests.made.report import write_inputs
from twinband.report.read import read_dataset
from twinband.report.sections import datasets_section


@pytest.mark.parametrize(
    ("untaken", "said"),
    [
        (None, ""),
        ({"visible/*.JPG": 1}, "1 image below its root of no pair"),
        ({"visible/*.JPG": 1}, "takes them: visible/*.JPG 1"),
        ({"a/*.JPG": 2, "b/*.png": 1200}, "1\u202f202 images below its root of no pair"),
        ({"a/*.JPG": 2, "b/*.png": 12}, "takes them: b/*.png 12, a/*.JPG 2"),
        ({f"{n}/*.png": 10 - n for n in range(8)}, "4/*.png 6, 5/*.png 5, …"),
        ({"<b>/*.png": 3}, "takes them: <b>/*.png 3"),
    ],
)
def test_they_are_counted_by_folder(
    tmp_path: Path, untaken: dict[str, int] | None, said: str
) -> None:
    paths = write_inputs(tmp_path, ("kaist",))
    dataset = read_dataset("kaist", paths["facts"], paths["plots"], paths["left_out"])
    facts = dataset.facts.model_copy(update={"untaken": untaken})
    shown = type(dataset)(dataset.name, facts, dataset.pictures, dataset.left_out)
    html = datasets_section([shown], 0).html
    assert "<b>/*" not in html
    text = re.sub(r"</?(code|p)[^>]*>", "", str(html)).replace("&lt;", "<").replace("&gt;", ">")
    assert said in text if said else "no pair, since" not in text
