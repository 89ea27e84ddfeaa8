"""What every layout is given: which scenes to render, where to write, and how to run."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from twinband.sample.render import Rendered, render
from twinband.sample.scene import sample_scene

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Job:
    """One sample dataset.

    Attributes:
        root: the folder to write into.
        count: pairs (frames, crops) wanted.
        seed, name: together they choose the scenes.
        width, height: of the rendered scenes, in pixels.
    """

    root: Path
    count: int
    seed: int
    name: str
    width: int
    height: int

    def render(self, index: int, hour: str) -> Rendered:
        """Scene ``index``; it depends on neither ``count`` nor other scenes."""
        return render(sample_scene(self.seed, self.name, index, hour), self.width, self.height)


class Each(Protocol):
    """Calls ``function(job, index)`` for every index, perhaps side by side."""

    def __call__(
        self,
        function: Callable[[Job, int], Result],
        indices: Iterable[int],
        pairs: int = 1,
    ) -> list[Result]:
        """The results in order of ``indices``.

        Args:
            function: at the top of a module, so that other processes find it.
            indices: what it is called with.
            pairs: how many pairs one call stands for in the shown progress.
        """
        ...
