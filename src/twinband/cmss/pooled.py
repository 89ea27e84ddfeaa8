"""What the measure looks like over several datasets."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from twinband.cmss.facts import histogram_facts
from twinband.cmss.histogram import Histogram
from twinband.cmss.mixture import DIGITS, Fitted, mixture_facts
from twinband.cmss.params import MixtureParams
from twinband.cmss.statistics import Product
from twinband.core.errors import InputError


@dataclass(frozen=True, slots=True)
class Pooled:
    """Histograms of the same measure, and what was fitted to them.

    Attributes:
        products: by dataset.
        patches: of all of them.
        whole: fitted to ``patches``.
        each: fitted to each dataset's own.
    """

    products: Mapping[str, Product]
    patches: Histogram
    whole: Fitted
    each: Mapping[str, Fitted]

    @classmethod
    def of(
        cls,
        products: Mapping[str, Product],
        mixture: MixtureParams,
    ) -> "Pooled":
        """Add up at least one product.

        Raises:
            InputError: they are not of the same measure, or of other bins.
        """
        first_name, first = next(iter(products.items()))
        patches = first.statistics.bins.empty()
        for name, product in products.items():
            same = (product.measure, product.statistics.bins)
            if same != (first.measure, first.statistics.bins):
                raise InputError(
                    f"{name} and {first_name} were measured in different ways ({same} and "
                    f"{(first.measure, first.statistics.bins)}): dvc repro"
                )
            patches.merge(product.statistics.patches)

        def fitted(histogram: Histogram) -> Fitted:
            return Fitted.to(histogram, **mixture.model_dump())

        each = {name: fitted(product.statistics.patches) for name, product in products.items()}
        return cls(products, patches, fitted(patches), each)

    def to_json(self) -> dict[str, Any]:
        """Exact numbers, for whoever samples from the mixture."""
        [measure] = {product.measure for product in self.products.values()}
        return {
            "unit": "log10 of the unnormalised measure",
            "measure": asdict(measure),
            **_exact(self.whole),
            "datasets": {
                name: {"product": self.products[name].identity, **_exact(fitted)}
                for name, fitted in self.each.items()
            },
        }

    def facts(self) -> dict[str, Any]:
        """For metrics/: rounded."""
        return {
            **histogram_facts(self.patches),
            "normaliser": {
                "quantile": self.whole.quantile,
                "log10": round(self.whole.normaliser, DIGITS),
            },
            "mixture": mixture_facts(self.whole.fixed),
            "mixture_by_bic": mixture_facts(self.whole.best),
            "datasets": {
                name: product.statistics.patches.total for name, product in self.products.items()
            },
        }


def _exact(fitted: Fitted) -> dict[str, Any]:
    return {
        "normaliser": {"quantile": fitted.quantile, "log10": fitted.normaliser},
        "mixture": fitted.fixed.to_json(),
        "mixture_by_bic": fitted.best.to_json(),
    }
