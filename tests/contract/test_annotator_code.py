"""The code that a kept label depends on is all of the code that makes it."""

from pathlib import PurePosixPath

import pytest

from pipeline_steps import pseudo_labels, sam_masks
from tests.contract.closure import reached
from tests.contract.conftest import ROOT

ANNOTATORS = sorted(path.stem for path in (ROOT / "src/twinband/annotators").glob("*.py"))
# Code that annotators reach and that changes no label.
HARMLESS = {
    "src/twinband/core/errors.py": "messages",
    "src/twinband/core/outside.py": "which files are read at all; of an image all or nothing",
    "src/twinband/core/names.py": "which names and paths are allowed",
    "src/twinband/core/params.py": "parameters are part of the fingerprint by their values",
    "src/twinband/shards/sums.py": "checksums of weights, which say no more than theirs",
    "src/twinband/shards/write.py": "the way in which files are written",
    "src/twinband/weights.py": "weights are part of the fingerprint by their SHA-256",
}


def uncovered(modules: list[str], code: tuple[str, ...]) -> set[str]:
    """Files that ``modules`` reach, neither in ``code`` nor harmless."""
    return {
        path
        for path in reached(ROOT, modules).files
        if path not in HARMLESS and not {path, *map(str, PurePosixPath(path).parents)} & set(code)
    }


def test_a_mask_depends_on_the_code_that_finds_it() -> None:
    assert not uncovered(["twinband.masks.annotator"], sam_masks.ANNOTATOR_CODE)
    assert uncovered(["twinband.masks.annotator"], ("src/twinband/masks/annotator.py",))


@pytest.mark.parametrize("name", ANNOTATORS)
def test_a_pseudo_label_depends_on_the_code_that_makes_it(name: str) -> None:
    modules = ["twinband.pseudo_labels.annotator", f"twinband.annotators.{name}"]
    code = (*pseudo_labels.ANNOTATOR_CODE, f"src/twinband/annotators/{name}.py")
    assert not uncovered(modules, code)


def test_no_code_is_named_that_makes_no_label() -> None:
    annotators = [f"twinband.annotators.{name}" for name in ANNOTATORS]
    reached_by_any: set[str] = set()
    for modules, code in (
        (["twinband.masks.annotator"], sam_masks.ANNOTATOR_CODE),
        (["twinband.pseudo_labels.annotator", *annotators], pseudo_labels.ANNOTATOR_CODE),
    ):
        files = reached(ROOT, modules).files
        for path in code:
            assert any(file == path or file.startswith(f"{path}/") for file in files), path
        reached_by_any.update(files)
    assert reached_by_any >= HARMLESS.keys()
