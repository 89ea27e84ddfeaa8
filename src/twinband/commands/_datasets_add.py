"""The work of ``twinband datasets add``: the inventory, and the dataset's items in params.yaml."""

import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

from twinband.cli import UsageError, read_text
from twinband.core.errors import BadSample, InputError
from twinband.core.params import ITEM_NAME, parse
from twinband.ingest.dataset import layout_class
from twinband.ingest.files import Recorded, open_files, read_inventory, write_inventory
from twinband.params import validate_file

PARAMS = Path("params.yaml")
INVENTORIES = Path("data/inventory")
PAIRS_PER_SHARD, MAX_SHARDS = 1000, 64
LINE = 80  # wider maps stand in lines of their own, as DVC writes them
NO_HOMOGRAPHIES = "data/homographies/none.csv"
REGISTRATION = {
    "backend": "search",
    "homographies": NO_HOMOGRAPHIES,
    "truth": NO_HOMOGRAPHIES,
    "rig": "sequence",
}


@dataclass(frozen=True)
class Request:
    """A dataset to add; ``shards``, ``licence``, ``aligned`` are None where not given."""

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
    """Numbers of files of an inventory, and of its differences from the earlier one."""

    files: int
    new: int
    changed: int
    gone: int


def inventory_path(name: str) -> Path:
    """Return the path of a dataset's inventory."""
    return INVENTORIES / f"{name}.csv"


def relative_root(root: Path, data: Path | None) -> str:
    """Return ``root`` relative to TWINBAND_DATA, the only form in which the project keeps it.

    Raises:
        UsageError: it is not below TWINBAND_DATA, or that is unset.
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
    """Check that the name may be used, before any work is done.

    Raises:
        UsageError: it is malformed, taken, or not there to be updated.
    """
    name = request.name
    if not re.fullmatch(ITEM_NAME, name):
        raise UsageError(
            f"{name!r} is no name for a dataset: use a-z, 0-9, _ and - only, a letter or digit"
            " first, and 64 characters at most"
        )
    if not isinstance(YAML(typ="safe").load(name), str):
        raise UsageError(f"{name!r} is no name for a dataset: YAML reads it as a number")
    known = _items(parse(read_text(PARAMS)), "ingest")
    if name in known and not request.update:
        raise UsageError(f"{name} is in {PARAMS} already; --update renews its inventory")
    if name not in known and request.update:
        raise UsageError(f"{name} is not in {PARAMS}; leave --update out to add it")


def edited_params(request: Request, pairs: int) -> str:
    """Return the text of params.yaml with the dataset added or updated, validated as a whole.

    What is not edited stays as it is, comments included: params.yaml is kept in the form in which
    this library, DVC's own, writes it.

    Raises:
        ParamsError: params.yaml was wrong before, or has no place for a dataset.
    """
    params = YAML().load(read_text(PARAMS))
    items = _items(params, "ingest")
    given: dict[str, Any] = {
        "reader": request.reader,
        "source": inventory_path(request.name).as_posix(),
        "root": request.root,
    }
    wishes = {
        "options": dict(request.options) or None,
        "shards": request.shards,
        "licence": request.licence,
    }
    given |= {key: value for key, value in wishes.items() if value is not None}
    if request.name in items:
        own = items[request.name]
        if not request.options:
            own.pop("options", None)
        own.update({key: _tree(value, 6) for key, value in given.items()})
    else:
        shards = min(max(round(pairs / PAIRS_PER_SHARD), 1), MAX_SHARDS)
        items[request.name] = _tree({"shards": shards, "licence": "unknown", **given}, 4)
        registration = {**REGISTRATION, "aligned": _aligned(request)}
        _items(params, "register")[request.name] = _tree(registration, 4)
        if request.pretrain:
            params["pool"]["datasets"].append(request.name)
    text = dumped(params)
    validate_file(text)
    return text


def dumped(params: Any) -> str:
    """The text of params.yaml as DVC writes it."""
    yaml = YAML()
    yaml.default_flow_style = False
    stream = io.StringIO()
    yaml.dump(params, stream)
    return stream.getvalue()


def _tree(value: Any, column: int) -> Any:
    """``value`` for the YAML library: a small map on one line."""
    if not isinstance(value, dict):
        return value
    tree = CommentedMap({key: _tree(below, column + 2) for key, below in value.items()})
    if column + len(str(value)) < LINE // 2 or not value:
        tree.fa.set_flow_style()
    return tree


def renew_inventory(
    root: Path, name: str, track: Callable[[Sequence[str]], Iterable[str]]
) -> Changes:
    """Write the inventory of the files below ``root``; ``track`` wraps them in a progress bar.

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


def _aligned(request: Request) -> bool:
    return layout_class(request.reader).aligned if request.aligned is None else request.aligned


def _items(params: Any, stage: str) -> Any:
    try:
        return params[stage]["items"]
    except (KeyError, TypeError):
        raise UsageError(f"{PARAMS} has no {stage}.items to add to") from None
