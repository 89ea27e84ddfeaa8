"""Stage ``cmss_mixture``: the mixture and the normaliser of the measure over all data."""

import hashlib
import json
from pathlib import Path

from pipeline_steps.harness.step import Base, In, Out, StepReport, main
from twinband.cmss.params import CmssMixtureParams
from twinband.cmss.pictures import distribution, series
from twinband.cmss.pooled import Pooled
from twinband.cmss.statistics import Product, read_product
from twinband.core.errors import InputError
from twinband.core.params import Run
from twinband.shards.product import to_json
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
    pooled = Pooled.of(
        {name: _product_of(name, histograms / name, cmss) for name in params.datasets},
        params.mixture,
    )
    mixture = to_json(pooled.to_json())
    write_atomically(out, mixture)
    write_atomically(plots / "pooled.svg", distribution(pooled.patches, pooled.whole))
    by_dataset = {name: each.statistics.patches for name, each in pooled.products.items()}
    write_atomically(plots / "datasets.svg", series(by_dataset, "patches by dataset"))
    described = {**pooled.facts(), "product": hashlib.sha256(mixture).hexdigest()[:16]}
    means = ", ".join(f"{mean:.2f}" for mean in pooled.whole.fixed.means)
    return StepReport(
        f"{described['values']} patches of {len(pooled.products)} datasets, "
        f"components around {means}",
        metrics={
            "patches": described["values"],
            "normaliser_log10": described["normaliser"]["log10"],
            "components_by_bic": described["mixture_by_bic"]["components"],
        },
        facts=described,
    )


def _product_of(name: str, folder: Path, facts: Path) -> Product:
    """The dataset's histograms, which must be those that its facts name."""
    try:
        recorded = json.loads((facts / f"{name}.json").read_bytes())["product"]
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            f"cmss_mixture: {name} was not measured yet ({error!r}): dvc repro"
        ) from None
    product = read_product(folder)
    if product.identity != recorded:
        raise InputError(
            f"cmss_mixture: {folder} is not what {facts}/{name}.json tells of: dvc checkout"
        )
    return product


if __name__ == "__main__":
    main(run)
