"""``twinband import-vit``: import of another project's ViT as a model for the stages."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from twinband.networks.config import VitConfig

app = typer.Typer()


@app.command("import-vit")
def import_vit_command(
    weights: Annotated[
        Path, typer.Argument(help="timm, mmpretrain, transformers, DINOv2 or MAE weights")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="folder to write, such as models/dino")],
    heads: Annotated[
        int | None, typer.Option(min=1, help="attention heads, where the width does not tell them")
    ] = None,
    layout: Annotated[
        str | None,
        typer.Option(
            help="of the names, where they do not tell it: multimae, mspecgene, mae, timm,"
            " transformers, dinov2, mmseg, mmdet or twinband"
        ),
    ] = None,
) -> None:
    """Write a ViT's weights as a model's folder, to be named by ``cmss.items.D.model``,
    ``pretrain.items.M.start`` and ``evaluate.items.E.model``."""
    from twinband.models.imported import import_vit
    from twinband.networks.weights import WEIGHTS, save_weights
    from twinband.shards.write import write_atomically

    encoder, report = import_vit(weights, heads, layout)
    sizes = encoder.config
    save_weights(encoder, out / WEIGHTS)
    rows, columns = sizes.grid
    description = (
        f"patches of {sizes.patch_px} px, {rows} x {columns} of them, width {sizes.width}, "
        f"{sizes.depth} blocks, {sizes.heads} heads{_beside(sizes)}."
    )
    card = (
        f"# {out.name}\n\nA ViT that was not trained here, imported from `{weights.name}`: "
        f"{description}\n\n```\n{report}\n```\n"
    )
    write_atomically(out / "README.md", card.encode())
    typer.echo(report)
    typer.echo(f"{out}: {description}")


def _beside(sizes: "VitConfig") -> str:
    """Tell what most ViTs do not have, or have and this one does not."""
    told = [f"{sizes.registers} registers"] if sizes.registers else []
    told += ["gated layers"] if sizes.mlp == "swiglu" else []
    told += [] if sizes.final_norm else ["no final normalisation"]
    return "".join(f", {each}" for each in told)
