"""A layout in plain words as the tree of its folders."""

import re
from collections.abc import Iterator

# A path: parts of letters, of alternatives in braces, and of what stands for anything.
PART = r"(?:[A-Za-z0-9_.*?%-]|\{[^{}\s]+\})+"
PATH = re.compile(rf"(?<![\w/`'])({PART}(?:/{PART})*/?)")
SUFFIX = re.compile(r"[^.]\.(?:[a-z0-9]{2,5}|\{[a-z0-9,]+\})$")
OPTIONAL = "optional"
INDENT = "    "

Tree = dict[str, "Tree"]


def tree_of(layout: str) -> list[str]:
    """Draw the folders and files that a layout's description names; what is optional says so."""
    words, _, optional = layout.partition(OPTIONAL)
    needed, rest = list(_paths(words)), list(_paths(optional))
    tree: Tree = {}
    for path in [*needed, *rest]:
        place = tree
        for part in path.rstrip("/").split("/"):
            place = place.setdefault(part, {})
    only = set(rest) - set(needed)
    return list(_drawn(tree, "", only))


def _paths(text: str) -> Iterator[str]:
    """List what in a text is a path: it has a slash, or ends as a file does."""
    for match in PATH.finditer(text):
        path = match[1].rstrip(".,;:")
        is_path = "/" in path or SUFFIX.search(path)
        # `_labels.png` is the end of a name that was given before.
        if is_path and any(map(str.isalpha, path)) and not path.startswith("_"):
            yield path


def _drawn(tree: Tree, above: str, optional: set[str]) -> Iterator[str]:
    for name, below in tree.items():
        path = f"{above}{name}"
        indent = INDENT * path.count("/")
        if below:
            yield f"{indent}{name}/"
            yield from _drawn(below, f"{path}/", optional)
        else:
            yield f"{indent}{name}{'   (optional)' if path in optional else ''}"
