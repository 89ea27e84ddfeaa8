"""Labels of pooled datasets: what is listed is what was made, with one set of classes."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.made.products import write_product
from twinband.core.errors import InputError
from twinband.core.params import stage_params
from twinband.label_pool import LabelPoolParams, list_labels
from twinband.pretraining.labels import KINDS, Kind, Labels, read_labels
from twinband.shards.product import product_id


def write_labels(root: Path, name: str, classes: Sequence[str]) -> dict[str, str]:
    """Both products of a dataset, and the facts that tell of them."""
    identities: dict[str, str] = {}
    for kind in KINDS:
        write_product(root / kind / name, [{"a": {"json": name.encode()}}], kind)
        identities[kind] = product_id(root / kind / name)
    (root / "semantics" / name / "classes.json").write_text(json.dumps({"classes": classes}))
    (root / "facts").mkdir(exist_ok=True)
    facts = {kind: {"product": identity} for kind, identity in identities.items()}
    (root / "facts" / f"{name}.json").write_text(json.dumps(facts))
    return identities


def listed(root: Path, *names: str) -> Labels:
    bases: dict[Kind, Path] = {kind: root / kind for kind in KINDS}
    return list_labels(root / "facts", bases, names)


def test_datasets_that_are_pooled_and_labelled_are_listed() -> None:
    data = {"pool": {"datasets": ["b", "a"]}, "pseudo_labels": {"items": {"c": {}, "a": {}}}}
    _, params = stage_params(LabelPoolParams, data, "label_pool", None)
    assert params.datasets == ["a"]


def test_labels_are_listed_with_their_identities_and_classes(tmp_path: Path) -> None:
    identities = {name: write_labels(tmp_path, name, ["road", "sky"]) for name in ("b", "a")}
    labels = listed(tmp_path, "a", "b")
    assert labels.classes == ["road", "sky"]
    assert labels.products == {kind: {n: identities[n][kind] for n in "ab"} for kind in KINDS}
    file = tmp_path / "labels.json"
    file.write_bytes(labels.to_json())
    assert read_labels(file) == labels
    assert listed(tmp_path) == Labels(products={kind: {} for kind in KINDS}, classes=[])


def test_classes_of_different_annotators_are_not_mixed(tmp_path: Path) -> None:
    write_labels(tmp_path, "a", ["road", "sky"])
    write_labels(tmp_path, "b", ["sky", "road"])
    with pytest.raises(InputError, match="labels of b have other classes than those of a"):
        listed(tmp_path, "a", "b")


def test_a_product_that_is_not_that_of_its_facts_is_refused(tmp_path: Path) -> None:
    write_labels(tmp_path, "a", ["road"])
    write_product(tmp_path / "depth/a", [{"b": {"json": b"{}"}}], "depth")
    with pytest.raises(InputError, match=r"depth/a is not what .*facts/a\.json tells of"):
        listed(tmp_path, "a")


@pytest.mark.parametrize("facts", ["", "[]", '{"depth": {}}', '{"depth": 1, "semantics": 2}'])
def test_damaged_facts_are_told(tmp_path: Path, facts: str) -> None:
    write_labels(tmp_path, "a", ["road"])
    (tmp_path / "facts/a.json").write_text(facts)
    with pytest.raises(InputError, match=r"facts/a\.json"):
        listed(tmp_path, "a")


@pytest.mark.parametrize("text", ["", "{}", '{"products": {"masks": {}}, "classes": []}'])
def test_a_file_that_lists_nothing_is_no_list(tmp_path: Path, text: str) -> None:
    (tmp_path / "none.json").write_text(text)
    with pytest.raises(InputError, match=r"none\.json lists no labels .*dvc repro label_pool"):
        read_labels(tmp_path / "none.json")
