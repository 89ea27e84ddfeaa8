"""Stage ``cmss_mixture``: the mixture and the normaliser of the measure over all data."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from pipeline_steps.harness.step import Base, In, Out, StepReport, main
from twinband.cmss.params import CmssMixtureParams
from twinband.cmss.pictures import distribution, series
from twinband.cmss.pooled import Pooled
from twinband.cmss.statistics import Product, read_product
from twinband.core.errors import InputError
from twinband.shards.product import to_json
from twinband.shards.write import write_atomically


def run(
    params: CmssMixtureParams,
    *,
    cmss: In,
    histograms: Base,
    out: Out,
    metrics: Out,
    plots: Out,
) -> StepReport:
    """Pool the histograms of the datasets that params name.

    ``cmss`` holds each dataset's metrics, which name the product below ``histograms``; so the
    stage depends on the datasets it reads, and not on a folder that others share.
    """
    pooled = Pooled.of(
        {name: _product_of(name, histograms / name, cmss) for name in params.datasets},
        components=params.components,
        most_components=params.most_components,
        quantile=params.quantile,
    )
    mixture = to_json(pooled.to_json())
    write_atomically(out, mixture)
    write_atomically(plots / "pooled.svg", distribution(pooled.patches, pooled.whole))
    by_dataset = {name: each.statistics.patches for name, each in pooled.products.items()}
    write_atomically(plots / "datasets.svg", series(by_dataset, "patches by dataset"))
    facts = {**pooled.facts(), "product": hashlib.sha256(mixture).hexdigest()[:16]}
    means = ", ".join(f"{mean:.2f}" for mean in pooled.whole.fixed.means)
    return StepReport(
        f"{facts['values']} patches of {len(pooled.products)} datasets, components around {means}",
        metrics=facts,
    )


def _product_of(name: str, folder: Path, metrics: Path) -> Product:
    """The dataset's histograms, which must be those that its metrics name."""
    try:
        facts: Mapping[str, str] = json.loads((metrics / f"{name}.json").read_bytes())
        recorded = facts["product"]
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            f"cmss_mixture: {name} was not measured yet ({error!r}): dvc repro"
        ) from None
    product = read_product(folder)
    if product.identity != recorded:
        raise InputError(
            f"cmss_mixture: {folder} is not what {metrics}/{name}.json tells of: dvc checkout"
        )
    return product


if __name__ == "__main__":
    main(run)
