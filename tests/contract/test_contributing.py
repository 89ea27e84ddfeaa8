"""The examples of CONTRIBUTING.md work as printed."""

import re
from pathlib import Path

import cv2
import numpy as np

from tests.contract.conftest import ROOT
from twinband.readers._base import Entry, Options, Problem
from twinband.readers._files import open_files


def test_the_example_reader_finds_pairs(tmp_path: Path) -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    names: dict[str, object] = {}
    exec(compile(code, "CONTRIBUTING.md", "exec"), names)
    for name in ("a_v.png", "a_t.png", "b_v.png"):
        cv2.imwrite(str(tmp_path / name), np.zeros((32, 32), np.uint8))
    layout = names["Layout"](open_files(str(tmp_path)), Options())  # type: ignore[operator]
    pair, lonely = layout.scan()
    assert isinstance(pair, Entry) and pair.name == "a"
    assert isinstance(lonely, Problem) and lonely.reason == "missing_partner"
