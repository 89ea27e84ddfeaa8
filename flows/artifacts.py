"""Artifacts of a flow run in Prefect's UI: its stages, the metrics that changed, the report."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from prefect.artifacts import create_markdown_artifact, create_table_artifact

from flows.graph import Stage
from flows.stage_task import StageResult


def artifact_key(*words: str) -> str:
    """Make a key of lower-case letters, digits and dashes, as Prefect wants it."""
    return "-".join(re.sub(r"[^a-z0-9]+", "-", word.lower()).strip("-") for word in words)


def flatten(value: Any, prefix: str = "") -> dict[str, Any]:
    """Flatten nested mappings: ``{"a": {"b": 1}}`` becomes ``{"a.b": 1}``."""
    if not isinstance(value, Mapping):
        return {prefix: value}
    return {
        key: leaf
        for name, inner in value.items()
        for key, leaf in flatten(inner, f"{prefix}.{name}" if prefix else str(name)).items()
    }


def show_table(rows: Sequence[Mapping[str, Any]], key: str, description: str) -> None:
    """Show rows as a table."""
    create_table_artifact([dict(row) for row in rows], key=key, description=description)


def show_stages(results: Sequence[StageResult]) -> None:
    """Show the table ``rebuild``: stage, state, seconds."""
    rows = [{"stage": r.name, "state": r.state, "seconds": round(r.seconds, 1)} for r in results]
    show_table(rows, "rebuild", "How each stage of the graph ended")


def read_metrics(root: Path, stages: Iterable[Stage]) -> dict[str, str]:
    """Read the text of every metrics file that exists, by path."""
    paths = sorted({path for stage in stages for path in stage.metrics})
    return {p: (root / p).read_text(encoding="utf-8") for p in paths if (root / p).is_file()}


def show_metrics(before: Mapping[str, str], after: Mapping[str, str]) -> None:
    """Show a table per metrics file that changed: metric, value, previous value."""
    for path, text in after.items():
        if text == before.get(path) or not path.endswith(".json"):
            continue
        values, old = flatten(json.loads(text)), flatten(json.loads(before.get(path, "{}")))
        rows = [{"metric": k, "value": v, "before": old.get(k)} for k, v in values.items()]
        show_table(rows, artifact_key(path.removesuffix(".json")), path)


def show_report(root: Path, stages: Iterable[Stage]) -> None:
    """Show where the stage ``report`` wrote its HTML page."""
    for path in (root / out for stage in stages if stage.name == "report" for out in stage.outputs):
        page = path if path.suffix == ".html" else path / "index.html"
        if page.is_file():
            create_markdown_artifact(
                f"The report: [{page.relative_to(root)}]({page.as_uri()})\n\n`{page}`",
                key="report",
                description="Open the path in a browser on the machine that ran the flow",
            )
