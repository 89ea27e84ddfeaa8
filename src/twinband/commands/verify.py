"""``twinband verify``: products compared with their manifests."""

import json
from pathlib import Path
from typing import Annotated

import typer

from twinband.core.errors import InputError

app = typer.Typer()
FOLDERS = (Path("data"), Path("models"))


@app.command()
def verify(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(help="products; all below data/ and models/ if none is named"),
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Read products back and compare them with their manifests: counts, keys, checksums."""
    from tqdm import tqdm

    from twinband import verify as verifying

    chosen = folders or products()
    problems = {
        str(folder): verifying.verify_product(folder)
        for folder in tqdm(chosen, desc="verify", unit="product", leave=False, disable=None)
    }
    if json_:
        typer.echo(json.dumps(problems, indent=2, ensure_ascii=False))
    elif not chosen:
        typer.echo("no product below data/ or models/ yet; dvc repro makes them")
    else:
        for folder, lines in problems.items():
            typer.echo("\n".join(lines) if lines else f"ok {folder}")
    if bad := sum(map(bool, problems.values())):
        raise InputError(f"{bad} of {len(chosen)} products are not as their manifests say")


def products() -> list[Path]:
    """List the folders below data/ and models/ that hold shards, sorted."""
    return sorted(path.parent for folder in FOLDERS for path in folder.rglob("index.json"))
