"""Facts of a comparison of methods of fusion."""

from twinband.core.params import Facts
from twinband.metrics.bootstrap import Interval

AVERAGE, VISIBLE, INFRARED = "average", "visible", "infrared"
COMPARED = ("QABF", "VIF")  # with which methods should beat the average of both images


class Difference(Facts):
    """A difference of two scores on the same images, and its interval of 95 %.

    Attributes:
        told: the interval leaves out 0.
    """

    value: float
    low: float
    high: float
    told: bool

    @classmethod
    def of(cls, interval: Interval) -> "Difference":
        """Take an interval of the bootstrap."""
        return cls(
            value=interval.value, low=interval.low, high=interval.high, told=interval.beyond_zero
        )


class Segmented(Facts):
    """Segmentation of fused images.

    Attributes:
        miou: over all images.
        by_hour: of each hour of the day.
        above_single: over the better of both images alone, as judged on the same images.
    """

    miou: float
    by_hour: dict[str, float]
    above_single: Difference


class MethodFacts(Facts):
    """One method.

    Attributes:
        scores: mean over pairs of each metric; without those that are undefined for some pair.
        above_average: by metric of ``COMPARED``.
        segmented: by the frozen segmenter; None without one.
        macs_a_pixel: multiplications and additions of its network; None without one.
        parameters: of its network.
    """

    scores: dict[str, float]
    above_average: dict[str, Difference]
    segmented: Segmented | None = None
    macs_a_pixel: int | None = None
    parameters: int | None = None


class RetrainedFacts(Facts):
    """A segmenter trained anew on the images of one method, tested on those of other pairs.

    Attributes:
        method: the method.
        trained_on: pairs.
        miou: of the pairs that were not trained on.
        iou: by class id.
    """

    method: str
    trained_on: int
    miou: float
    iou: dict[str, float]


class EvaluateFusionFacts(Facts):
    """facts/evaluate_fusion/ITEM.json.

    Attributes:
        dataset: whose pairs were fused.
        pairs: how many.
        definition: of the metrics.
        scales: by metric, what the number is and which direction is better.
        better_single: the single image that the segmenter does better on.
        segmenter_classes: that images were scored on.
        methods: by name.
        retrained: of one method; None if not asked for.
        products: identity of each trained model's weights.
    """

    dataset: str
    pairs: int
    definition: str
    scales: dict[str, str]
    better_single: str | None = None
    segmenter_classes: list[str]
    methods: dict[str, MethodFacts]
    retrained: RetrainedFacts | None = None
    products: dict[str, str]

    def headline(self, first: str | None) -> dict[str, float]:
        """Pick the numbers that runs are compared by: those of one model and of the controls."""
        found: dict[str, float] = {}
        for name in (first, AVERAGE):
            if name is not None:
                scores = self.methods[name].scores
                found |= {f"{name}_{m.lower()}": scores[m] for m in COMPARED if m in scores}
        for name in (first, VISIBLE, INFRARED):
            segmented = self.methods[name].segmented if name else None
            if segmented is not None:
                found[f"{name}_miou"] = segmented.miou
        if self.retrained is not None:
            found["retrained_miou"] = self.retrained.miou
        return found

    def sentences(self) -> list[str]:
        """Say in words what the numbers tell, and what they do not."""
        lines = []
        for metric in COMPARED:
            above = [n for n, m in self.methods.items() if _told_above(m, metric)]
            lines.append(
                f"Above the average image in {metric} beyond chance: {', '.join(above) or 'none'}."
            )
        judged = {n: m.segmented for n, m in self.methods.items() if m.segmented is not None}
        if self.better_single is not None:
            gains = [
                n for n, s in judged.items() if s.above_single.told and s.above_single.value > 0
            ]
            loses = [
                n for n, s in judged.items() if s.above_single.told and s.above_single.value < 0
            ]
            same = [n for n in judged if n not in (*gains, *loses, self.better_single)]
            lines.append(
                f"Segmentation, against {self.better_single} alone, the better single image: gains"
                f" with {', '.join(gains) or 'no method'}; loses with {', '.join(loses) or 'none'};"
                f" cannot be told apart with {', '.join(same) or 'none'}."
            )
        if self.retrained is not None:
            lines.append(
                f"A segmenter trained anew on images of {self.retrained.method}: mIoU"
                f" {self.retrained.miou:.3f}."
            )
        return lines


def _told_above(method: MethodFacts, metric: str) -> bool:
    found = method.above_average.get(metric)
    return found is not None and found.told and found.value > 0
