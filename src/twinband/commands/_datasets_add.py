"""What ``twinband datasets add`` writes: the inventory, and the dataset's lines in params.yaml."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twinband.commands._params_text import append_item, put_item, replace_value
from twinband.commands._usage import UsageError, parse_yaml, read_text
from twinband.errors import BadSample, InputError
from twinband.params.root import validate_file
from twinband.readers._files import Recorded, open_files, read_inventory, write_inventory
from twinband.readers._open import layout_class

PARAMS = Path("params.yaml")
INVENTORIES = Path("data/inventory")
DATASETS = ("ingest", "datasets")
NAME = re.compile("[a-z0-9_-]+")
PAIRS_PER_SHARD, MAX_SHARDS = 1000, 64
# As in the sample profile; whoever knows better edits params.yaml.
FRAME_STRIDE, NEAR_DUPLICATE_BITS = 1, 6
NO_HOMOGRAPHIES = "data/homographies/none.csv"
REGISTRATION = {
    "homographies": NO_HOMOGRAPHIES,
    "rig": "sequence",
    "backend": "search",
    "options": {},
    "grid": "rgb",
    "labels_on": "rgb",
    "on_failure": "keep_identity",
    "shift_tolerance_px": 4.0,
    "truth": NO_HOMOGRAPHIES,
}


@dataclass(frozen=True)
class Request:
    """What is asked for; ``shards``, ``licence``, ``aligned`` are None where nothing was said."""

    name: str
    reader: str
    root: str
    options: Mapping[str, Any]
    shards: int | None
    licence: str | None
    pretrain: bool
    aligned: bool | None
    update: bool


@dataclass(frozen=True)
class Changes:
    """How an inventory differs from the one before, in files."""

    files: int
    new: int
    changed: int
    gone: int


def inventory_path(name: str) -> Path:
    """Where the committed inventory of a dataset is."""
    return INVENTORIES / f"{name}.csv"


def relative_root(root: Path, data: Path | None) -> str:
    """``root`` relative to TWINBAND_DATA: all that the project may know of where data are.

    Raises:
        UsageError: it is not below it, or TWINBAND_DATA is unset.
    """
    # As written first: links below TWINBAND_DATA may lead anywhere.
    for absolute in (Path.absolute, Path.resolve):
        if data is not None and absolute(root).is_relative_to(absolute(data)):
            relative = absolute(root).relative_to(absolute(data))
            if ".." not in relative.parts:
                return relative.as_posix()
    state = "is unset" if data is None else f"is {data}, which does not hold {root}"
    raise UsageError(
        f"TWINBAND_DATA {state}; set it to the folder that holds your datasets: "
        f"export TWINBAND_DATA={root.resolve().parent}"
    )


def check_request(request: Request) -> None:
    """Whether the name may be used, before any work is done.

    Raises:
        UsageError: malformed, taken, or not there to be updated.
    """
    name = request.name
    if not NAME.fullmatch(name):
        raise UsageError(f"{name!r} is no name for a dataset; use a-z, 0-9, _ and - only")
    known = _datasets(parse_yaml(read_text(PARAMS), PARAMS))
    if name in known and not request.update:
        raise UsageError(f"{name} is in {PARAMS} already; --update renews its inventory")
    if name not in known and request.update:
        raise UsageError(f"{name} is not in {PARAMS}; leave --update out to add it")


def edited_params(request: Request, pairs: int) -> str:
    """The text of params.yaml with the dataset in it, checked as a whole.

    Raises:
        ParamsError: params.yaml was wrong before, or has no place for a dataset.
    """
    text = read_text(PARAMS)
    before = _datasets(parse_yaml(text, PARAMS)).get(request.name)
    given: dict[str, Any] = {
        "reader": request.reader,
        "source": inventory_path(request.name).as_posix(),
        "root": request.root,
        "options": dict(request.options),
    }
    wishes = {"shards": request.shards, "licence": request.licence}
    given |= {key: value for key, value in wishes.items() if value is not None}
    if before is not None:
        for key in [key for key, value in given.items() if before.get(key) != value]:
            text = replace_value(text, (*DATASETS, request.name, key), given[key])
    else:
        text = put_item(text, DATASETS, request.name, _entry(given, pairs))
        registration = {"aligned": _aligned(request), **REGISTRATION}
        text = put_item(text, ("register", "datasets"), request.name, registration)
        lists = [("pool", "protect"), ("report", "datasets")]
        for path in [("pool", "datasets"), *lists] if request.pretrain else lists:
            text = append_item(text, path, request.name)
    validate_file(parse_yaml(text, PARAMS))
    return text


def renew_inventory(
    root: Path, name: str, track: Callable[[Sequence[str]], Iterable[str]]
) -> Changes:
    """Write the inventory of the files below ``root``; ``track`` shows how far it is.

    Raises:
        InputError: a file cannot be read.
    """
    path = inventory_path(name)
    before = read_inventory(path) if path.is_file() else {}
    try:
        files = write_inventory(open_files(str(root)), path, track)
    except BadSample as error:
        raise InputError(f"{root}: {error.detail}") from None
    return _compared(before, read_inventory(path), files)


def _compared(before: Mapping[str, Recorded], after: Mapping[str, Recorded], files: int) -> Changes:
    both = before.keys() & after.keys()
    return Changes(
        files=files,
        new=len(after.keys() - before.keys()),
        changed=sum(before[path] != after[path] for path in both),
        gone=len(before.keys() - after.keys()),
    )


def _entry(given: Mapping[str, Any], pairs: int) -> dict[str, Any]:
    shards = min(max(round(pairs / PAIRS_PER_SHARD), 1), MAX_SHARDS)
    return {
        **{key: given[key] for key in ("reader", "source", "root", "options")},
        "shards": given.get("shards", shards),
        "frame_stride": FRAME_STRIDE,
        "near_duplicate_bits": NEAR_DUPLICATE_BITS,
        "licence": given.get("licence", "unknown"),
    }


def _aligned(request: Request) -> bool:
    return layout_class(request.reader).aligned if request.aligned is None else request.aligned


def _datasets(params: Any) -> Mapping[str, Any]:
    try:
        return params["ingest"]["datasets"] or {}
    except (KeyError, TypeError):
        raise UsageError(f"{PARAMS} has no ingest.datasets to add to") from None
