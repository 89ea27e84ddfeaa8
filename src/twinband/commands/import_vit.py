"""``twinband import-vit``: import of another project's ViT as a model for the stages."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()


@app.command()
def import_vit(
    weights: Annotated[
        Path, typer.Argument(help="timm, mmpretrain, transformers, DINOv2 or MAE weights")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="folder to write, such as models/dino")],
    heads: Annotated[
        int | None, typer.Option(min=1, help="attention heads, if they are not of 64 channels")
    ] = None,
) -> None:
    """Write a ViT's weights as a model's folder, to be named by ``cmss.items.D.model``,
    ``pretrain.items.M.start`` and ``evaluate.items.E.model``."""
    from twinband.models.imported import imported_vit
    from twinband.networks.weights import WEIGHTS, save_weights
    from twinband.shards.write import write_atomically

    encoder = imported_vit(weights, heads)
    sizes = encoder.config
    save_weights(encoder, out / WEIGHTS)
    rows, columns = sizes.grid
    description = (
        f"patches of {sizes.patch_px} px, {rows} x {columns} of them, width {sizes.width}, "
        f"{sizes.depth} blocks, {sizes.heads} heads."
    )
    card = (
        f"# {out.name}\n\nA ViT that was not trained here, imported from `{weights.name}`: "
        f"{description}\n"
    )
    write_atomically(out / "README.md", card.encode())
    typer.echo(f"{out}: {description}")
