"""Labelling the images of a dataset, as far as the cache does not know them: ``fill_cache``."""

import itertools
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from twinband.core.parallel import map_tasks
from twinband.core.params import Runtime
from twinband.labels.cache import LabelCache, claimed
from twinband.labels.images import image_of, modalities_of, pixels_sha256
from twinband.shards.read import open_products
from twinband.shards.registered import registered_pair

PAIRS_AT_ONCE = 8  # labelled together, and lost together if the process is killed
FIRST = (1, 2)  # pairs labelled before it is known how long one takes: to warm up, and to measure
WORTH_WORKERS_S = 20.0  # workers import PyTorch and read the weights, each for itself
MOST_TASKS = 512  # each reads the manifests once


class Labeller(Protocol):
    """An annotator at work, with its weights in memory."""

    def fields(self, images: Sequence[NDArray[np.uint8]]) -> Iterable[Mapping[str, bytes]]:
        """The label of each image (``H,W,3`` uint8 RGB), as it is stored; one after the other
        where each takes long, for what was given already outlives a kill."""
        ...


class LabellerSpec(Protocol):
    """All that says what an annotator answers; hashable, and small enough to be sent around."""

    def __hash__(self) -> int: ...

    @property
    def fingerprint(self) -> str:
        """Hexadecimal; differs if weights, settings, code or versions do."""
        ...

    def open(self) -> Labeller:
        """Read the weights."""
        ...


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some pairs to be labelled by one worker."""

    pairs: Path
    registered: Path
    keys: tuple[str, ...]
    rule: str
    spec: LabellerSpec
    cache: Path


@dataclass(frozen=True, slots=True)
class ImageLabel:
    """Where the label of one image of a pair is.

    Attributes:
        key: of the pair.
        modality: of the image.
        sha256: of its pixels, by which the cache knows its label.
        fresh: whether it was labelled by this run.
    """

    key: str
    modality: str
    sha256: str
    fresh: bool


def cache_of(root: Path, spec: LabellerSpec) -> LabelCache:
    """The part of the cache below ``root`` that holds labels of this annotator."""
    return LabelCache(root / spec.fingerprint)


def fill_cache(
    pairs: Path,
    registered: Path,
    keys: Sequence[str],
    rule: str,
    spec: LabellerSpec,
    cache: Path,
    runtime: Runtime,
    progress: Callable[[int, int], None],
) -> list[ImageLabel]:
    """Have a label of every image in the cache.

    Args:
        keys: of the dataset's pairs.
        rule: which images of a pair, see ``modalities_of``.
        cache: the root of the cache.
        progress: is told how many pairs are done, and of how many.

    Returns:
        One entry an image, in order of key and modality.
    """
    size = max(PAIRS_AT_ONCE, -(-len(keys) // MOST_TASKS))
    ends = [*itertools.accumulate(FIRST), *range(sum(FIRST) + size, len(keys) + size, size)]
    chunks = [
        Chunk(pairs, registered, tuple(keys[begin:end]), rule, spec, cache)
        for begin, end in itertools.pairwise([0, *ends])
        if begin < len(keys)
    ]
    labels: list[ImageLabel] = []
    done = 0
    progress(0, len(keys))
    for number, found in _labelled(chunks, runtime):
        labels += found
        done += len(chunks[number].keys)
        progress(done, len(keys))
    return sorted(labels, key=lambda label: (label.key, label.modality))


def _labelled(chunks: Sequence[Chunk], runtime: Runtime) -> Iterator[tuple[int, list[ImageLabel]]]:
    """Numbers of chunks and their labels.

    What takes less time than starting workers is done by this process itself.
    """
    tasks = list(enumerate(chunks))
    if runtime.executor == "processes":
        seconds = 0.0
        for task in tasks[: len(FIRST)]:
            begin = time.monotonic()
            yield label_numbered(task)
            seconds = (time.monotonic() - begin) / len(task[1].keys)
        tasks = tasks[len(FIRST) :]
        if seconds * sum(len(chunk.keys) for _, chunk in tasks) < WORTH_WORKERS_S:
            runtime = runtime.model_copy(update={"workers": 1})
    yield from map_tasks(label_numbered, tasks, runtime)


def label_numbered(task: tuple[int, Chunk]) -> tuple[int, list[ImageLabel]]:
    """Label the images of one chunk; its number goes with the answer."""
    number, chunk = task
    return number, label_chunk(chunk)


def label_chunk(chunk: Chunk) -> list[ImageLabel]:
    """Label those images of some pairs that the cache does not know."""
    dataset = open_products({"pairs": chunk.pairs, "registered": chunk.registered}, chunk.keys)
    labels = []
    for begin in range(0, len(dataset), PAIRS_AT_ONCE):
        labels += _label_samples(dataset[begin : begin + PAIRS_AT_ONCE], chunk)
    return labels


def _label_samples(samples: Sequence[Mapping[str, Any]], chunk: Chunk) -> list[ImageLabel]:
    shown = []
    for sample in samples:
        pair = registered_pair(sample)
        for modality in modalities_of(pair, chunk.rule):
            image = image_of(pair, modality)
            assert image is not None  # the rule asks for images that are there
            shown.append((sample["key"], modality, pixels_sha256(image), image))
    fresh = _label_unknown({sha256: image for _, _, sha256, image in shown}, chunk)
    labels = []
    for key, modality, sha256, _ in shown:
        labels.append(ImageLabel(key, modality, sha256, sha256 in fresh))
        fresh.discard(sha256)  # an image that two pairs share was labelled once
    return labels


def _label_unknown(images: Mapping[str, NDArray[np.uint8]], chunk: Chunk) -> set[str]:
    """Label those of ``images`` (by SHA-256) that the cache does not know; which ones."""
    cache = cache_of(chunk.cache, chunk.spec)
    unknown = [sha256 for sha256 in images if cache.get(sha256) is None]
    if not unknown:
        return set()
    with claimed(chunk.cache / f"{chunk.spec.fingerprint}.claims", unknown):
        # Another process may have labelled some while this one waited for it.
        unknown = [sha256 for sha256 in unknown if cache.get(sha256) is None]
        if unknown:
            labels = _opened(chunk.spec).fields([images[sha256] for sha256 in unknown])
            for sha256, fields in zip(unknown, labels, strict=True):
                cache.put(sha256, fields)
    return set(unknown)


@lru_cache(maxsize=2)
def _opened(spec: LabellerSpec) -> Labeller:
    """The annotator, its weights read once by each process."""
    return spec.open()
