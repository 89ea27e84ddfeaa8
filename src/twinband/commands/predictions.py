"""``twinband predictions``: predictions of an evaluation as files that other tools can score."""

from pathlib import Path
from typing import Annotated

import typer

from twinband.cli import read_text

app = typer.Typer()
PARAMS, DATA = Path("params.yaml"), Path("data")


@app.command()
def predictions(
    item: Annotated[str, typer.Argument(help="an item of the stage evaluate")],
    out: Annotated[Path, typer.Option("--out", "-o", help="a folder that is not there yet")],
) -> None:
    """Write what an evaluated model predicted as plain files: label maps under the names that the
    dataset gives its images, with their truth beside them, and all else in a table."""
    from twinband.commands._prediction_files import write_predictions
    from twinband.core.params import parse, stage_params
    from twinband.evaluation.params import EvaluateParams

    _, params = stage_params(EvaluateParams, parse(read_text(PARAMS)), "evaluate", item)
    dataset = params.dataset
    written = write_predictions(
        DATA / "predictions" / item, DATA / "pairs" / dataset, DATA / "registered" / dataset, out
    )
    typer.echo(f"{out}: predictions for {written} pairs of {dataset}")
    if (out / "truth").is_dir():
        typer.echo(
            f"ready for: twinband score segmentation --predictions {out / 'predictions'} "
            f"--truth {out / 'truth'}"
        )
