"""What ``mae`` and ``pretrain`` have said, read from metrics/ and plots/."""

from dataclasses import dataclass
from pathlib import Path

from twinband.report.facts import Facts, Picture, read_facts, read_pictures


class Ends(Facts):
    """A column of the loss curve: its first value and its last."""

    first: float
    last: float


class PretrainingFacts(Facts):
    """metrics/mae.json and metrics/pretrain/METHOD.json."""

    pairs: int
    steps: int
    loss_rgb: Ends
    loss_thermal: Ends
    kept_rgb: Ends
    kept_thermal: Ends
    visible_objects_rgb: Ends | None = None
    visible_objects_thermal: Ends | None = None


@dataclass(frozen=True, slots=True)
class Pretrained:
    """One pretrained model; ``pictures`` by the names of their files."""

    name: str
    facts: PretrainingFacts
    pictures: dict[str, Picture]

    @property
    def drawings(self) -> list[Picture]:
        """Reconstructions, the earliest and the latest."""
        steps = [name for name in sorted(self.pictures) if name.startswith("step-")]
        return [self.pictures[name] for name in dict.fromkeys([*steps[:1], *steps[-1:]])]


def read_pretrained(name: str, metrics: Path, plots: Path, stage: str) -> Pretrained:
    """Read a stage's metrics file and the pictures in its folder of plots.

    Raises:
        InputError: one is missing or not what it should be; says how to make it.
    """
    facts = read_facts(PretrainingFacts, metrics, stage)
    return Pretrained(name, facts, {p.name: p for p in read_pictures(plots, stage)})
