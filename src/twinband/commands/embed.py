"""``twinband embed``: features of images, pooled and of each patch."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from twinband.cli import BlackHotOption, DatasetOption, ThermalLevelsOption, UsageError

app = typer.Typer()


@app.command()
def embed(
    model: Annotated[
        Path,
        typer.Option(help="a model's folder, such as models/pretrain/multimae", show_default=False),
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Parquet file to write", show_default=False)
    ],
    images: Annotated[
        list[Path] | None,
        typer.Argument(help="RGB images, or folders of them", metavar="IMAGE…", show_default=False),
    ] = None,
    thermal: Annotated[
        list[Path] | None,
        typer.Option(
            help="thermal image or folder, of 8 or 16 bits; may be given again. With IMAGEs: "
            "registered pairs, by equal names",
            show_default=False,
        ),
    ] = None,
    dataset: DatasetOption = None,
    modality: Annotated[
        Literal["rgb", "thermal", "both"], typer.Option(help="images of the dataset")
    ] = "both",
    image_px: Annotated[
        int | None,
        typer.Option(min=1, help="side that images are scaled to; the model's own unless given"),
    ] = None,
    pool: Annotated[
        Literal["mean_patch", "class_token"], typer.Option(help="the feature of a whole image")
    ] = "mean_patch",
    batch: Annotated[int, typer.Option(min=1, help="images or pairs at a time")] = 16,
    thermal_levels: ThermalLevelsOption = "image",
    black_hot: BlackHotOption = False,
    threads: Annotated[
        int, typer.Option(min=1, help="threads; the last digits depend on their number")
    ] = 1,
) -> None:
    """Write the features of images, of RGB, thermal or both, as a Parquet table.

    It has a row for each image: name, modality, pooled feature, rows and columns of patches, and
    the features of all patches, row by row. A model that sees both images of a pair together, such
    as MultiMAE, is shown both. Its schema's metadata name the model, its weights' SHA-256 and the
    image size.
    """
    from twinband.commands._embed_table import Embedder, write_table
    from twinband.commands._image_samples import samples_of_dataset, samples_of_files
    from twinband.commands._thermal_levels import thermal_choice
    from twinband.evaluation.features import fixed_threads

    if out.exists():
        raise UsageError(f"{out} is there already; name a new file")
    if (dataset is not None) == bool(images or thermal):
        raise UsageError("name images to embed, or a dataset by --dataset")
    levels = thermal_choice(thermal_levels, black_hot)
    with fixed_threads(threads):
        embedder = Embedder(model, image_px, pool, batch)
        if dataset is None:
            samples = samples_of_files(images or [], thermal or [], levels)
        else:
            samples = samples_of_dataset(dataset, modality)
        count = write_table(embedder, samples, out)
    typer.echo(f"{out}: features of {count} images")
