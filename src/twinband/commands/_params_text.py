"""Small edits of params.yaml as text: whatever is not edited stays as it was, byte for byte.

A YAML library that writes the whole file back would move its comments and its alignment; the
parser's positions are enough to put an item where it belongs.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from twinband.params.base import ParamsError

INDENT = 2


def put_item(text: str, path: Sequence[str], name: str, value: Mapping[str, Any]) -> str:
    """The text with ``name: value`` as the last item of the mapping at ``path``.

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
    """The text with ``item`` as the last of the list at ``path``, unless it is there already.

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
    """The text with another value at ``path``.

    Raises:
        ParamsError: there is none.
    """
    _, node = _find(text, path, yaml.Node)
    return text[: node.start_mark.index] + _flow(value) + text[_end(node) :]


def _find(text: str, path: Sequence[str], kind: type[yaml.Node]) -> tuple[Any, Any]:
    """The key and the value at ``path``."""
    key, node = None, yaml.compose(text, Loader=yaml.SafeLoader)
    for name in path:
        items = node.value if isinstance(node, yaml.MappingNode) else []
        key, node = next(((k, v) for k, v in items if k.value == name), (None, None))
    if not isinstance(node, kind):
        wanted = kind.__name__.removesuffix("Node").lower()
        raise ParamsError([f"{'.'.join(path)}: there is no {wanted} to edit"])
    return key, node


def _end(node: yaml.Node) -> int:
    """Where a node's own text ends; a block's mark is only at the next token, past comments."""
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
