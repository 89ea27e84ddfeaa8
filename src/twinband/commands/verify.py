"""``twinband verify``: products and models compared with what was written down of them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from twinband.cli import read_text
from twinband.core.errors import InputError
from twinband.core.params import parse

app = typer.Typer()
FOLDERS = (Path("data"), Path("models"))
GRAPH, PARAMS = Path("dvc.yaml"), Path("params.yaml")


@app.command()
def verify(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(help="products or models; all below data/ and models/ if none is named"),
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Read products and models back and compare them with their manifests and checksums."""
    from tqdm import tqdm

    from twinband import verify as verifying

    chosen = folders or everything()
    problems = {
        str(folder): verifying.verify_folder(folder)
        for folder in tqdm(chosen, desc="verify", unit="folder", leave=False, disable=None)
    }
    if json_:
        typer.echo(json.dumps(problems, indent=2, ensure_ascii=False))
    elif not chosen:
        typer.echo("no product below data/ or models/ yet; dvc repro makes them")
    else:
        for folder, lines in problems.items():
            typer.echo("\n".join(lines) if lines else f"ok {folder}")
    if bad := sum(map(bool, problems.values())):
        raise InputError(f"{bad} of {len(chosen)} products are not as they were written")


def everything() -> list[Path]:
    """List what is below data/ and models/, and what the graph says should be and is not; sorted.

    Before anything of the graph was made, nothing of it is missed.
    """
    from twinband.verify import folders_below

    found = {folder for root in FOLDERS for folder in folders_below(root)}
    promised = set(_outputs())
    missed = {path for path in promised if not _holds_something(path)}
    return sorted(found | (missed if missed != promised else set()))


def _outputs() -> Iterator[Path]:
    """Yield what the stages of dvc.yaml write below data/ and models/, by the items of
    params.yaml, but for what Git holds."""
    if not GRAPH.is_file():
        return
    params = parse(read_text(PARAMS))
    for name, stage in parse(read_text(GRAPH))["stages"].items():
        items = params.get(name, {}).get("items", {}) if "do" in stage else [""]
        for out in stage.get("do", stage)["outs"]:
            if isinstance(out, str) and out.startswith(tuple(f"{folder}/" for folder in FOLDERS)):
                yield from (Path(out.replace("${key}", item)) for item in items)


def _holds_something(path: Path) -> bool:
    return path.is_file() or (path.is_dir() and any(path.iterdir()))
