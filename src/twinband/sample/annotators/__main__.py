"""``python -m twinband.sample.annotators sam``: the scores of a shipped annotator, again."""

import tempfile
from pathlib import Path
from typing import Annotated

import torch
import typer
from rich.console import Console
from rich.markdown import Markdown
from tqdm import tqdm

from twinband.params.runtime import Runtime
from twinband.sample.annotators.card import score_table
from twinband.sample.annotators.scenes import HELD_OUT_SEED, rendered_scenes
from twinband.sample.annotators.scores import SCORERS, score

SIZE = (256, 192)


def main(
    recipe: Annotated[str, typer.Argument(help="sam, dpt or mask2former")],
    folder: Annotated[Path | None, typer.Option(help="default: models/sample/RECIPE")] = None,
    scenes: Annotated[int, typer.Option(help="held-out scenes, in turn of every hour")] = 100,
) -> None:
    """Score an annotator on scenes that it never saw, by modality and hour."""
    torch.set_num_threads(1)
    runtime = Runtime(executor="processes", workers=1, scheduler="", log_level="info")
    with tempfile.TemporaryDirectory() as work:
        held_out = rendered_scenes(
            "held_out", scenes, seed=HELD_OUT_SEED, size=SIZE, work=Path(work), runtime=runtime
        )
    scorer = SCORERS[recipe](folder or Path("models/sample") / recipe)
    with tqdm(total=scenes, unit="scene", leave=False) as bar:
        found = score(scorer, held_out, lambda done, total: bar.update(done - bar.n) and None)
    Console().print(Markdown("\n".join(score_table(found))))


if __name__ == "__main__":
    typer.run(main)
