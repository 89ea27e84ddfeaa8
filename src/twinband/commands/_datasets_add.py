"""The work of ``twinband datasets add``: the inventory, and the dataset's items in params.yaml."""

import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

from twinband.cli import UsageError, read_text
from twinband.core.errors import BadSample, InputError
from twinband.core.names import ITEM_NAME, NAME_RULE
from twinband.core.params import parse, validate
from twinband.ingest.dataset import layout_class
from twinband.ingest.files import Files, Recorded
from twinband.ingest.inventory import read_inventory, write_inventory
from twinband.ingest.params import IngestLimits
from twinband.params import validate_file

PARAMS = Path("params.yaml")
INVENTORIES = Path("data/inventory")
PAIRS_PER_SHARD, MAX_SHARDS = 1000, 64
SHOWN_LEFT_OUT = 10
LINE = 80  # columns; a wider mapping has a line for each key, as in the profiles
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
    """Numbers of files of an inventory, and of its differences from the earlier one.

    ``left_out`` says what is never read and so not listed, a line each, the first few.
    """

    files: int
    new: int
    changed: int
    gone: int
    left_out: Sequence[str]


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
    """Check that the name may be used and params.yaml is valid, before any work is done.

    Raises:
        UsageError: the name is malformed, taken, or not there to be updated.
        ParamsError: params.yaml is wrong.
    """
    name = request.name
    if not re.fullmatch(ITEM_NAME, name):
        raise UsageError(f"{name!r} cannot be a dataset's name: {NAME_RULE}")
    dialects = (YAML(typ="safe").load, yaml.safe_load)  # DVC reads 1.2, much else reads 1.1
    if not all(isinstance(load(name), str) for load in dialects):
        raise UsageError(
            f"{name!r} is no name for a dataset: YAML reads it as a number, a truth value or a"
            " date; use another one"
        )
    known = validate_file(read_text(PARAMS))["ingest"]["items"]
    if name in known and not request.update:
        raise UsageError(f"{name} is in {PARAMS} already; --update renews its inventory")
    if name not in known and request.update:
        raise UsageError(f"{name} is not in {PARAMS}; leave --update out to add it")


def edited_params(request: Request, pairs: int) -> str:
    """Return the text of params.yaml with the dataset added or updated, validated as a whole.

    Sections that are not edited stay as they are to the byte, the others as DVC would write them.

    Raises:
        ParamsError: what was asked for is wrong.
    """
    text = read_text(PARAMS)
    own: dict[str, Any] = {
        "reader": request.reader,
        "source": inventory_path(request.name).as_posix(),
        "root": request.root,
        "options": dict(request.options),
        "shards": request.shards,
        "licence": request.licence,
    }
    own = {key: value for key, value in own.items() if value not in (None, {})}
    if request.update:
        text = _edited(text, "ingest", lambda section: _update(section, request.name, own))
    else:
        own.setdefault("shards", min(max(round(pairs / PAIRS_PER_SHARD), 1), MAX_SHARDS))
        own.setdefault("licence", "unknown")
        registration = REGISTRATION | {"aligned": _aligned(request)}
        text = _edited(text, "ingest", lambda section: _add(section, request.name, own))
        text = _edited(text, "register", lambda section: _add(section, request.name, registration))
        if request.pretrain:
            text = _edited(text, "pool", lambda section: _append(section, request.name))
    validate_file(text)
    return text


def _edited(text: str, stage: str, edit: Callable[[CommentedMap], None]) -> str:
    """Edit one section; the comments and blank lines after it belong to the next."""
    params, lines = YAML().load(text), text.splitlines(keepends=True)
    start = params.lc.key(stage)[0]
    end = min((n for n, _ in map(params.lc.key, params) if n > start), default=len(lines))
    while lines[end - 1].strip()[:1] in ("", "#"):
        end -= 1
    section = YAML().load("".join(lines[start:end]))
    edit(section[stage])
    return "".join([*lines[:start], dumped(section), *lines[end:]])


def _add(section: CommentedMap, name: str, own: Mapping[str, Any]) -> None:
    for mapping in (section, section["items"]):
        mapping.fa.set_block_style()
    section["items"][name] = laid_out(name, own, 4)


def _update(section: CommentedMap, name: str, own: Mapping[str, Any]) -> None:
    item = section["items"][name]
    if "options" not in own:
        item.pop("options", None)
    item.update({key: laid_out(key, value, 6) for key, value in own.items()})
    if item.fa.flow_style():
        section["items"][name] = laid_out(name, item, 4)


def _append(section: CommentedMap, name: str) -> None:
    for collection in (section, section["datasets"]):
        collection.fa.set_block_style()
    section["datasets"].append(name)


def laid_out(key: str, value: Any, column: int) -> Any:
    """Style ``key: value``, which begins at ``column``: on one line if it fits."""
    if not isinstance(value, Mapping):
        return value
    one_line = CommentedMap(value)
    one_line.fa.set_flow_style()
    width = column + len(f"{key}: {dumped(one_line).rstrip()}")
    if width <= LINE:
        return one_line
    return CommentedMap({inner: laid_out(inner, value[inner], column + 2) for inner in value})


def dumped(params: CommentedMap) -> str:
    """Write parameters as DVC writes them."""
    yaml_1_2 = YAML()
    yaml_1_2.default_flow_style = False
    stream = io.StringIO()
    yaml_1_2.dump(params, stream)
    return stream.getvalue()


def limits_of_project() -> IngestLimits:
    """Return the limits of all datasets of the project.

    Raises:
        ParamsError: they are wrong.
    """
    common = (parse(read_text(PARAMS)).get("ingest") or {}).get("common") or {}
    return validate(IngestLimits, common.get("limits", {}), IngestLimits.section)


def renew_inventory(
    files: Files, name: str, track: Callable[[Sequence[str]], Iterable[str]]
) -> Changes:
    """Write the inventory of ``files``; ``track`` wraps their paths in a progress bar.

    Raises:
        InputError: a file cannot be read.
    """
    path = inventory_path(name)
    before = read_inventory(path) if path.is_file() else {}
    try:
        left_out = [refused.detail for refused in write_inventory(files, path, track)]
    except BadSample as error:
        raise InputError(f"{files.root}: {error.detail}") from None
    if len(left_out) > SHOWN_LEFT_OUT:
        left_out[SHOWN_LEFT_OUT:] = [f"{len(left_out) - SHOWN_LEFT_OUT} more"]
    return _compared(before, read_inventory(path), left_out)


def _compared(
    before: Mapping[str, Recorded], after: Mapping[str, Recorded], left_out: Sequence[str]
) -> Changes:
    both = before.keys() & after.keys()
    return Changes(
        files=len(after),
        new=len(after.keys() - before.keys()),
        changed=sum(before[path] != after[path] for path in both),
        gone=len(before.keys() - after.keys()),
        left_out=left_out,
    )


def _aligned(request: Request) -> bool:
    return layout_class(request.reader).aligned if request.aligned is None else request.aligned
