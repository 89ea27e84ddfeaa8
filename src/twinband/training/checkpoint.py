"""Checkpoints of a run in progress, safe against torn files and those of other runs.

``step-00000200.pt`` holds all that the rest of the run and its results depend on;
``step-00000200.json``, written last, its SHA-256 and the run's identity. Of what does not check out
the one before is taken.
"""

import json
import logging
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import torch

from twinband.core.errors import InputError, WorkFailed
from twinband.shards.product import to_json
from twinband.shards.sums import sha256_of
from twinband.shards.write import keep, put_in_place, read_kept, remove

log = logging.getLogger("twinband")
KEPT = 2


class Checkpoints:
    """The checkpoints in a folder.

    Args:
        identity: settings, model and data of the run, as nested dicts of JSON values.
    """

    def __init__(self, folder: Path, identity: Mapping[str, Any]) -> None:
        self._folder = folder
        self._identity = json.loads(to_json(identity))  # as it reads back

    def save(self, step: int, state: Mapping[str, Any]) -> None:
        """Write the state after ``step`` steps, then drop all but the last two checkpoints."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"step-{step:08d}.pt"
        temporary = path.with_suffix(".tmp")
        try:
            with temporary.open("wb") as stream:
                _save(state, stream)
                stream.flush()
                os.fsync(stream.fileno())
            digest = sha256_of(temporary)
            put_in_place(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
        note = {"sha256": digest, "step": step, "identity": self._identity}
        keep(path.with_suffix(".json"), to_json(note))
        for old in self._notes()[KEPT:]:
            remove(old)
            remove(old.with_suffix(".pt"))

    def newest(self) -> tuple[int, dict[str, Any]] | None:
        """Load step and state of the newest intact checkpoint, tensors on the CPU; None if there
        is none.

        Raises:
            InputError: it is of a run with other settings, model or data.
        """
        for path in self._notes():
            weights = path.with_suffix(".pt")
            try:
                note = json.loads(read_kept(path))
                intact = note["sha256"] == sha256_of(weights)
            except (OSError, WorkFailed):
                intact = False
            if not intact:
                log.warning("%s is damaged; looking for an older checkpoint", weights)
                continue
            if changes := list(_differences(note["identity"], self._identity, "")):
                raise InputError(
                    f"{weights} is of a run with other parameters: {'; '.join(changes[:5])}. "
                    f"Set them back to continue it, or delete {self._folder} to start anew"
                )
            return note["step"], torch.load(weights, map_location="cpu", weights_only=True)
        return None

    def _notes(self) -> list[Path]:
        """List the JSON files, newest first."""
        return sorted(self._folder.glob("step-*.json"), reverse=True)


def _save(state: Mapping[str, Any], stream: BinaryIO) -> None:
    try:
        torch.save(dict(state), stream)
    except RuntimeError as error:
        # torch's own end of the file hides that the disk is full.
        if isinstance(error.__context__, OSError):
            raise error.__context__ from None
        raise


def _differences(old: Any, new: Any, prefix: str) -> Iterator[str]:
    """Describe the changes, one short text a leaf."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted(old.keys() | new.keys()):
            path = f"{prefix}.{name}" if prefix else name
            yield from _differences(old.get(name), new.get(name), path)
    elif old != new:
        yield f"{prefix} was {old}, is now {new}"
