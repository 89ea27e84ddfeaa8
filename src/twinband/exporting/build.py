"""Export of a registered dataset in one of the forms that people train from."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from twinband.core.errors import InputError
from twinband.exporting.coco import Coco
from twinband.exporting.fiftyone import FiftyOne
from twinband.exporting.folder import Form, exported_folder
from twinband.exporting.pair_files import PairFiles, Pairs
from twinband.exporting.yolo import Yolo
from twinband.shards.product import product_id

FORMS: dict[str, Callable[[Path, str, Sequence[str], Sequence[str]], Form]] = {
    "coco": Coco,
    "yolo": Yolo,
    "yolo-oriented": partial(Yolo, oriented=True),
    "fiftyone": FiftyOne,
}


@dataclass(frozen=True, slots=True)
class Export:
    """A finished export.

    Attributes:
        pairs: number of pairs by split.
        classes: of the dataset, in the order of their ids.
        objects: number of objects on each modality that anybody labelled.
        remarks: in plain words, with counts.
    """

    pairs: dict[str, int]
    classes: list[str]
    objects: dict[str, int]
    remarks: list[str]


def export(
    pairs: Path,
    registered: Path,
    out: Path,
    form: str,
    *,
    modalities: Sequence[str],
    splits: Sequence[str] = (),
    overwrite: bool = False,
    track: Callable[[Iterable[PairFiles], int], Iterable[PairFiles]] = lambda read, total: read,
) -> Export:
    """Write a dataset's images and labels, on one grid, into the folder ``out``.

    Equal products give equal bytes. Pairs of the training split that registration dropped from
    training are left out.

    Args:
        pairs: the product ``pairs`` of the dataset.
        registered: the product ``registered``.
        form: one of ``FORMS``.
        splits: those that are wanted; empty for all.
        overwrite: replace an earlier export.
        track: goes through the pairs and shows how far it is, such as ``tqdm``.

    Raises:
        InputError: a product is not there or damaged, there is no such split, or ``out`` is not
            free.
    """
    found = Pairs(pairs, registered, splits)
    counts = found.splits()
    missing = sorted(set(splits) - counts.keys())
    if missing or not counts:
        there = ", ".join(Pairs(pairs, registered).splits()) or "none"
        wanted = f" of the split {', '.join(missing)}" if missing else ""
        raise InputError(f"{pairs}: no pair{wanted} to export (its splits: {there})")
    classes = found.classes()
    about = {
        "form": form,
        "dataset": pairs.name,
        "products": {"pairs": product_id(pairs), "registered": product_id(registered)},
        "modalities": list(modalities),
        "pairs": counts,
        "classes": classes,
    }
    objects: dict[str, int] = {}
    absent = unlabelled = 0
    with exported_folder(out, about, overwrite) as folder:
        written = FORMS[form](folder, pairs.name, classes, modalities)
        for pair in track(found.read(modalities), len(found.keys)):
            written.add(pair)
            absent += not pair.thermal_present
            unlabelled += len(pair.images.keys() - pair.objects.keys())
            for modality, own in pair.objects.items():
                objects[modality] = objects.get(modality, 0) + len(own)
        written.finish()
    remarks = list(_remarks(found.dropped, absent, unlabelled if objects else 0))
    return Export(counts, classes, objects, [*remarks, *written.remarks])


def _remarks(dropped: int, absent: int, unlabelled: int) -> Iterator[str]:
    if dropped:
        yield f"{dropped} pairs that registration dropped from training are left out"
    if absent:
        yield f"{absent} pairs count as without thermal: no thermal image of them is written"
    if unlabelled:
        yield f"{unlabelled} images were never labelled with boxes; trainers take them for empty"
