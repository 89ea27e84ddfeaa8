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
        scenes: gives what there is to learn from; not asked by a run that is finished.
        identity: says which scenes they are, in JSON values.
        prepare: makes a view the arrays of a sample, of equal shapes for all.
        least_zoom, image_px: see ``draw_view``.
        settings: of the run.
    """

    def __init__(
        self,
        scenes: Callable[[], Sequence[LabelledScene]],
        identity: Mapping[str, Any],
        prepare: Prepare,
        least_zoom: float,
        image_px: int,
        settings: TrainingSettings,
    ) -> None:
        self._scenes = scenes
        self._prepare = prepare
        self._least_zoom = least_zoom
        self._image_px = image_px
        self._settings = settings
        self.identity: dict[str, Any] = {**identity, "least_zoom": least_zoom, "image_px": image_px}

    def starting_at(self, step: int) -> Iterator[Batch]:
        """See ``training.loop.Batches``."""
        device = torch.device(self._settings.device)
        scenes = self._scenes()
        for places in Stream(len(scenes), self._settings, Ranks(), step):
            samples = [self._sample(scenes[index], epoch) for index, epoch in places]
            batch: Batch = {"key": [scenes[index].name for index, _ in places]}
            for name in samples[0]:
                array = np.stack([sample[name] for sample in samples])
                batch[name] = torch.from_numpy(array).to(device)
            yield batch

    def _sample(self, scene: LabelledScene, epoch: int) -> Arrays:
        rng = np.random.Generator(np.random.PCG64(seed_of(self._settings.seed, scene.name, epoch)))
        return self._prepare(draw_view(scene, self._least_zoom, self._image_px, rng), rng)
