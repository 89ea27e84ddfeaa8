"""SAM weights in files: the official checkpoints, and the project's own safetensors."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import torch
from pydantic import BaseModel, ValidationError
from torch import Tensor

from twinband.core.errors import InputError
from twinband.sam.build import OFFICIAL, Sam, Sizes, build_empty, sizes_of
from twinband.shards.sums import check_sums
from twinband.weights import check_sha256, misfits, read_safetensors, read_torch, write_safetensors

FILE = "weights.safetensors"
SUFFIXES = (".safetensors", ".pth", ".pt")  # another path, if it is no file, is a folder
SOURCE = "https://dl.fbaipublicfiles.com/segment_anything/"
DOWNLOADS = {
    "vit_b": "sam_vit_b_01ec64.pth",
    "vit_l": "sam_vit_l_0b3195.pth",
    "vit_h": "sam_vit_h_4b8939.pth",
}


class Description(BaseModel):
    """The model that a file of weights holds."""

    kind: Literal["sam"]
    settings: Sizes


def save(model: Sam, path: Path | str, dtype: torch.dtype = torch.float32) -> Path:
    """Write ``model`` and its sizes, and beside the file its SHA-256; ``load`` reads it back.

    Equal weights give equal bytes.

    Args:
        path: a ``.safetensors`` file, or a folder which gets a ``weights.safetensors``.
        dtype: in which weights are stored; ``load`` gives fp32 in any case.

    Returns:
        The file.

    Raises:
        ValueError: the model has layers that its sizes do not tell.
    """
    file = Path(path) if Path(path).suffix == ".safetensors" else Path(path) / FILE
    sizes = sizes_of(model)
    tensors = {k: v.to(dtype) for k, v in model.state_dict().items()}
    expected = {k: v.shape for k, v in build_empty(sizes).state_dict().items()}
    if expected != {k: v.shape for k, v in tensors.items()}:
        raise ValueError("this SAM has other layers than segment_anything gives one of its sizes")
    description = Description(kind="sam", settings=sizes).model_dump()
    write_safetensors(tensors, file, description)
    return file


def load(name_or_path: Path | str, sha256: str | None = None) -> Sam:
    """Load a SAM on the CPU, in fp32 and evaluation mode.

    Args:
        name_or_path: an official checkpoint (``vit_b``, ``vit_l`` or ``vit_h`` is recognised by
            its shapes), or the file or folder that ``save`` wrote.
        sha256: expected SHA-256 of the file; None accepts any, unless a list of checksums
            beside it says otherwise.

    Raises:
        InputError: the file is missing, not the promised one, or not a SAM; says what to do.
    """
    file = _file(Path(name_or_path))
    if not file.is_file():
        raise InputError(_missing(str(name_or_path), file))
    if sha256 is not None:
        check_sha256(file, sha256)
    else:
        check_sums(file.parent)
    read = _read_own if file.suffix == ".safetensors" else _read_official
    sizes, tensors = read(file)
    model = build_empty(sizes)
    if complaints := misfits(tensors, model.state_dict()):
        raise InputError(f"{file}: these weights do not fit their SAM{complaints}")
    model.load_state_dict({k: v.float() for k, v in tensors.items()}, assign=True)
    return model


def _file(path: Path) -> Path:
    return path if path.is_file() or path.suffix in SUFFIXES else path / FILE


def _missing(name: str, file: Path) -> str:
    if name in DOWNLOADS:
        return (
            f"{name}: official weights are not part of twinband. Fetch"
            f" {SOURCE}{DOWNLOADS[name]} and give the path of that file"
        )
    return (
        f"{file}: no such file of SAM weights. Official ones are at {SOURCE}"
        f" ({', '.join(DOWNLOADS.values())}); others are written by twinband's"
        " `sam.save`"
    )


def _read_own(file: Path) -> tuple[Sizes, Mapping[str, Tensor]]:
    tensors, text = read_safetensors(file)
    try:
        return Description.model_validate_json(text).settings, tensors
    except ValidationError as error:
        raise InputError(
            f"{file}: does not say what sizes of SAM it holds, so twinband's `sam.save` did not"
            f" write it: {error}"
        ) from None


def _read_official(file: Path) -> tuple[Sizes, Mapping[str, Tensor]]:
    tensors = read_torch(file)
    if not isinstance(tensors, dict) or not all(isinstance(v, Tensor) for v in tensors.values()):
        raise InputError(f"{file}: not an official SAM checkpoint, which is a plain state_dict")
    width, depth = _encoder(tensors)
    for sizes in OFFICIAL.values():
        if (sizes.encoder_width, sizes.encoder_depth) == (width, depth):
            return sizes, tensors
    raise InputError(
        f"{file}: an image encoder of width {width} and depth {depth} is none of"
        f" {', '.join(OFFICIAL)}; save another SAM with twinband's `sam.save`"
    )


def _encoder(tensors: Mapping[str, Tensor]) -> tuple[int, int]:
    """Read width and depth of the image encoder off the tensors; zeros if there is none."""
    positions = tensors.get("image_encoder.pos_embed")
    blocks = {k.split(".")[2] for k in tensors if k.startswith("image_encoder.blocks.")}
    return (0 if positions is None else positions.shape[-1]), len(blocks)
