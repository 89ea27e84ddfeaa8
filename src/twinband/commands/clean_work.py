"""``twinband clean-work``: removal of old work folders."""

import shutil
import time
from pathlib import Path
from typing import Annotated

import typer
from filelock import FileLock, Timeout

app = typer.Typer()
WORK = Path(".work")
SECONDS_A_DAY = 86_400


@app.command()
def clean_work(
    older_than_days: Annotated[
        float, typer.Option(min=0, help="keep what was modified within so many days")
    ],
) -> None:
    """Remove work folders (.work/STAGE/…) that are not in use and did not change for some days."""
    limit = time.time() - older_than_days * SECONDS_A_DAY
    freed, removed = 0, 0
    for folder in sorted(WORK.glob("*/*")):
        if folder.is_symlink() or not folder.is_dir():
            continue
        newest, size = last_modified_and_size(folder)
        if newest >= limit:
            continue
        if not remove_unlocked(folder):
            typer.echo(f"in use, kept: {folder}")
            continue
        removed, freed = removed + 1, freed + size
    typer.echo(f"removed {removed} folders of {WORK}, {freed / 2**20:.1f} MiB freed")


def last_modified_and_size(folder: Path) -> tuple[float, int]:
    """Return the latest change in a folder, in seconds since 1970, and its size in bytes."""
    stats = [path.lstat() for path in (folder, *folder.rglob("*"))]
    return max(stat.st_mtime for stat in stats), sum(stat.st_size for stat in stats)


def remove_unlocked(folder: Path) -> bool:
    """Remove a folder unless a process holds its ``.lock``; returns whether it was removed."""
    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return False
    try:
        shutil.rmtree(folder)
    finally:
        lock.release()
    return True
