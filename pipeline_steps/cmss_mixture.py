"""Stage ``cmss_mixture``: the mixture and the normaliser of the measure over all data."""

import hashlib
from pathlib import Path

from pipeline_steps.harness.step import Base, In, Out, StepReport, main
from twinband.cmss.params import CmssMixtureParams
from twinband.cmss.pictures import distribution, series
from twinband.cmss.pooled import Pooled
from twinband.cmss.statistics import Histograms, read_histograms
from twinband.core.params import Run
from twinband.shards.product import checked, to_json
from twinband.shards.write import write_atomically


def run(
    params: CmssMixtureParams,
    *,
    cmss: In,
    histograms: Base,
    out: Out,
    metrics: Out,
    facts: Out,
    plots: Out,
    run: Run,
) -> StepReport:
    """Pool the histograms of all measured datasets.

    ``cmss`` holds each dataset's facts, which name the product below ``histograms``; so the
    stage depends on the datasets it reads, and not on a folder that others share.
    """
    products = {
        name: _checked_histograms(histograms / name, cmss / f"{name}.json")
        for name in params.datasets
    }
    pooled = Pooled.of(products, params.mixture)
    mixture = to_json(pooled.to_json())
    write_atomically(out, mixture)
    write_atomically(plots / "pooled.svg", distribution(pooled.patches, pooled.fitted))
    by_dataset = {name: product.statistics.patches for name, product in products.items()}
    write_atomically(plots / "datasets.svg", series(by_dataset, "patches by dataset"))
    described = pooled.facts(hashlib.sha256(mixture).hexdigest()[:16])
    means = ", ".join(f"{mean:.2f}" for mean in pooled.fitted.fixed.means)
    return StepReport(
        f"{described.patches} patches of {len(products)} datasets, components around {means}",
        metrics=described.headline(),
        facts=described,
    )


def _checked_histograms(folder: Path, facts: Path) -> Histograms:
    """Read a dataset's histograms, which must be those that its facts name."""
    product = read_histograms(folder)
    checked(folder, facts, lambda _: product.identity)
    return product


if __name__ == "__main__":
    main(run)
