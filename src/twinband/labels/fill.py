"""Labelling of a dataset's images, as far as they are missing from the cache."""

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


class OpenAnnotator(Protocol):
    """An annotator with its weights in memory."""

    def fields(self, images: Sequence[NDArray[np.uint8]]) -> Iterable[Mapping[str, bytes]]:
        """Label images (``H,W,3`` uint8 RGB): the fields of each, as they are stored.

        Labels that take long are yielded one by one, so that a kill loses only the one at work.
        """
        ...


class AnnotatorSpec(Protocol):
    """All that decides an annotator's answers; hashable, and small enough to be sent to workers."""

    def __hash__(self) -> int: ...

    @property
    def fingerprint(self) -> str:
        """Hexadecimal; differs if weights, settings, code or versions do."""
        ...

    def open(self) -> OpenAnnotator:
        """Read the weights."""
        ...


@dataclass(frozen=True, slots=True)
class Chunk:
    """Pairs to be labelled by one worker."""

    pairs: Path
    registered: Path
    keys: tuple[str, ...]
    rule: str
    spec: AnnotatorSpec
    cache: Path


@dataclass(frozen=True, slots=True)
class ImageLabel:
    """The place of one image's label in the cache.

    Attributes:
        key: of the pair.
        modality: of the image.
        sha256: of its pixels, the label's key in the cache.
        fresh: labelled by this run.
    """

    key: str
    modality: str
    sha256: str
    fresh: bool


def cache_of(root: Path, spec: AnnotatorSpec) -> LabelCache:
    """Open the part of the cache below ``root`` that holds this annotator's labels."""
    return LabelCache(root / spec.fingerprint)


def fill_cache(
    pairs: Path,
    registered: Path,
    keys: Sequence[str],
    rule: str,
    spec: AnnotatorSpec,
    cache: Path,
    runtime: Runtime,
    progress: Callable[[int, int], None],
) -> list[ImageLabel]:
    """Label every image of a dataset that is missing from the cache.

    Args:
        keys: of the dataset's pairs.
        rule: which images of a pair, see ``modalities_of``.
        cache: the root of the cache.
        progress: is told how many pairs are labelled, and of how many.

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
    labelled_pairs = 0
    progress(0, len(keys))
    for number, chunk_labels in _labelled(chunks, runtime):
        labels += chunk_labels
        labelled_pairs += len(chunks[number].keys)
        progress(labelled_pairs, len(keys))
    return sorted(labels, key=lambda label: (label.key, label.modality))


def _labelled(chunks: Sequence[Chunk], runtime: Runtime) -> Iterator[tuple[int, list[ImageLabel]]]:
    """Label chunks; yields the number of each with its labels.

    Work that takes less time than starting workers is done by this process itself.
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
    """Label a chunk; its number goes with the answer."""
    number, chunk = task
    return number, label_chunk(chunk)


def label_chunk(chunk: Chunk) -> list[ImageLabel]:
    """Label the images of some pairs that are missing from the cache."""
    dataset = open_products({"pairs": chunk.pairs, "registered": chunk.registered}, chunk.keys)
    labels = []
    for begin in range(0, len(dataset), PAIRS_AT_ONCE):
        labels += _label_samples(dataset[begin : begin + PAIRS_AT_ONCE], chunk)
    return labels


def _label_samples(samples: Sequence[Mapping[str, Any]], chunk: Chunk) -> list[ImageLabel]:
    images = []
    for sample in samples:
        pair = registered_pair(sample)
        for modality in modalities_of(pair, chunk.rule):
            image = image_of(pair, modality)
            assert image is not None  # the rule asks for images that are there
            images.append((sample["key"], modality, pixels_sha256(image), image))
    fresh = _label_missing({sha256: image for _, _, sha256, image in images}, chunk)
    labels = []
    for key, modality, sha256, _ in images:
        labels.append(ImageLabel(key, modality, sha256, sha256 in fresh))
        fresh.discard(sha256)  # an image that two pairs share was labelled once
    return labels


def _label_missing(images: Mapping[str, NDArray[np.uint8]], chunk: Chunk) -> set[str]:
    """Label the images (by SHA-256) missing from the cache; returns their hashes."""
    cache = cache_of(chunk.cache, chunk.spec)
    missing = [sha256 for sha256 in images if cache.get(sha256) is None]
    if not missing:
        return set()
    with claimed(chunk.cache / f"{chunk.spec.fingerprint}.claims", missing):
        # Another process may have labelled some while this one waited for it.
        missing = [sha256 for sha256 in missing if cache.get(sha256) is None]
        if missing:
            labels = _opened(chunk.spec).fields([images[sha256] for sha256 in missing])
            for sha256, fields in zip(missing, labels, strict=True):
                cache.put(sha256, fields)
    return set(missing)


@lru_cache(maxsize=2)
def _opened(spec: AnnotatorSpec) -> OpenAnnotator:
    """Open the annotator; its weights are read once by each process."""
    return spec.open()
