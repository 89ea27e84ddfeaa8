"""The measure over several datasets: their histograms pooled, and what is fitted to them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from twinband.cmss.facts import PooledFacts
from twinband.cmss.fitted import Fitted, distribution_facts
from twinband.cmss.histogram import Histogram
from twinband.cmss.params import MixtureParams
from twinband.cmss.statistics import Histograms
from twinband.core.errors import InputError


@dataclass(frozen=True, slots=True)
class Pooled:
    """Histograms of the same measure, and what was fitted to them.

    Attributes:
        products: by dataset.
        patches: of all of them.
        fitted: to ``patches``.
        by_dataset: fitted to each dataset's own.
    """

    products: Mapping[str, Histograms]
    patches: Histogram
    fitted: Fitted
    by_dataset: Mapping[str, Fitted]

    @classmethod
    def of(cls, products: Mapping[str, Histograms], mixture: MixtureParams) -> "Pooled":
        """Add up at least one product.

        Raises:
            InputError: they are not of the same measure, or of other bins.
        """
        first_name, first = next(iter(products.items()))
        patches = first.statistics.bins.empty()
        for name, product in products.items():
            definition = (product.measure, product.statistics.bins)
            if definition != (first.measure, first.statistics.bins):
                raise InputError(
                    f"{name} and {first_name} were measured in different ways ({definition} and "
                    f"{(first.measure, first.statistics.bins)}): dvc repro"
                )
            patches.merge(product.statistics.patches)

        def fit(histogram: Histogram) -> Fitted:
            return Fitted.to(histogram, **mixture.model_dump())

        by_dataset = {name: fit(product.statistics.patches) for name, product in products.items()}
        return cls(products, patches, fit(patches), by_dataset)

    def to_json(self) -> dict[str, Any]:
        """Return exact numbers, for whoever samples from the mixture."""
        [measure] = {product.measure for product in self.products.values()}
        return {
            "unit": "log10 of the unnormalised measure",
            "measure": asdict(measure),
            **_exact(self.fitted),
            "datasets": {
                name: {"product": self.products[name].identity, **_exact(fitted)}
                for name, fitted in self.by_dataset.items()
            },
        }

    def facts(self, product: str) -> PooledFacts:
        """Describe the pooled distribution.

        Args:
            product: identity of the mixture's file.
        """
        datasets = {name: item.statistics.patches.total for name, item in self.products.items()}
        return PooledFacts(
            **distribution_facts(self.patches, self.fitted), datasets=datasets, product=product
        )


def _exact(fitted: Fitted) -> dict[str, Any]:
    return {
        "normaliser": {"quantile": fitted.quantile, "log10": fitted.normaliser},
        "mixture": fitted.fixed.to_json(),
        "mixture_by_bic": fitted.best.to_json(),
    }
