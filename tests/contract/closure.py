"""The project's files that importing a module reads, found by reading the code.

Imports count, inside functions too, and so do names given to ``importlib.import_module``: as a
literal, as an f-string, or as a constant that one begins with. An f-string that begins with a
package of ours reaches that package as a whole: it is a folder of plug-ins, of which an item
names one.
"""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

PACKAGES = {"twinband": Path("src/twinband"), "pipeline_steps": Path("pipeline_steps")}
# Packages whose `__init__` decides no result: public names, loaded lazily; and the path to src.
FACADES = {"twinband", "pipeline_steps"}


@dataclass(frozen=True)
class Reached:
    """Files, and folders of plug-ins that are opened by name; relative to the root, sorted."""

    files: tuple[str, ...]
    plug_ins: tuple[str, ...]


def reached(root: Path, modules: Iterable[str]) -> Reached:
    """Follow the imports of ``modules``; templates beside a module count as its own."""
    seen: set[str] = set()
    folders: set[str] = set()
    waiting = list(modules)
    while waiting:
        module = waiting.pop()
        path = file_of(root, module)
        if path is None or module in seen:
            continue
        seen.add(module)
        for name in _names(root, path):
            if isinstance(name, Folder):
                folders.add(name.path)
            else:
                waiting += _with_packages(name)
    paths = {path for path in (file_of(root, module) for module in seen) if path}
    paths = {path for path in paths if path.stem != "__init__" or not _says_nothing(path)}
    beside = {path.parent / "templates" for path in paths}
    paths |= {path for folder in beside for path in folder.rglob("*") if path.is_file()}
    relative = sorted(path.relative_to(root).as_posix() for path in paths)
    return Reached(tuple(relative), tuple(sorted(folders)))


@dataclass(frozen=True)
class Folder:
    """A folder of plug-ins."""

    path: str


def file_of(root: Path, module: str) -> Path | None:
    """The file of one of our modules; None if it is none of ours or does not exist."""
    first, *rest = module.split(".")
    if first not in PACKAGES:
        return None
    path = root.joinpath(PACKAGES[first], *rest)
    if path.with_suffix(".py").is_file():
        return path.with_suffix(".py")
    return path / "__init__.py" if (path / "__init__.py").is_file() else None


def _says_nothing(path: Path) -> bool:
    """Tell whether a file of Python holds a docstring at most."""
    body = ast.parse(path.read_bytes()).body
    return not body or (len(body) == 1 and isinstance(body[0], ast.Expr))


def _with_packages(module: str) -> list[str]:
    """A module and the packages around it, whose ``__init__`` runs first."""
    parts = module.split(".")
    names = [".".join(parts[: n + 1]) for n in range(len(parts))]
    return [name for name in names if name not in FACADES]


def _names(root: Path, path: Path) -> Iterator[str | Folder]:
    tree = ast.parse(path.read_bytes())
    constants = {
        node.targets[0].id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    }
    opens = any(
        isinstance(node, ast.Attribute) and node.attr == "import_module" for node in ast.walk(tree)
    )
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level and node.module, f"{path}:{node.lineno}: a relative import"
            for alias in node.names:
                yield f"{node.module}.{alias.name}"
                yield node.module
        elif opens and isinstance(node, ast.JoinedStr):
            yield from _opened(root, node, constants)
        elif opens and isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _opened(root: Path, text: ast.JoinedStr, constants: dict[str, str]) -> Iterator[Folder]:
    """The folder of plug-ins that an f-string names one of."""
    first = text.values[0]
    if isinstance(first, ast.Constant):
        beginning = str(first.value)
    elif isinstance(first, ast.FormattedValue) and isinstance(first.value, ast.Name):
        beginning = constants.get(first.value.id, "")
    else:
        return
    package = beginning.rstrip(".").split(".")
    if package[0] in PACKAGES:
        folder = PACKAGES[package[0]].joinpath(*package[1:])
        if (root / folder).is_dir():
            yield Folder(folder.as_posix())
