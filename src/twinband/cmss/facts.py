"""Facts of the measure, of one dataset and pooled, and a dataset's card."""

from typing import Annotated

from pydantic import Field

from twinband.core.params import Facts
from twinband.shards.product import count_rows, markdown_card, markdown_table

VARIANCES = {
    "product": "the product of both modalities' variances",
    "first_squared": "the squared variance of thermal",
}


class Quantiles(Facts):
    """Quantiles of log10 of the measure."""

    p01: float
    p05: float
    median: float
    p95: float
    p99: float


class NormaliserFacts(Facts):
    """The value (log10) that becomes 1, and the quantile of all values that it is."""

    quantile: float
    log10: float


class MixtureFacts(Facts):
    """Gaussians in increasing order of their means, in log10 of the unnormalised measure."""

    components: int
    weights: list[float]
    means: list[float]
    variances: list[float]
    mean_log_likelihood: float


class DistributionFacts(Facts):
    """Facts that one dataset and all of them together share.

    Attributes:
        patches: values counted, those without a logarithm left out.
        below, above: of these, the ones outside the histogram's bins.
        non_finite: values that have no logarithm.
        log10: quantiles.
        normaliser: fitted to the histogram.
        mixture: of the number of components by which datasets are compared.
        mixture_by_bic: of the number that the Bayesian information criterion chooses.
    """

    patches: int
    below: int
    above: int
    non_finite: int
    log10: Quantiles
    normaliser: NormaliserFacts
    mixture: MixtureFacts
    mixture_by_bic: MixtureFacts


class HourFacts(Facts):
    """Pairs of one hour of the day, and the median of their patches (log10)."""

    pairs: int
    median: float


class PixelFacts(Facts):
    """Pixels that labels call objects, or none.

    Attributes:
        pixels: each with the value of its patch.
        median: log10.
        shares: of the pixels in each component of ``mixture``.
    """

    pixels: int
    median: float
    shares: Annotated[list[float], Field(min_length=1)]


class CmssFacts(DistributionFacts):
    """facts/cmss/D.json.

    Attributes:
        pairs: measured.
        thermal_absent: pairs left out, for they count as having no thermal image.
        labelled_pairs: measured pairs whose labels say where objects are.
        partial_patches: patches left out of measured pairs, for one image does not cover them.
        hours: by hour of the day.
        objects, background: pixels of labelled pairs; None where there are none.
        product: identity of the product.
    """

    pairs: int
    thermal_absent: int
    labelled_pairs: int
    partial_patches: int
    hours: dict[str, HourFacts]
    objects: PixelFacts | None = None
    background: PixelFacts | None = None
    product: str

    def headline(self) -> dict[str, float]:
        """List the numbers by which the measure of datasets is compared."""
        numbers = {
            "pairs": self.pairs,
            "median_log10": self.log10.median,
            "normaliser_log10": self.normaliser.log10,
            "components_by_bic": self.mixture_by_bic.components,
        }
        if self.objects:
            numbers["objects_median_log10"] = self.objects.median
        if self.background:
            numbers["background_median_log10"] = self.background.median
        return numbers


class PooledFacts(DistributionFacts):
    """facts/cmss_mixture.json.

    Attributes:
        datasets: patches of each.
        product: identity of the mixture's file.
    """

    datasets: dict[str, int]
    product: str

    def headline(self) -> dict[str, float]:
        """List the numbers by which mixtures are compared."""
        return {
            "patches": self.patches,
            "normaliser_log10": self.normaliser.log10,
            "components_by_bic": self.mixture_by_bic.components,
        }


def card(
    dataset: str, facts: CmssFacts, *, variance: str, image_px: int, weights_sha256: str
) -> str:
    """Write a dataset's card.

    Args:
        variance: a name in ``VARIANCES``.
        image_px: side of the images that were measured.
        weights_sha256: of the encoder.
    """
    counts = [
        ("pairs without thermal, left out", facts.thermal_absent),
        ("patches that one image does not cover, left out", facts.partial_patches),
        ("pairs whose labels show objects", facts.labelled_pairs),
        *count_rows("hour", {hour: counted.pairs for hour, counted in facts.hours.items()}),
    ]
    return markdown_card(
        f"{dataset}: cross-modality structural sparsity (CMSS)",
        ["rgb-thermal", "statistics"],
        f"Exact histograms over {facts.patches} patches of {facts.pairs} pairs, "
        f"resized to {image_px} px.",
        markdown_table(("what", "number"), counts),
        "`histograms.json`: log10 of the unnormalised measure (similarity of the two embedded "
        f"patches over {VARIANCES[variance]}), low where they differ or hold structure, high where "
        "they are alike and smooth. `patches` and `hours` count patches; `objects` and "
        "`background` count pixels of labelled pairs, each with the value of its patch. The "
        f"encoder's weights have the SHA-256 {weights_sha256}.",
        pretty_name=f"{dataset}, cross-modality structural sparsity",
    )
