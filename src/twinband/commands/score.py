"""``twinband score``: every number of the field from prediction files, with its protocol."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twinband.cli import UsageError

if TYPE_CHECKING:
    from twinband.scoring.score import Score

app = typer.Typer()
WIDTH = 180


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
    mode: Annotated[str, typer.Option(help="of kaist: strict or evalai")] = "strict",
    definition: Annotated[
        str,
        typer.Option(
            help="of fusion: linfeng (default), zoo or standard; of segmentation: the set's "
            "convention, e.g. mfnet"
        ),
    ] = "",
    by: Annotated[str, typer.Option(help="slices: hour, class, size or attribute")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Score prediction files of a benchmark, and say by which protocol."""
    from twinband.scoring.score import DEFINITIONS, MODES, SLICES, Options, scorer

    _check_known("--mode", mode, MODES)
    _check_known("--by", by, ("", *SLICES))
    if mode != MODES[0] and task != "kaist":
        raise UsageError(f"--mode {mode} is of kaist alone, not of {task}")
    if definition and task not in ("fusion", "segmentation"):
        raise UsageError(f"--definition is of fusion and segmentation, not of {task}")
    if task == "fusion":
        definition = definition or DEFINITIONS[0]
        _check_known("--definition", definition, DEFINITIONS)
    options = Options(mode, definition, by)
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


def _check_known(option: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise UsageError(f"{option} {value}: one of {', '.join(filter(None, known))}")


def _print(task: str, scores: "Mapping[str, Score]", as_json: bool) -> None:
    from rich.console import Console

    from twinband.scoring import table

    if not as_json:
        # A table of a dozen numbers is unreadable when it is squeezed into 80 columns.
        console = Console(width=max(Console().width, WIDTH))
        console.print(table.as_table(task, scores), highlight=False)
        return
    found = [table.as_json(task, name, score) for name, score in scores.items()]
    typer.echo(json.dumps(found[0] if len(found) == 1 else found, indent=2, ensure_ascii=False))
