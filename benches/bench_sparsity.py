"""Speed of CMSS and of an online EM step, beside the published formulas, and of fitting a mixture.

``published_*`` are those formulas as they stand: CMSS in PyTorch, EM in NumPy with fp64. They are
checked to agree. ``read_ms`` sums both inputs once; times are the least of several repetitions,
taken in turns. ``nats_below_sklearn`` is how far the mean log-likelihood of the raw values
lies under that of scikit-learn's GaussianMixture fitted to them (negative: above).
"""

import time
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.mixture import GaussianMixture
from torch import Tensor

from benches._record import record
from twinband.cmss.histogram import Histogram
from twinband.cmss.mixture import Mixture1d
from twinband.masking.measure import cmss
from twinband.masking.online import OnlineMixture

BATCHES, LENGTH, FEATURES = (16, 32, 64, 128), 196, 768
THREADS = (1, 2)
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


def published_cmss(rgb: Tensor, thermal: Tensor) -> Tensor:
    """Compute CMSS by the formulas, one operation after the other."""
    one, other = thermal.flatten(0, 1), rgb.flatten(0, 1)
    cosine = (
        one / one.norm(dim=-1, keepdim=True) * (other / other.norm(dim=-1, keepdim=True))
    ).sum(-1)
    measure = ((cosine + 1) / 2).sqrt() / (one.var(-1) * other.var(-1))
    return (measure / measure.max()).view(rgb.shape[:2])


class PublishedMixture:
    """Mixture of three Gaussians; a call is one step of EM by the formulas."""

    def __init__(self, means: NDArray[np.float64]) -> None:
        self.means, self.variances = means, np.ones(3)
        self.weights = self.variances / 3

    def __call__(self, values: Tensor) -> None:
        data = values.flatten().numpy()
        shares = np.empty((len(data), 3))
        for index, (mean, variance) in enumerate(zip(self.means, self.variances, strict=True)):
            density = np.exp(-0.5 * (data - mean) ** 2 / variance) / np.sqrt(2 * np.pi * variance)
            shares[:, index] = self.weights[index] * density
        shares /= shares.sum(1, keepdims=True)
        mass = shares.sum(0)
        self.means = shares.T @ data / mass
        squares = [
            share @ (data - mean) ** 2 for share, mean in zip(shares.T, self.means, strict=True)
        ]
        self.variances, self.weights = np.array(squares) / mass, mass / len(data)


def step_figures(batch: int, threads: int) -> dict[str, float | int | str]:
    """Measure what a step of training computes of a batch: CMSS and EM."""
    torch.set_num_threads(threads)
    rgb, thermal = torch.randn(2, batch, LENGTH, FEATURES).unbind()
    values = cmss(rgb, thermal)
    mixture = OnlineMixture()
    published = PublishedMixture(mixture.means.numpy().copy())
    for _ in range(20):
        mixture(values)
        published(values)
    if not np.allclose(mixture.means.numpy(), published.means, rtol=1e-6):
        raise SystemExit("the mixtures differ")
    if not torch.allclose(values, published_cmss(rgb, thermal), rtol=1e-5, atol=0):
        raise SystemExit("CMSS differs")
    read, published_ms, ours = least_ms(
        lambda: (rgb.sum(), thermal.sum()),
        lambda: published_cmss(rgb, thermal),
        lambda: cmss(rgb, thermal),
        in_a_row=3,
    )
    published_em, em = least_ms(lambda: published(values), lambda: mixture(values), rounds=20)
    return {
        "batch": batch,
        "threads": threads,
        "read_ms": round(read, 2),
        "published_cmss_ms": round(published_ms, 2),
        "cmss_ms": round(ours, 2),
        "published_em_ms": round(published_em, 3),
        "em_ms": round(em, 3),
        "cmss_times_as_fast": round(published_ms / ours, 1),
        "em_times_as_fast": round(published_em / em, 1),
    }


def main() -> None:
    """Measure and record."""
    torch.manual_seed(0)
    steps = [step_figures(batch, threads) for threads in THREADS for batch in BATCHES]
    values = sample(VALUES, 0)
    (fit,) = least_ms(lambda: to_mixture(values), rounds=2, in_a_row=2)
    fitted: dict[str, float | int | str] = {
        "threads": torch.get_num_threads(),
        "histogram_and_mixture_10m_s": round(fit / 1e3, 3),
        "nats_below_sklearn": round(nats_below_sklearn(), 6),
    }
    record("sparsity", *steps, fitted)


if __name__ == "__main__":
    main()
