"""``twinband profile``: switching to another set of parameters."""

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from twinband.cli import UsageError, read_text
from twinband.core.params import ItemParams

app = typer.Typer()
PARAMS, PROFILES = Path("params.yaml"), Path("profiles")
RESULTS = (Path("metrics"), Path("facts"), Path("plots"))
FROZEN = "sample_models"  # DVC does not run this stage, so what Git holds of it stays


@app.command()
def profile(name: Annotated[str, typer.Argument(help="a file of profiles/ without .yaml")]) -> None:
    """Make a profile the active parameters: profiles/NAME.yaml becomes params.yaml.

    Results in metrics/, facts/ and plots/ of items that the profile does not name are removed,
    since the report shows what these folders hold.
    """
    from twinband.params import validate_file
    from twinband.shards.write import write_atomically

    source = PROFILES / f"{name}.yaml"
    if not source.is_file():
        known = ", ".join(sorted(path.stem for path in PROFILES.glob("*.yaml"))) or "none here"
        raise UsageError(f"no profile {name!r}; there are: {known}")
    data = validate_file(read_text(source))
    if would_lose_edits():
        raise UsageError(
            f"{PARAMS} has uncommitted changes; commit them, or keep them as a profile of your own "
            f"(cp {PARAMS} {PROFILES}/NAME.yaml), then try again"
        )
    write_atomically(PARAMS, source.read_bytes())
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
    """Yield ``metrics/STAGE/ITEM.json``, ``plots/STAGE/ITEM`` and the like whose item the stage's
    section does not name."""
    from twinband.params import STAGES

    for stage, model in STAGES.items():
        if not issubclass(model, ItemParams) or stage == FROZEN:
            continue
        for folder in RESULTS:
            for path in (folder / stage).glob("*"):
                item = path.name.partition(".")[0]
                if item and item not in data[stage]["items"]:
                    yield path
