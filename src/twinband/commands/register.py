"""``twinband register``: registration of one pair."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()

ImageFile = Annotated[Path, typer.Argument(help="JPEG, PNG, BMP or TIFF", show_default=False)]


@app.command()
def register(
    rgb: ImageFile,
    thermal: ImageFile,
    out: Annotated[Path, typer.Option("--out", "-o", help="folder for what it writes")],
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Bring a thermal image onto the pixels of an RGB image of the same scene.

    Writes OUT/thermal.png (its own bit depth), OUT/valid.png (255 where it has data),
    OUT/comparison.jpg to look at and OUT/registration.json. If no transform can be trusted, the
    thermal image is only resized; the exit code is 0 all the same, and the status says so.
    """
    from twinband.commands._register_pair import in_words, register_files, to_json

    result = register_files(rgb, thermal, out)
    typer.echo(to_json(result) if as_json else "\n".join(in_words(result, out)))
