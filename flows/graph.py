"""DVC's graph as plain values: the only module that touches DVC's Python API.

The documented alternative is to parse ``dvc dag --dot``; a test holds the two together.
"""

import difflib
import fnmatch
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError


class GraphError(ValueError):
    """The flows cannot work with what dvc.yaml says."""


class Resources(BaseModel):
    """Needs of a stage, from its ``meta:`` in dvc.yaml; DVC itself ignores them."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    gpu: Annotated[int, Field(ge=0, le=1)] = 0
    retries: Annotated[int, Field(ge=0)] = 0
    timeout_s: Annotated[float, Field(gt=0)] | None = None


@dataclass(frozen=True)
class Stage:
    """One node of the graph.

    Attributes:
        name: as DVC addresses it: ``cmss``, ``ingest@sample-mfnet``, ``data/raw.dvc``.
        upstream: names of the stages whose outputs it reads, sorted.
        frozen: DVC does not run it, and it needs no stage upstream.
        inputs: files and folders it reads that no stage writes, files of parameters included.
        outputs: files and folders it writes, relative to the root of the repository.
        metrics: the outputs that are metrics files.
        parameters: dotted paths of the parameters that it tracks.
        resources: its ``meta:``.
    """

    name: str
    upstream: tuple[str, ...]
    frozen: bool
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    metrics: tuple[str, ...]
    parameters: tuple[str, ...]
    resources: Resources


def read_graph(root: Path) -> dict[str, Stage]:
    """Read all stages of the repository at ``root``, in topological order.

    Raises:
        GraphError: dvc.yaml does not parse, or a ``meta:`` asks for something unknown.
    """
    # Imported here: it takes half a second that `--help` and the other modules need not pay.
    import networkx
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        with Repo(str(root)) as repo:
            index = repo.index
            graph = index.graph
            # The list of metrics that dvc.yaml holds beside its stages: files, or folders of them.
            top_level = [
                Path(file).parent / path for file, paths in index._metrics.items() for path in paths
            ]
            written = {out.fs_path for stage in graph for out in stage.outs}

            def describe(node: Any) -> Stage:
                return _describe(node, graph.successors(node), root, written, top_level)

            order = networkx.lexicographical_topological_sort(
                graph.reverse(), key=lambda node: node.addressing
            )
            return {node.addressing: describe(node) for node in order}
    except DvcException as error:
        raise GraphError(f"DVC cannot read its graph in {root}: {error}") from error


def _describe(
    node: Any, upstream: Iterable[Any], root: Path, written: set[str], top_level: list[Path]
) -> Stage:
    def relative(path: str) -> str:
        return Path(path).relative_to(root).as_posix() if Path(path).is_relative_to(root) else path

    outs = {
        out.fs_path: bool(out.metric) or any(Path(out.fs_path).is_relative_to(p) for p in top_level)
        for out in node.outs
    }
    frozen = bool(node.frozen)
    return Stage(
        name=node.addressing,
        upstream=() if frozen else tuple(sorted(other.addressing for other in upstream)),
        frozen=frozen,
        inputs=tuple(sorted({relative(d.fs_path) for d in node.deps if d.fs_path not in written})),
        outputs=tuple(sorted(map(relative, outs))),
        metrics=tuple(sorted(relative(path) for path, is_metric in outs.items() if is_metric)),
        parameters=tuple(sorted(p for d in node.deps for p in getattr(d, "params", ()))),
        resources=_resources(node.addressing, node.meta),
    )


def _resources(name: str, meta: Mapping[str, object] | None) -> Resources:
    try:
        return Resources.model_validate(meta or {})
    except ValidationError as error:
        problems = "; ".join(
            f"meta.{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()
        )
        known = ", ".join(Resources.model_fields)
        raise GraphError(
            f"dvc.yaml, stage '{name}': {problems}. The flows know: {known}"
        ) from error


def select(graph: Mapping[str, Stage], targets: Iterable[str] | None) -> dict[str, Stage]:
    """Select the target stages and everything upstream of them, in the graph's order.

    A target is a stage's name, the name of a foreach group (``evaluate``), or a glob pattern
    (``evaluate@seg_*``). None selects the entire graph.

    Raises:
        GraphError: a target matches no stage.
    """
    if targets is None:
        return dict(graph)
    wanted: set[str] = set()
    for target in targets:
        matches = [n for n in graph if fnmatch.fnmatchcase(n, target) or n.split("@")[0] == target]
        if not matches:
            near = difflib.get_close_matches(target, graph, n=5, cutoff=0.4) or sorted(graph)
            raise GraphError(f"no stage is named '{target}'; there are: {', '.join(near)}")
        wanted.update(matches)
    for name in reversed(list(graph)):
        if name in wanted:
            wanted.update(graph[name].upstream)
    return {name: stage for name, stage in graph.items() if name in wanted}
