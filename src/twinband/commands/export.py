"""``twinband export``: a model's encoder under other projects' names, or a network of fusion."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()

OWN_LICENCE = "apache-2.0"


@app.command("export")
def export_command(
    model: Annotated[
        Path, typer.Argument(help="a model's folder, such as models/pretrain/mspecgene")
    ],
    layout: Annotated[
        str, typer.Option(help="timm, mmseg, mmdet, transformers; onnx, torch-export")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="folder to write")],
    licence: Annotated[
        str | None,
        typer.Option(
            "--license",
            help=f"of the weights; {OWN_LICENCE} by default, if they were trained here",
        ),
    ] = None,
    base_model: Annotated[
        str | None, typer.Option(help="hub id of the model that training started from")
    ] = None,
) -> None:
    """Write a model's encoder as safetensors with a model card, to be put on a hub or loaded by
    another project; of MultiMAE the encoder with its RGB input.

    A network of fusion, such as models/fusion/sage, is written as ONNX or as a program of
    torch.export, for images of any size.
    """
    from twinband.cli import UsageError
    from twinband.models.exported import export
    from twinband.models.exported_fusion import LAYOUTS as FUSION_LAYOUTS
    from twinband.models.exported_fusion import export_fusion
    from twinband.networks.vit import VisionTransformer
    from twinband.networks.weights import WEIGHTS, read_weights

    if layout in FUSION_LAYOUTS:
        written = export_fusion(model, layout, out)
        typer.echo(f"{out}: {', '.join(path.name for path in written)}")
        return
    kind = read_weights(model / WEIGHTS).kind
    if licence is None and kind == VisionTransformer.kind:
        raise UsageError(
            f"{model} was imported, not trained here: say under which licence its weights are, by"
            " --license"
        )
    written = export(model, layout, out, licence=licence or OWN_LICENCE, base_model=base_model)
    typer.echo(f"{out}: {', '.join(path.name for path in written)}")
