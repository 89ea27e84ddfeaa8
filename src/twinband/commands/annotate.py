"""``twinband annotate``: masks, depth and classes of single images."""

from pathlib import Path
from typing import Annotated

import typer

from twinband.cli import BlackHotOption, ThermalLevelsOption

app = typer.Typer()

SAMPLE = Path("models/sample")


@app.command()
def annotate(
    images: Annotated[
        list[Path], typer.Argument(help="JPEG, PNG, BMP or TIFF; RGB or thermal", metavar="IMAGE…")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="folder for what it writes")],
    sam: Annotated[
        Path, typer.Option(help="a SAM: a folder of twinband's, or an official .pth file")
    ] = SAMPLE / "sam",
    depth: Annotated[Path, typer.Option(help="folder of a DPT of transformers")] = SAMPLE / "dpt",
    semantics: Annotated[
        Path, typer.Option(help="folder of a Mask2Former of transformers")
    ] = SAMPLE / "mask2former",
    points: Annotated[int, typer.Option(help="points per side that SAM is asked at", min=1)] = 16,
    iou: Annotated[
        float, typer.Option(help="least predicted IoU of a mask; 0.88 suits official SAMs")
    ] = 0.3,
    stability: Annotated[
        float, typer.Option(help="least stability of a mask; 0.95 suits official SAMs")
    ] = 0.4,
    thermal_levels: ThermalLevelsOption = "image",
    black_hot: BlackHotOption = False,
    device: Annotated[str, typer.Option(help="cpu or cuda")] = "cpu",
) -> None:
    """Label images as the pipeline does, with the small sample models or others.

    Writes for each IMAGE a folder OUT/STEM (of equal names the shortest end of the path that tells
    them apart: OUT/rgb-0001, OUT/thermal-0001): masks.json (COCO run lengths, scores), depth.png
    (16 bits) with depth.json, classes.png with classes.json, and overview.jpg to look at: the
    image, its masks, depth (near is dark) and classes.
    """
    from twinband.commands._outputs import check_files, check_folder, distinct_names
    from twinband.commands._thermal_levels import thermal_choice

    check_folder(out)
    check_files(images)
    levels = thermal_choice(thermal_levels, black_hot)
    distinct_names(images)  # a fault in the arguments is told before torch is imported
    from twinband.commands._annotate_images import Annotators, annotate_images, read_tasks
    from twinband.sam.settings import MaskSettings

    settings = MaskSettings(
        points_per_side=points,
        pred_iou_thresh=iou,
        stability_score_thresh=stability,
        min_mask_region_area=30,
        max_masks=100,
    )
    tasks = read_tasks(images, out, levels)
    annotators = Annotators.open(sam, settings, depth, semantics, device)
    for line in annotate_images(tasks, annotators):
        typer.echo(line)
