"""Fusion of many pairs into a folder, for ``twinband fuse``."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tqdm import tqdm

from twinband.commands._image_samples import Pixels, Sample
from twinband.commands._outputs import writing
from twinband.commands._turned import aspect_remark
from twinband.core.errors import InputError
from twinband.core.images import encode_png
from twinband.fusion.interface import Fusion
from twinband.registration.geometry import Frame, resampled
from twinband.registration.reasons import why
from twinband.registration.register import register_pair
from twinband.shards.write import write_atomically


def fuse_pairs(
    fusion: Fusion, samples: Sequence[Sample], out: Path, register: bool
) -> Iterator[str]:
    """Fuse pairs into ``OUT/NAME.png``; yields a line for each pair to be told of, and the count.

    Args:
        register: estimate where each infrared image lies on its visible one, and resample it.

    Raises:
        InputError: a pair cannot be read or fused; names it.
    """
    bar = tqdm(samples, unit="pair", leave=False, disable=not sys.stderr.isatty())
    fused = 0
    for sample in bar:
        pair = sample.read()
        if "thermal" not in pair:
            yield f"{sample.name}: no infrared image; left out"
            continue
        if register:
            pair, told = _registered(pair)
            if told:
                yield f"{sample.name}: {told}"
        try:
            image = fusion.fuse(pair["rgb"], pair["thermal"])
        except ValueError as error:
            raise InputError(f"{sample.name}: {error}") from None
        with writing(out):
            write_atomically(out / f"{sample.name}.png", encode_png(image))
        fused += 1
    yield f"{out}: {fused} fused images"


def _registered(pair: Pixels) -> tuple[Pixels, str]:
    registration = register_pair(pair["rgb"], pair["thermal"])
    frame = Frame.of(pair["rgb"])
    thermal, _ = resampled(pair["thermal"], registration.matrix, frame.width, frame.height)
    told = ""
    if registration.status == "failed":
        told = f"not registered: {why(registration.reason)}; fused as it is, scaled to one size"
        source = Frame.of(pair["thermal"])
        turned = aspect_remark((frame.width, frame.height), (source.width, source.height))
        told = f"{told}; {turned}" if turned else told
    return {**pair, "thermal": thermal}, told
