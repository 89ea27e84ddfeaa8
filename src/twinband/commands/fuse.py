"""``twinband fuse``: one image of a visible and an infrared one."""

from pathlib import Path
from typing import Annotated

import typer

from twinband.cli import BlackHotOption, DatasetOption, ThermalLevelsOption, UsageError

app = typer.Typer()


@app.command()
def fuse(
    out: Annotated[
        Path, typer.Option("--out", "-o", help="folder for the fused PNGs", show_default=False)
    ],
    visible: Annotated[
        Path | None,
        typer.Argument(help="visible image, or a folder of them", show_default=False),
    ] = None,
    infrared: Annotated[
        Path | None,
        typer.Argument(
            help="infrared image of 8 or 16 bits, or a folder: pairs have equal names",
            show_default=False,
        ),
    ] = None,
    dataset: DatasetOption = None,
    method: Annotated[
        str | None, typer.Option(help="average, dwt, laplacian, saliency, …", show_default=False)
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(
            help="folder such as models/fusion/sage, or a file of SAGE or SeAFusion",
            show_default=False,
        ),
    ] = None,
    register: Annotated[
        bool, typer.Option("--register", help="bring infrared onto the visible image first")
    ] = False,
    thermal_levels: ThermalLevelsOption = "image",
    black_hot: BlackHotOption = False,
) -> None:
    """Fuse pairs of images, of any size, into images with the visible one's size and colours.

    Without --method and --model the Laplacian pyramids are fused, which needs no weights.
    """
    from twinband.commands._fuse_pairs import fuse_pairs
    from twinband.commands._image_samples import pair_of_files, samples_of_dataset, samples_of_files
    from twinband.commands._outputs import check_files, check_folder, check_not_overwritten
    from twinband.commands._thermal_levels import thermal_choice
    from twinband.fusion.interface import load_fusion

    if method is not None and model is not None:
        raise UsageError("name a --method or a --model, not both")
    check_folder(out)
    levels = thermal_choice(thermal_levels, black_hot)
    if dataset is not None and (visible or infrared):
        raise UsageError("name images or a --dataset, not both")
    if dataset is not None:
        samples = samples_of_dataset(dataset, "both")
    elif visible is None or infrared is None:
        raise UsageError("name a visible and an infrared image, or a dataset by --dataset")
    elif visible.is_dir() or infrared.is_dir():
        samples = samples_of_files([visible], [infrared], levels)
    else:
        check_files((visible, infrared))
        samples = [pair_of_files(visible, infrared, levels)]
    check_not_overwritten(
        (file for sample in samples for file in sample.files),
        (out / f"{sample.name}.png" for sample in samples),
    )
    fusion = load_fusion(model or method or "laplacian")
    for line in fuse_pairs(fusion, samples, out, register):
        typer.echo(line)
