"""Writing of ``twinband datasets add``: a dataset's inventory, and its entries in params.yaml.

params.yaml is edited as text, at positions that the YAML parser tells: writing parsed values back
would lose comments and alignment.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from twinband.cli import UsageError, parse_yaml, read_text
from twinband.core.errors import BadSample, InputError
from twinband.core.params import ParamsError
from twinband.ingest.dataset import layout_class
from twinband.ingest.files import Recorded, open_files, read_inventory, write_inventory
from twinband.params import validate_file

PARAMS = Path("params.yaml")
INVENTORIES = Path("data/inventory")
DATASETS = ("ingest", "datasets")
NAME = re.compile("[a-z0-9_-]+")
PAIRS_PER_SHARD, MAX_SHARDS = 1000, 64
# As in the sample profile; users may edit them in params.yaml.
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
INDENT = 2  # of blocks in params.yaml


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
    if not NAME.fullmatch(name):
        raise UsageError(f"{name!r} is no name for a dataset; use a-z, 0-9, _ and - only")
    known = _datasets(parse_yaml(read_text(PARAMS), PARAMS))
    if name in known and not request.update:
        raise UsageError(f"{name} is in {PARAMS} already; --update renews its inventory")
    if name not in known and request.update:
        raise UsageError(f"{name} is not in {PARAMS}; leave --update out to add it")


def edited_params(request: Request, pairs: int) -> str:
    """Return the text of params.yaml with the dataset added or updated, validated as a whole.

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
    optional = {"shards": request.shards, "licence": request.licence}
    given |= {key: value for key, value in optional.items() if value is not None}
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


def put_item(text: str, path: Sequence[str], name: str, value: Mapping[str, Any]) -> str:
    """Add ``name: value`` as the last item of the mapping at ``path``; returns the text.

    Raises:
        ParamsError: there is no such mapping.
    """
    key, node = _find(text, path, yaml.MappingNode)
    if node.flow_style and node.value:
        return _insert(text, _end(node.value[-1][1]), f", {_flow({name: value})[1:-1]}")
    if node.value:
        block = _block({name: value}, node.start_mark.column)
        return _insert(text, _line_end(text, _end(node)), f"\n{block}")
    block = _block({name: value}, key.start_mark.column + INDENT)
    return text[: key.end_mark.index] + f":\n{block}" + text[node.end_mark.index :]


def append_item(text: str, path: Sequence[str], item: str) -> str:
    """Add ``item`` at the end of the list at ``path``, unless it is in it; returns the text.

    Raises:
        ParamsError: there is no such list.
    """
    _, node = _find(text, path, yaml.SequenceNode)
    if item in [entry.value for entry in node.value]:
        return text
    if not node.value:
        return _insert(text, node.start_mark.index + 1, _flow(item))
    if node.flow_style:
        return _insert(text, _end(node.value[-1]), f", {_flow(item)}")
    dash = " " * node.start_mark.column
    return _insert(text, _line_end(text, _end(node)), f"\n{dash}- {_flow(item)}")


def replace_value(text: str, path: Sequence[str], value: Any) -> str:
    """Replace the value at ``path``; returns the text.

    Raises:
        ParamsError: there is none.
    """
    _, node = _find(text, path, yaml.Node)
    return text[: node.start_mark.index] + _flow(value) + text[_end(node) :]


def _find(text: str, path: Sequence[str], kind: type[yaml.Node]) -> tuple[Any, Any]:
    """Find the nodes of the key and the value at ``path``."""
    key, node = None, yaml.compose(text, Loader=yaml.SafeLoader)
    for name in path:
        items = node.value if isinstance(node, yaml.MappingNode) else []
        key, node = next(((k, v) for k, v in items if k.value == name), (None, None))
    if not isinstance(node, kind):
        wanted = kind.__name__.removesuffix("Node").lower()
        raise ParamsError([f"{'.'.join(path)}: there is no {wanted} to edit"])
    return key, node


def _end(node: yaml.Node) -> int:
    """Return where a node's text ends; the mark of a block is past the comments behind it."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(last[1] if isinstance(last, tuple) else last)
    return int(node.end_mark.index)


def _line_end(text: str, index: int) -> int:
    end = text.find("\n", index)
    return len(text) if end < 0 else end


def _insert(text: str, index: int, new: str) -> str:
    return text[:index] + new + text[index:]


def _flow(value: Any) -> str:
    return yaml.safe_dump([value], default_flow_style=True, sort_keys=False, width=10**6)[1:-2]


def _block(value: Mapping[str, Any], column: int) -> str:
    lines = yaml.safe_dump(dict(value), sort_keys=False, width=10**6).splitlines()
    return "\n".join(" " * column + line for line in lines)
