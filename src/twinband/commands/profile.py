"""``twinband profile``: switching to another set of parameters."""

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from twinband.cli import UsageError, parse_yaml, read_text

app = typer.Typer()
PARAMS, PROFILES = Path("params.yaml"), Path("profiles")
RESULTS = (Path("metrics"), Path("plots"))


@app.command()
def profile(name: Annotated[str, typer.Argument(help="a file of profiles/ without .yaml")]) -> None:
    """Make a profile the active parameters: profiles/NAME.yaml becomes params.yaml.

    Results in metrics/ and plots/ of items that the profile does not name are removed, since the
    report shows what these folders hold.
    """
    from twinband.params import validate_file

    source = PROFILES / f"{name}.yaml"
    if not source.is_file():
        known = ", ".join(sorted(path.stem for path in PROFILES.glob("*.yaml"))) or "none here"
        raise UsageError(f"no profile {name!r}; there are: {known}")
    data = parse_yaml(read_text(source), source)
    validate_file(data)
    if would_lose_edits():
        raise UsageError(
            f"{PARAMS} has uncommitted changes; commit them, or keep them as a profile of your own "
            f"(cp {PARAMS} {PROFILES}/NAME.yaml), then try again"
        )
    shutil.copyfile(source, PARAMS)
    typer.echo(f"{PARAMS} is now {source}")
    for path in sorted(foreign_results(data)):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        typer.echo(f"removed {path}: not an item of this profile")


def would_lose_edits() -> bool:
    """Tell whether params.yaml holds changes that neither Git nor a profile has."""
    if not PARAMS.is_file():
        return False
    text = PARAMS.read_bytes()
    if any(path.read_bytes() == text for path in PROFILES.glob("*.yaml")):
        return False
    status = subprocess.run(
        ["git", "status", "--porcelain", "--", str(PARAMS)], capture_output=True, check=False
    )
    return status.returncode != 0 or bool(status.stdout.strip())


def foreign_results(data: Mapping[str, Any]) -> Iterator[Path]:
    """Find files and folders ``metrics/STAGE/ITEM…`` whose item the stage's section lacks."""
    from twinband.params import Root

    for name, field in Root.model_fields.items():
        stage = field.alias or name
        axis = getattr(field.annotation, "axis", None)
        if axis is None:
            continue
        items = data[stage][axis]
        for folder in RESULTS:
            for path in (folder / stage).glob("*"):
                item = path.name.partition(".")[0]
                if item and item not in items:
                    yield path
