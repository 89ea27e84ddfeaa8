"""From scenes to batches, each a pure function of seed and step: ``SceneBatches``."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from twinband.sample.annotators.scenes import LabelledScene
from twinband.sample.annotators.views import View, draw_view
from twinband.training.data import Batch, Stream
from twinband.training.distributed import Ranks
from twinband.training.seeds import seed_of
from twinband.training.settings import TrainingSettings

Arrays = Mapping[str, NDArray[Any]]
Prepare = Callable[[View, np.random.Generator], Arrays]


class SceneBatches:
    """Batches for ``training.loop.train``.

    Args:
        scenes: what there is to learn from.
        prepare: makes a view the arrays of a sample, of equal shapes for all.
        least_zoom: see ``draw_view``.
        settings: of the run.
    """

    def __init__(
        self,
        scenes: Sequence[LabelledScene],
        prepare: Prepare,
        least_zoom: float,
        settings: TrainingSettings,
    ) -> None:
        self._scenes = scenes
        self._prepare = prepare
        self._least_zoom = least_zoom
        self._settings = settings
        ends = [scenes[0].name, scenes[-1].name]
        self.identity: dict[str, Any] = {"scenes": ends, "least_zoom": least_zoom}

    def starting_at(self, step: int) -> Iterator[Batch]:
        """See ``training.loop.Batches``."""
        device = torch.device(self._settings.device)
        for places in Stream(len(self._scenes), self._settings, Ranks(), step):
            samples = [self._sample(*place) for place in places]
            batch: Batch = {"key": [self._scenes[index].name for index, _ in places]}
            for name in samples[0]:
                array = np.stack([sample[name] for sample in samples])
                batch[name] = torch.from_numpy(array).to(device)
            yield batch

    def _sample(self, index: int, epoch: int) -> Arrays:
        scene = self._scenes[index]
        rng = np.random.Generator(np.random.PCG64(seed_of(self._settings.seed, scene.name, epoch)))
        return self._prepare(draw_view(scene, self._least_zoom, rng), rng)
