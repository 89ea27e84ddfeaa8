"""Finding an annotator's weights, or saying at once what is missing and how to get it."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import try_to_load_from_cache
from huggingface_hub.errors import HFValidationError

from twinband.errors import InputError
from twinband.params.weights import WeightsSource
from twinband.weights_files import check_sha256, sha256_of

CONFIG = "config.json"
# In order of preference; what else a model's folder may hold does not change its labels.
WEIGHTS_FILES = ("model.safetensors", "weights.safetensors", "pytorch_model.bin")
SETTINGS_FILES = (CONFIG, "preprocessor_config.json")


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights on disk.

    Attributes:
        path: the file, or the folder that holds it and its settings.
        sha256: of the file of weights, and of the settings beside it if there are any.
        name: what people call them.
    """

    path: Path
    sha256: str
    name: str


def find_weights(source: WeightsSource, outside: Path | None) -> Weights:
    """Where the weights are.

    Args:
        outside: the folder TWINBAND_WEIGHTS, if it is set.

    Raises:
        InputError: they are not there, or are not the promised ones; says where they were looked
            for and what fetches them.
    """
    if not source.outside:
        folder = Path(source.files)
        if weights_file(folder) is None:
            raise InputError(
                f"{folder}: no weights there ({', '.join(WEIGHTS_FILES)}); they are part of the"
                f" project: `git checkout -- {folder}` brings them back, or name others"
            )
        return _weights(folder, source.files)
    looked = []
    if outside is not None:
        looked.append(outside / source.outside)
    if source.revision:
        looked += _in_hub_cache(source)
    for path in looked:
        if (file := weights_file(path)) is not None:
            check_sha256(file, source.sha256)
            return _weights(path, source.outside)
    raise InputError(_missing(source, outside))


def _in_hub_cache(source: WeightsSource) -> list[Path]:
    """The model's folder in the hub's cache, if it is there."""
    try:
        found = try_to_load_from_cache(source.outside, CONFIG, revision=source.revision)
    except HFValidationError:  # no id of the hub
        return []
    return [Path(found).parent] if isinstance(found, str) else []


def weights_file(path: Path) -> Path | None:
    """The file of weights at or in ``path``; None if there is none."""
    if path.is_file():
        return path
    return next((path / name for name in WEIGHTS_FILES if (path / name).is_file()), None)


def _weights(path: Path, name: str) -> Weights:
    whole = hashlib.sha256()
    beside = [path / name for name in SETTINGS_FILES] if path.is_dir() else []
    for file in [weights_file(path), *beside]:
        if file is not None and file.is_file():
            whole.update(sha256_of(file).encode())
    return Weights(path, whole.hexdigest(), name)


def _missing(source: WeightsSource, outside: Path | None) -> str:
    below = f"{outside / source.outside}" if outside else "TWINBAND_WEIGHTS, which is not set"
    if not source.revision:
        return (
            f"the weights {source.outside} are missing: looked for in {below}. Fetch the file,"
            " put it there, and set TWINBAND_WEIGHTS to its folder"
        )
    return (
        f"the weights {source.outside} (revision {source.revision}) are missing: looked for in"
        f" {below} and in the hub's cache. Fetch them with\n"
        f"  hf download {source.outside} --revision {source.revision}"
    )
