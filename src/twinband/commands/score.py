"""``twinband score``: every number of the field from prediction files, with its protocol."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twinband.cli import UsageError

if TYPE_CHECKING:
    from twinband.scoring.score import Score

app = typer.Typer()


@app.command()
def score(
    task: Annotated[str, typer.Argument(help="e.g. kaist, coco-bbox, lasher, fusion")],
    predictions: Annotated[
        list[Path] | None,
        typer.Option(help="a file or folder in the benchmark's format; may be repeated"),
    ] = None,
    truth: Annotated[Path | None, typer.Option(help="the benchmark's own truth")] = None,
    fused: Annotated[
        list[Path] | None, typer.Option(help="of fusion: image or folder; may be repeated")
    ] = None,
    visible: Annotated[Path | None, typer.Option(help="of fusion: image or folder")] = None,
    infrared: Annotated[Path | None, typer.Option(help="of fusion: image or folder")] = None,
    mode: Annotated[str, typer.Option(help="of kaist: strict or evalai")] = "",
    definition: Annotated[
        str, typer.Option(help="of fusion: linfeng, zoo or standard (default linfeng)")
    ] = "",
    by: Annotated[str, typer.Option(help="slices: hour, class, size or attribute")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Score prediction files of a benchmark, and say by which protocol."""
    from twinband.scoring.score import Options, scorer

    _check("--mode", mode, ("strict", "evalai"), task, "kaist")
    _check("--definition", definition, ("linfeng", "zoo", "standard"), task, "fusion")
    _check("--by", by, ("hour", "class", "size", "attribute"), task, task)
    options = Options(mode or "strict", definition or "linfeng", by)
    module = scorer(task)
    if task == "fusion":
        if not (fused and visible and infrared) or predictions or truth:
            raise UsageError("fusion takes --visible, --infrared and --fused")
        scores = {str(path): module.score(path, (visible, infrared), options) for path in fused}
    else:
        if not (predictions and truth) or fused or visible or infrared:
            raise UsageError(f"{task} takes --predictions and --truth")
        scores = {str(path): module.score(path, truth, options) for path in predictions}
    _print(task, scores, as_json)


def _check(option: str, value: str, known: tuple[str, ...], task: str, its_task: str) -> None:
    if value and task != its_task:
        raise UsageError(f"{option} is an option of {its_task} alone, not of {task}")
    if value and value not in known:
        raise UsageError(f"{option} {value}: one of {', '.join(known)}")


def _print(task: str, scores: "Mapping[str, Score]", as_json: bool) -> None:
    from rich.console import Console

    from twinband.scoring import table

    if not as_json:
        Console().print(table.as_table(task, scores))
        return
    found = [table.as_json(task, name, score) for name, score in scores.items()]
    typer.echo(json.dumps(found[0] if len(found) == 1 else found, indent=2, ensure_ascii=False))
