from pathlib import Path

import pytest

from tests.unit.annotators.labelled import WITHOUT, without_thermal
from tests.unit.sparsity.made_up import pair, write_dataset
from twinband.annotators.examples import example_keys, hours_of
from twinband.errors import InputError


def test_the_first_pair_of_each_hour(tmp_path: Path) -> None:
    one = {"d": pair(1, "night"), "e": pair(2)}
    two = {"a": pair(3, "fog"), "b": pair(4, "night"), "c": pair(5, "day"), "f": pair(6, "day")}
    examples = example_keys(*write_dataset(tmp_path, one, two))
    assert list(examples.items()) == [
        ("day", "c"), ("night", "b"), ("fog", "a"), ("unknown", "e")
    ]  # fmt: skip
    assert hours_of(tmp_path / "pairs")["e"] == "unknown"


def test_pairs_without_thermal_are_no_examples(tmp_path: Path) -> None:
    assert example_keys(*write_dataset(tmp_path, {"a": without_thermal(1)}, **WITHOUT)) == {}


def test_what_is_no_product(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no finished product"):
        example_keys(tmp_path, tmp_path)
