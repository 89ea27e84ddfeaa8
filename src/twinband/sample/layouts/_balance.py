"""Choosing crops evenly from a stream of scenes, in an order that growth does not change."""

from collections import Counter, deque
from collections.abc import Iterable, Sequence

from twinband.sample.layouts._crops import VAL_EVERY, Crop
from twinband.sample.scene import HOURS

CROPS_A_SCENE = 3  # that are chosen on average


class Balance:
    """Takes crops one by one, each from the hour and class with the fewest so far.

    After every round of scenes, the crops taken are brought to ``CROPS_A_SCENE`` of each scene
    seen. So which crop comes n-th depends on the rounds before it and not on how many are wanted.

    Attributes:
        taken: the crops in the order in which they were chosen.
    """

    def __init__(self) -> None:
        self.taken: list[Crop] = []
        self._scenes = 0
        self._waiting: dict[tuple[str, str, str], deque[Crop]] = {}
        self._counts: Counter[tuple[str, ...]] = Counter()

    def add(self, scenes: Sequence[Iterable[Crop]]) -> None:
        """One round: the crops of some further scenes."""
        self._scenes += len(scenes)
        for crop in (crop for crops in scenes for crop in crops):
            cell = (crop.split, crop.hour, crop.box.name)
            self._waiting.setdefault(cell, deque()).append(crop)
        while len(self.taken) < CROPS_A_SCENE * self._scenes and self._waiting:
            self._take()

    def _take(self) -> None:
        cell = min(self._waiting, key=self._rank)
        self.taken.append(self._waiting[cell].popleft())
        if not self._waiting[cell]:
            del self._waiting[cell]
        split, hour, name = cell
        self._counts.update([cell, (split, hour), (split, name), (split,)])

    def _rank(self, cell: tuple[str, str, str]) -> tuple[int | str, ...]:
        """Least comes next: val while it has too few, then the emptiest hour and class."""
        split, hour, name = cell
        val_is_behind = len(self.taken) >= VAL_EVERY * (self._counts["val",] + 1) - 1
        return (
            val_is_behind != (split == "val"),
            self._counts[cell],
            self._counts[split, name],
            self._counts[split, hour],
            HOURS.index(hour),
            name,
        )
