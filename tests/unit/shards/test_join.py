"""Products side by side: joined by key, loud where they do not fit."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from tests.raw_pairs import scene
from tests.unit.shards.products import Members, sample, two_shards, write_product
from twinband.errors import InputError
from twinband.shards.join import open_products


def label(number: int) -> dict[str, bytes]:
    return {"json": f'{{"label": {number}}}'.encode()}


def labels() -> list[dict[str, Members]]:
    """A product of labels for ``two_shards``; that of ``c`` is absent."""
    return [{"a": label(1), "c": None, "e": label(5)}, {"b": label(2), "f": label(6)}]


def join(tmp_path: Path, other: list[dict[str, Members]], **options: object):  # type: ignore[no-untyped-def]
    write_product(tmp_path / "pairs", two_shards())
    write_product(tmp_path / "labels", other, "labels")
    products = {"pairs": tmp_path / "pairs", "labels": tmp_path / "labels"}
    return open_products(products, **options)  # type: ignore[arg-type]


def test_samples_are_joined_by_key_and_absent_labels_are_none(tmp_path: Path) -> None:
    dataset = join(tmp_path, labels())
    assert dataset.keys == ["a", "b", "c", "e", "f"] and len(dataset) == 5
    for item, seed in zip(dataset, (1, 2, 3, 5, 6), strict=True):
        rgb, thermal = scene(seed)
        np.testing.assert_array_equal(item["pairs"]["rgb"], rgb)
        np.testing.assert_array_equal(item["pairs"]["thermal"], thermal)
        assert item["pairs"]["json"] == {"seed": seed}
        wanted = None if item["key"] == "c" else {"json": {"label": seed}}
        assert item["labels"] == wanted


def test_slices_negative_indices_and_the_end(tmp_path: Path) -> None:
    dataset = join(tmp_path, labels())
    assert [item["key"] for item in dataset[1:4]] == ["b", "c", "e"]
    assert [item["key"] for item in dataset[::-2]] == ["f", "c", "a"]
    assert dataset[-1]["key"] == dataset[np.int64(4)]["key"] == "f"
    for index in (5, -6):
        with pytest.raises(IndexError):
            dataset[index]


def test_only_some_keys(tmp_path: Path) -> None:
    dataset = join(tmp_path, labels(), keys=["f", "a", "a"])
    assert dataset.keys == ["a", "f"]
    assert [item["labels"]["json"]["label"] for item in dataset] == [1, 6]
    assert dataset.column("pairs", "note").to_pylist() == ["note of a", "note of f"]


@pytest.mark.parametrize("keys", [["a", "nobody"], ["d"]])  # d is in the manifest, but absent
def test_unknown_keys_are_an_error(tmp_path: Path, keys: list[str]) -> None:
    with pytest.raises(InputError, match=keys[-1]):
        join(tmp_path, labels(), keys=keys)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("missing", "lacks 1 samples"),
        ("surplus", "has unknown 1 samples"),
        ("surplus_absent", "has unknown 1 samples"),
        ("moved", "moved 1 samples"),
    ],
)
def test_products_that_do_not_fit_fail_loudly(tmp_path: Path, change: str, message: str) -> None:
    first, second = labels()
    if change == "missing":
        del first["e"]
    elif change == "surplus":
        second["g"] = label(7)
    elif change == "surplus_absent":  # the pairs' manifest knows d, but has no such sample
        second = {"b": label(2), "d": label(4), "f": label(6)}
    else:
        second["z"] = first.pop("e")
        second["e"] = second.pop("z")
        second = dict(sorted(second.items()))
    with pytest.raises(InputError, match=message):
        join(tmp_path, [first, second])


def test_an_absent_label_may_be_of_no_pair(tmp_path: Path) -> None:
    first, second = labels()
    second = {"b": label(2), "d": None, "f": label(6)}
    assert len(join(tmp_path, [first, second])) == 5


def test_no_product_is_an_error() -> None:
    with pytest.raises(InputError):
        open_products({})


def test_a_sample_that_is_not_where_the_manifest_says_is_an_error(tmp_path: Path) -> None:
    dataset = join(tmp_path, labels())
    write_product(tmp_path / "pairs", [{"a": sample(9)}, {"b": sample(2)}])
    with pytest.raises(InputError, match="no sample 'c'"):
        dataset[2]


def test_a_dataset_travels_to_other_processes(tmp_path: Path) -> None:
    dataset = pickle.loads(pickle.dumps(join(tmp_path, labels())))
    assert [item["key"] for item in dataset] == ["a", "b", "c", "e", "f"]
