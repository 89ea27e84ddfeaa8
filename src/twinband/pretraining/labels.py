"""The list of products of depth and classes that a pretraining may learn from."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from twinband.core.errors import InputError
from twinband.shards.product import to_json
from twinband.shards.sums import check_sums

LABELS = "labels.json"  # in the folder of the stage ``label_pool``
Kind = Literal["depth", "semantics"]
KINDS: tuple[Kind, ...] = ("depth", "semantics")


class Labels(BaseModel):
    """The contents of ``labels.json``.

    Attributes:
        products: identity of a product of labels, by kind and dataset.
        classes: names of the classes, by id, the same in all products; none without classes.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    products: dict[Kind, dict[str, str]]
    classes: list[str]

    def to_json(self) -> bytes:
        """Encode, equal labels as equal bytes."""
        return to_json(self.model_dump())


def read_labels(path: Path) -> Labels:
    """Read what the stage wrote, or a file that lists none.

    Args:
        path: the stage's folder, or a file such as ``data/labels/none.json``.

    Raises:
        InputError: it is missing, damaged, or something else.
    """
    file = path / LABELS if path.is_dir() else path
    if path.is_dir():
        check_sums(path, LABELS)
    try:
        return Labels.model_validate_json(file.read_bytes())
    except (OSError, ValidationError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{file} lists no labels ({reason}): dvc repro label_pool") from None
