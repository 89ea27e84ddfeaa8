"""Labels that one file holds for many pairs, put beside each pair when a dataset is scanned.

Workers then need no more than their own pairs, and nobody reads a large file for each of them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from twinband.core.errors import BadSample, InputError
from twinband.ingest.files import Files
from twinband.ingest.label_forms.boxes import Boxes
from twinband.ingest.label_forms.by_file_name import pairs_of_files
from twinband.ingest.label_forms.coco_json import CocoImage, read_coco
from twinband.ingest.layout import PAIR, Entry, Problem

NAME = "boxes"


def with_coco(
    items: Sequence[Entry | Problem],
    files: Files,
    sources: Sequence[str],
    strict: bool,
    name: str = NAME,
) -> tuple[list[Entry | Problem], list[str]]:
    """Give pairs the boxes that COCO files have for their images.

    Args:
        sources: paths of the COCO files below the root.
        strict: a file that cannot be read is an error, and no row of its own.
        name: of the label; layouts with a file a modality have two.

    Returns:
        The pairs with their boxes, problems of the files, and remarks.

    Raises:
        InputError: there is no such file.
    """
    pairs = {
        item.name: [item.files[field] for field in PAIR if field in item.files]
        for item in items
        if isinstance(item, Entry)
    }
    boxes: dict[str, list[dict[str, Any]]] = {}
    problems: list[Problem] = []
    remarks: list[str] = []
    for source in _there(files, sources):
        try:
            images, own = read_coco(files.read(source, "text_mib"), source)
        except BadSample as error:
            if strict:
                raise InputError(f"{files.root}: {error.detail}") from None
            problems.append(Problem(source, {name: source}, error.reason, error.detail))
            continue
        named, unnamed = pairs_of_files([image.file_name for image in images], pairs, source)
        remarks += [*own, *unnamed]
        for pair, found in _by_pair(images, named):
            boxes.setdefault(pair, []).append(asdict(found))
    return [*_labelled(items, boxes, name), *problems], remarks


def boxes_of(entry: Entry, name: str = NAME) -> tuple[Boxes, ...]:
    """Take the boxes that the scan put beside a pair."""
    return tuple(
        Boxes(**{**stored, "size": tuple(stored["size"]) if stored["size"] else None})
        for stored in entry.shared[name]
    )


def _there(files: Files, sources: Sequence[str]) -> Sequence[str]:
    known = files.paths()
    for source in sources:
        if source not in known:
            others = [path for path in known if path.lower().endswith(".json")]
            there = f"there are {', '.join(others[:5])}" if others else "there is no .json file"
            raise InputError(f"{files.root}: no {source}, which coco_boxes names; {there}")
    return sources


def _by_pair(images: Sequence[CocoImage], named: Mapping[str, str]) -> Iterator[tuple[str, Boxes]]:
    for image in images:
        if image.file_name in named:
            yield named[image.file_name], image.boxes


def _labelled(
    items: Sequence[Entry | Problem], boxes: Mapping[str, list[dict[str, Any]]], name: str
) -> Iterator[Entry | Problem]:
    for item in items:
        own = boxes.get(item.name)
        if own and isinstance(item, Entry):
            item = replace(item, shared={**item.shared, name: own})
        yield item
