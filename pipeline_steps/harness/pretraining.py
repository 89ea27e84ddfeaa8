"""What the stages that pretrain share: ranks, curves, the model's card, and the report."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline_steps.harness.log import live_log
from pipeline_steps.harness.step import StepReport
from twinband.core.params import Runtime
from twinband.methods.mae.model import MaskedAutoencoder
from twinband.methods.mspecgene.model import MSpecGene
from twinband.pretraining.build import open_pool, pretrain
from twinband.pretraining.facts import model_card
from twinband.pretraining.params import PretrainingData
from twinband.shards.write import write_atomically
from twinband.training.distributed import launched
from twinband.training.seeds import seeded
from twinband.training.settings import Training


@dataclass(frozen=True, slots=True)
class Pool:
    """Where the pairs to train on are: the product of the stage ``pool``, and what it names."""

    pool: Path
    pairs: Path
    registered: Path


@dataclass(frozen=True, slots=True)
class Subject:
    """What is trained.

    Attributes:
        name: for the card's head.
        what: a sentence for the card.
        facts: more of it, for the card's table.
        masking: which patches are hidden, for the closing line.
    """

    name: str
    what: str
    facts: Mapping[str, Any]
    masking: str


def pretraining(
    subject: Subject,
    build: Callable[[], MaskedAutoencoder | MSpecGene],
    source: Pool,
    data: PretrainingData,
    training: Training,
    *,
    out: Path,
    plots: Path,
    work: Path,
    runtime: Runtime,
    progress: Callable[[int, int], None],
) -> StepReport:
    """Train what ``build`` makes; write weights, card and plots."""
    settings = training.settings()
    with (
        launched(settings.device) as ranks,
        seeded(settings.seed),
        live_log(work) if ranks.main else nullcontext(_unheard) as log,
    ):
        trained = pretrain(
            build(),
            open_pool(source.pool, source.pairs, source.registered, data.fraction),
            data,
            settings,
            out=out,
            plots=plots,
            work=work,
            runtime=runtime,
            log=log,
            progress=progress,
            ranks=ranks,
        )
    facts = {**subject.facts, "steps": settings.steps, "batch": settings.batch_size}
    card = model_card(subject.name, subject.what, trained, facts)
    write_atomically(out / "README.md", card.encode())
    loss = trained.curve["loss"]
    return StepReport(
        f"{settings.steps} steps on {trained.pairs} pairs, masking {subject.masking}, "
        f"loss {loss[0]:.3f} to {loss[-1]:.3f}",
        samples=settings.steps * settings.batch_size,
        metrics=trained.facts(),
        facts={
            "resumed_at_step": trained.result.resumed_at,
            "pairs_per_second": round(trained.result.pairs_per_second, 1),
        },
    )


def _unheard(step: int, values: Mapping[str, float]) -> None:
    """The log of a rank that reports nothing."""
