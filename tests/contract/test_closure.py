"""The closure that contract tests trust sees every way in which code reaches other code."""

from pathlib import Path

import pytest

from tests.contract.closure import reached
from tests.made.raw_pairs import write

FILES = {
    "pipeline_steps/__init__.py": "",
    "src/twinband/__init__.py": "X = 1",
    "src/twinband/core/__init__.py": "",
    "src/twinband/core/errors.py": "",
    "src/twinband/core/images.py": "import numpy\nfrom twinband.core.errors import BadSample",
    "src/twinband/shards/__init__.py": '"""A docstring."""',
    "src/twinband/shards/write.py": "from twinband.core import images",
    "src/twinband/shards/read.py": "",
    "src/twinband/busy/__init__.py": "from twinband.shards import read",
    "src/twinband/busy/work.py": "",
    "src/twinband/arms/random.py": "from twinband.shards import read",
    "src/twinband/unused.py": "",
}
IMAGES = ["core/errors.py", "core/images.py"]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        write(tmp_path / name, text.encode())
    return tmp_path


def files(tree: Path, code: str) -> list[str]:
    """List what a step with this code reaches, without ``src/twinband/`` and the step itself."""
    (tree / "pipeline_steps" / "stage.py").write_text(code)
    names = reached(tree, ["pipeline_steps.stage"]).files
    assert list(names) == sorted(names) and "pipeline_steps/stage.py" in names
    return [name.removeprefix("src/twinband/") for name in names if name.startswith("src/")]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("", []),
        ("import os, numpy.linalg, other.images", []),
        ("import twinband.core.images", IMAGES),
        ("import twinband.core.images as pictures", IMAGES),
        ("from twinband.core import images as pictures, errors", IMAGES),
        ("from twinband.shards.read import anything", ["shards/read.py"]),
        ("from twinband.shards.write import x", [*IMAGES, "shards/write.py"]),
        ("from twinband.busy import work", ["busy/__init__.py", "busy/work.py", "shards/read.py"]),
        (
            "def f():\n  if True:\n    import twinband.shards.read as r\n"
            "class A:\n  from twinband.core import errors",
            ["core/errors.py", "shards/read.py"],
        ),
        ("try:\n  import twinband.core.errors\nexcept ImportError:\n  pass", ["core/errors.py"]),
        ("import importlib\nimportlib.import_module('twinband.shards.read')", ["shards/read.py"]),
        (
            "import importlib\nTABLE = {'a': ('twinband.shards.read', 'A')}\n"
            "importlib.import_module(TABLE['a'][0])",
            ["shards/read.py"],
        ),
    ],
)
def test_every_way_of_importing_is_seen(tree: Path, code: str, expected: list[str]) -> None:
    assert files(tree, code) == expected


@pytest.mark.parametrize(
    "code",
    [
        "import importlib\ndef f(n):\n  importlib.import_module(f'twinband.arms.{n}')",
        "import importlib\nARMS = 'twinband.arms'\n"
        "def f(n):\n  importlib.import_module(f'{ARMS}.{n}')",
    ],
)
def test_a_folder_of_plug_ins_that_is_opened_by_name_is_told(tree: Path, code: str) -> None:
    (tree / "pipeline_steps" / "stage.py").write_text(code)
    code_reached = reached(tree, ["pipeline_steps.stage"])
    assert code_reached.plug_ins == ("src/twinband/arms",)
    assert code_reached.files == ("pipeline_steps/stage.py",)


def test_templates_beside_a_module_are_part_of_it(tree: Path) -> None:
    write(tree / "src/twinband/shards/templates/page.html", b"")
    write(tree / "src/twinband/shards/templates/parts/style.css", b"")
    assert files(tree, "from twinband.shards import read") == [
        "shards/read.py",
        "shards/templates/page.html",
        "shards/templates/parts/style.css",
    ]


def test_cycles_end(tree: Path) -> None:
    write(tree / "src/twinband/core/a.py", b"import twinband.core.b")
    write(tree / "src/twinband/core/b.py", b"def f():\n  from twinband.core.a import x")
    assert files(tree, "from twinband.core.a import x") == ["core/a.py", "core/b.py"]


def test_a_relative_import_is_refused(tree: Path) -> None:
    with pytest.raises(AssertionError, match="relative import"):
        files(tree, "from . import other")
