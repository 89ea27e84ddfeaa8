"""The stage ``label_pool``: lists the labels that a pretraining may learn from.

A model that learns from labels names this list, and no model names the products themselves: so new
labels train those models anew that use them, and no other.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from twinband.core.errors import MALFORMED, InputError
from twinband.core.params import Facts, StageParams
from twinband.pretraining.labels import KINDS, Kind, Labels
from twinband.shards.product import product_id

CLASSES = "classes.json"  # in a product of classes


class LabelPoolParams(StageParams):
    """The stage has no section of its own: it lists the labels of the datasets that are pooled.

    Attributes:
        pooled: datasets that may be pretrained on.
        labelled: datasets whose images are labelled.
    """

    derived: ClassVar[Mapping[str, str]] = {
        "pooled": "pool.datasets",
        "labelled": "pseudo_labels.items",
    }

    pooled: list[str]
    labelled: list[str]

    @property
    def datasets(self) -> list[str]:
        """List the datasets that are both, in order of name."""
        return sorted(set(self.pooled) & set(self.labelled))


class LabelPoolFacts(Facts):
    """facts/label_pool.json: images with a label, by kind and dataset, and the classes.

    Attributes:
        product: identity of the list.
    """

    images: dict[Kind, dict[str, int]]
    classes: list[str]
    product: str

    def headline(self) -> dict[str, float]:
        """Pick the numbers for metrics/."""
        totals = {f"{kind}_images": sum(by.values()) for kind, by in self.images.items()}
        return {**totals, "classes": len(self.classes)}


def list_labels(facts: Path, bases: Mapping[Kind, Path], datasets: Sequence[str]) -> Labels:
    """List the products of labels of ``datasets``, each of which must be that of its facts.

    Args:
        facts: holds ``DATASET.json`` of the stage ``pseudo_labels``.
        bases: by kind the folder that holds the product of each dataset.

    Raises:
        InputError: a product is not there yet or another one, or two name other classes.
    """
    products: dict[Kind, dict[str, str]] = {kind: {} for kind in KINDS}
    classes: dict[str, list[str]] = {}
    for name in datasets:
        recorded = _recorded(facts / f"{name}.json")
        for kind in KINDS:
            folder = bases[kind] / name
            if _identity(folder) != recorded[kind]:
                raise InputError(
                    f"{folder} is not what {facts / name}.json tells of: dvc checkout, or dvc repro"
                )
            products[kind][name] = recorded[kind]
        classes[name] = _classes(bases["semantics"] / name / CLASSES)
    for name, names in classes.items():
        if names != classes[datasets[0]]:
            raise InputError(
                f"labels of {name} have other classes than those of {datasets[0]} ({len(names)}"
                f" and {len(classes[datasets[0]])}): pool datasets with one annotator of classes"
            )
    return Labels(products=products, classes=classes[datasets[0]] if datasets else [])


def _identity(folder: Path) -> str | None:
    try:
        return product_id(folder)
    except OSError:
        return None


def _recorded(facts: Path) -> dict[Kind, str]:
    try:
        found = json.loads(facts.read_bytes())
        return {kind: str(found[kind]["product"]) for kind in KINDS}
    except (OSError, *MALFORMED) as error:
        raise InputError(f"{facts} is not there yet ({error!r}): dvc repro") from None


def _classes(path: Path) -> list[str]:
    try:
        return [str(name) for name in json.loads(path.read_bytes())["classes"]]
    except (OSError, *MALFORMED) as error:
        raise InputError(f"{path} names no classes ({error!r}): dvc repro") from None
