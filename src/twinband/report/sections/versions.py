"""With which software, and from which bytes, all of this was made."""

import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

from twinband.report.facts import Dataset, Pool
from twinband.report.render import render
from twinband.report.section import Section

PACKAGES = (
    "torch",
    "numpy",
    "opencv-python-headless",
    "pillow",
    "pyarrow",
    "webdataset",
    "transformers",
    "dvc",
    "prefect",
)


def section(datasets: Sequence[Dataset], pool: Pool) -> Section:
    """Versions of what can change a result, and the ids of the products shown."""
    products = [(f"{dataset.name}: pairs", dataset.facts.product) for dataset in datasets]
    if pool.product:
        products.append(("pool", pool.product))
    software = [
        ("python", platform.python_version()),
        *((name, _version(name)) for name in PACKAGES),
    ]
    html = render("versions.html.j2", software=software, products=products)
    return Section("Versions", "versions", html)


def _version(package: str) -> str:
    """As installed; asked of the package's metadata, for importing some takes seconds."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
