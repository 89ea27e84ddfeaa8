"""Speed of CMSS (against reading its inputs), of an online EM step and of fitting a mixture.

``read_ms`` sums both inputs once; times are the least of several repetitions, taken in turns.
``nats_below_sklearn`` is how far the mean log-likelihood of the raw values lies under that of
scikit-learn's GaussianMixture fitted to them (negative: above).
"""

import time
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.mixture import GaussianMixture

from benches._record import record
from twinband.cmss.histogram import Histogram
from twinband.cmss.mixture import Mixture1d
from twinband.masking.measure import cmss
from twinband.masking.online import OnlineMixture

BATCH, LENGTH, FEATURES = 128, 196, 768
VALUES = 10_000_000
SKLEARN_VALUES = 100_000


def least_ms(*tasks: Callable[[], object], rounds: int = 8, in_a_row: int = 6) -> list[float]:
    """Measure the least time of every task; every round runs each a few times in a row."""
    times: list[list[float]] = [[] for _ in tasks]
    for _ in range(rounds):
        for task, task_times in zip(tasks, times, strict=True):
            for _ in range(in_a_row):
                begin = time.perf_counter()
                task()
                task_times.append((time.perf_counter() - begin) * 1e3)
    return [min(task_times) for task_times in times]


def sample(count: int, seed: int) -> NDArray[np.float32]:
    """Draw positive values whose log10 has three overlapping groups."""
    generator = np.random.default_rng(seed)
    group = generator.choice(3, count, p=(0.5, 0.3, 0.2))
    means, deviations = np.array([0.0, 1.2, 3.0]), np.array([0.5, 0.4, 0.9])
    logs = generator.normal(means[group], deviations[group])
    return np.asarray(10**logs, np.float32)


def to_mixture(values: NDArray[np.float32]) -> Mixture1d:
    """Fit a mixture to the histogram of the values."""
    histogram = Histogram()
    histogram.add(values)
    return Mixture1d.fit(histogram)


def nats_below_sklearn() -> float:
    """Compare the histogram's mixture with scikit-learn's on the raw values."""
    values = sample(SKLEARN_VALUES, 1)
    logs = np.log10(values.astype(np.float64))
    reference = GaussianMixture(3, random_state=0, tol=1e-6, max_iter=1000).fit(logs[:, None])
    return float(reference.score(logs[:, None])) - to_mixture(values).log_likelihood(logs)


def main() -> None:
    """Measure and record."""
    torch.manual_seed(0)
    rgb, thermal = torch.randn(2, BATCH, LENGTH, FEATURES).unbind()
    read, measure = least_ms(lambda: (rgb.sum(), thermal.sum()), lambda: cmss(rgb, thermal))
    mixture, similarity = OnlineMixture(), torch.rand(BATCH, LENGTH)
    (step,) = least_ms(lambda: mixture(similarity), rounds=20)
    values = sample(VALUES, 0)
    (fit,) = least_ms(lambda: to_mixture(values), rounds=2, in_a_row=2)
    record(
        "sparsity",
        {
            "threads": torch.get_num_threads(),
            "read_ms": round(read, 2),
            "cmss_ms": round(measure, 2),
            "cmss_over_read": round(measure / read, 2),
            "em_step_25088_ms": round(step, 3),
            "histogram_and_mixture_10m_s": round(fit / 1e3, 3),
            "nats_below_sklearn": round(nats_below_sklearn(), 6),
        },
    )


if __name__ == "__main__":
    main()
