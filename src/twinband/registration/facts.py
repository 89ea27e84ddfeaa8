"""Facts of a registered dataset, and its data card."""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from twinband.core.params import Facts
from twinband.registration.params import RegisterParams
from twinband.shards.product import count_rows, count_values, markdown_card, markdown_table

UNDER_PX = 5.0
WORSE_PX = 0.5  # beyond doing nothing


class Spread(Facts):
    """Quantiles of a quantity over all pairs that have it."""

    p05: float
    median: float
    p95: float


class Tail(Facts):
    """Upper quantiles of a quantity over all pairs that have it; px."""

    median: float
    p90: float
    largest: float


class Residual(Facts):
    """Local shifts of the middle pair, and the number of pairs that they were measured in; px."""

    median: float
    p90: float
    pairs: int


class Errors(Facts):
    """Corner errors over all pairs with a true transform; px."""

    mean: float
    median: float
    p95: float


class CornerErrors(Facts):
    """Corner errors of doing nothing and of what was done.

    Attributes:
        under_5px: share of pairs.
        worse: share of pairs that are further off than if nothing had been done.
        pairs: with a true transform.
    """

    before: Errors
    after: Errors
    under_5px: float
    worse: float
    pairs: int


class RegisterFacts(Facts):
    """facts/register/D.json; a quantity that no pair has is None.

    Attributes:
        grid: the modality whose pixels all got; empty if there is no pair.
        resampled: pairs in which an image was resampled.
        status, reasons, sources, policies: pairs by status, by the reason why a transform was
            not accepted, by where the transform comes from, and by what became of failed ones.
        score, score_before: correlation of the edges, -1..1.
        valid_fraction: share of the pixels that both images have.
        motion_px: of the corners.
        forward_backward_px: disagreement of both directions.
        product: identity of the product.
    """

    pairs: int
    grid: str
    resampled: int
    status: dict[str, int]
    reasons: dict[str, int]
    sources: dict[str, int]
    policies: dict[str, int]
    score: Spread | None = None
    score_before: Spread | None = None
    valid_fraction: Spread | None = None
    motion_px: Tail | None = None
    forward_backward_px: Tail | None = None
    residual_px: Residual | None = None
    corner_error_px: CornerErrors | None = None
    product: str

    def headline(self) -> dict[str, float]:
        """The numbers for metrics/."""
        numbers: dict[str, float] = {"pairs": self.pairs, "failed": self.status.get("failed", 0)}
        if self.score:
            numbers["score_median"] = self.score.median
        if self.residual_px:
            numbers["residual_px_median"] = self.residual_px.median
        if self.corner_error_px:
            numbers["corner_error_px_median"] = self.corner_error_px.after.median
            numbers["corner_error_under_5px"] = self.corner_error_px.under_5px
        return numbers


def facts_of(rows: pa.Table, product: str = "") -> RegisterFacts:
    """Count and measure the pairs of a dataset, by its manifest's rows."""
    return RegisterFacts(
        pairs=rows.num_rows,
        grid=rows["grid"][0].as_py() if rows.num_rows else "",
        resampled=sum(rows["resampled"].to_pylist()),
        status=count_values(rows["registration"]),
        reasons=count_values(rows["registration_reason"]),
        sources=count_values(rows["source"]),
        policies=count_values(rows["policy"]),
        score=_spread(rows, "score"),
        score_before=_spread(rows, "score_before"),
        valid_fraction=_spread(rows, "valid_fraction"),
        motion_px=_tail(rows, "motion_px"),
        forward_backward_px=_tail(rows, "forward_backward_px"),
        residual_px=_residual(rows),
        corner_error_px=_corner_errors(rows),
        product=product,
    )


def card(name: str, params: RegisterParams, facts: RegisterFacts) -> str:
    """Write the data card: the grid that the pairs are on, and how they got there."""
    moved = "thermal" if params.grid == "rgb" else "rgb"
    counts = [
        *count_rows("status", facts.status),
        *count_rows("transform from", facts.sources),
        *count_rows("reason", facts.reasons),
        *count_rows("failed pairs", facts.policies),
    ]
    return markdown_card(
        f"{name}: registered",
        ["rgb-thermal", "registration", "webdataset"],
        f"{facts.pairs} pairs on the {params.grid} grid; in {facts.resampled} of them the {moved} "
        "image was resampled onto it.",
        markdown_table(("what", "pairs"), counts),
        "A sample holds only what changed: the resampled image, `valid.png` (255 where it has "
        "data), labels that moved with it, and `json` with the transform (thermal pixel to RGB "
        "pixel, pixel centres at integers) and its quality. Everything else stands in `pairs`, "
        "under the same key; `twinband.shards.registered.registered_pair` puts both together.",
        pretty_name=f"{name}, registered",
    )


def _spread(rows: pa.Table, name: str) -> Spread | None:
    values = _numbers(rows, name)
    if not values.size:
        return None
    p05, median, p95 = _quantiles(values, 5, 50, 95)
    return Spread(p05=p05, median=median, p95=p95)


def _tail(rows: pa.Table, name: str) -> Tail | None:
    values = _numbers(rows, name)
    if not values.size:
        return None
    median, p90, largest = _quantiles(values, 50, 90, 100)
    return Tail(median=median, p90=p90, largest=largest)


def _residual(rows: pa.Table) -> Residual | None:
    medians = _numbers(rows, "residual_px_median")
    if not medians.size:
        return None
    [median] = _quantiles(medians, 50)
    [p90] = _quantiles(_numbers(rows, "residual_px_p90"), 50)
    return Residual(median=median, p90=p90, pairs=medians.size)


def _corner_errors(rows: pa.Table) -> CornerErrors | None:
    before, after = _numbers(rows, "corner_error_px_before"), _numbers(rows, "corner_error_px")
    if not after.size:
        return None
    return CornerErrors(
        before=_errors(before),
        after=_errors(after),
        under_5px=float(np.mean(after < UNDER_PX)),
        worse=float(np.mean(after > before + WORSE_PX)),
        pairs=after.size,
    )


def _errors(values: NDArray[np.float64]) -> Errors:
    median, p95 = _quantiles(values, 50, 95)
    return Errors(mean=float(values.mean()), median=median, p95=p95)


def _quantiles(values: NDArray[np.float64], *percent: int) -> list[float]:
    quantiles: list[float] = np.percentile(values, percent).tolist()
    return quantiles


def _numbers(rows: pa.Table, name: str) -> NDArray[np.float64]:
    column: Any = rows[name].drop_null().to_numpy()
    return np.asarray(column, np.float64)
