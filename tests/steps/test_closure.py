"""Which files a step imports, and imports that would hide some."""

from pathlib import Path

import pytest

from tests.contract.closure import import_closure
from tests.made.raw_pairs import write


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    files = {
        "pipeline_steps/__init__.py": "",
        "pipeline_steps/stage.py": "",
        "src/twinband/__init__.py": "",
        "src/twinband/errors.py": "",
        "src/twinband/images.py": "import numpy\nfrom twinband.core.errors import BadSample",
        "src/twinband/shards/__init__.py": "from twinband._lazy import lazy\nWriter = lazy()",
        "src/twinband/shards/write.py": "from twinband import images",
        "src/twinband/shards/read.py": "",
        "src/twinband/shards/deep/__init__.py": "",
        "src/twinband/shards/deep/er.py": "import twinband.shards.read",
        "src/twinband/unused.py": "",
        "src/twinband/_lazy.py": "",
        "src/other/images.py": "",
    }
    for name, text in files.items():
        write(tmp_path / name, text.encode())
    return tmp_path


def closure(tree: Path, code: str) -> list[str]:
    """The closure of a step with this code, without ``src/twinband/`` and the step itself."""
    (tree / "pipeline_steps" / "stage.py").write_text(code)
    found = import_closure(tree, ["pipeline_steps.stage"])
    assert found == sorted(found) and "pipeline_steps/stage.py" in found
    return [
        name.removeprefix("src/twinband/") for name in found if name != "pipeline_steps/stage.py"
    ]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("", []),
        ("import twinband", []),
        ("import os, numpy.linalg, other.images", []),
        ("import twinband.core.images", ["errors.py", "images.py"]),
        ("import twinband.core.images as pictures", ["errors.py", "images.py"]),
        ("from twinband import images as pictures, errors", ["errors.py", "images.py"]),
        ("from twinband.shards import read", ["shards/read.py"]),
        ("from twinband.shards.read import anything", ["shards/read.py"]),
        ("from twinband.shards.write import x", ["errors.py", "images.py", "shards/write.py"]),
        ("from twinband.shards.deep import er", ["shards/deep/er.py", "shards/read.py"]),
        ("from images import x\nfrom errors import y", []),
        (
            "def f():\n  if True:\n    import twinband.shards.read as r\n"
            "class A:\n  from twinband import errors",
            ["errors.py", "shards/read.py"],
        ),
        ("try:\n  import twinband.core.errors\nexcept ImportError:\n  pass", ["errors.py"]),
    ],
)
def test_every_way_of_importing_is_seen(tree: Path, code: str, expected: list[str]) -> None:
    assert closure(tree, code) == expected


def test_templates_beside_a_module_are_part_of_it(tree: Path) -> None:
    write(tree / "src/twinband/shards/templates/page.html", b"")
    write(tree / "src/twinband/shards/templates/parts/style.css", b"")
    assert closure(tree, "from twinband.shards import read") == [
        "shards/read.py",
        "shards/templates/page.html",
        "shards/templates/parts/style.css",
    ]
    assert closure(tree, "from twinband import errors") == ["errors.py"]


def test_cycles_end(tree: Path) -> None:
    write(tree / "src/twinband/a.py", b"import twinband.b")
    write(tree / "src/twinband/b.py", b"def f():\n  from twinband.a import x")
    assert closure(tree, "from twinband.a import x") == ["a.py", "b.py"]


@pytest.mark.parametrize(
    "code",
    [
        "from twinband.shards import Writer",
        "from twinband.shards import *",
        "from twinband import Model",
        "from . import other",
        "from .shards import read",
        "from pipeline_steps import anything",
        "from twinband import shards",
    ],
)
def test_imports_that_hide_a_file_are_refused(tree: Path, code: str) -> None:
    with pytest.raises(ImportError, match=r"pipeline_steps\.stage"):
        closure(tree, code)
