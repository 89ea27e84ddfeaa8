"""Stage ``sample_models``: train an annotator on the sample world, and score it.

Frozen: its outputs are in Git. ``make sample-models`` runs it.
"""

from collections.abc import Callable
from pathlib import Path

from pipeline_steps.harness.log import live_log
from pipeline_steps.harness.step import Out, StepReport, main
from twinband.core.params import Runtime
from twinband.sample_models.params import SampleModelsParams
from twinband.sample_models.scenes import HELD_OUT_SEED, rendered_scenes
from twinband.sample_models.scores import SCORERS, card, score
from twinband.sample_models.train import train_annotator
from twinband.shards.write import write_atomically
from twinband.training.seeds import seeded


def run(
    params: SampleModelsParams,
    *,
    item: str,
    out: Out,
    metrics: Out,
    work: Path,
    runtime: Runtime,
    progress: Callable[[int, int], None],
) -> StepReport:
    """Train the annotator ``item``."""
    model = params.models[item]
    runs = [lesson.training for lesson in model.lessons]
    with seeded(runs[0].seed), live_log(work) as log:
        trained = train_annotator(
            model, out, work=work, runtime=runtime, log=log, progress=progress
        )
        scenes = rendered_scenes(
            "held_out",
            model.held_out,
            seed=HELD_OUT_SEED,
            size=(model.width_px, model.height_px),
            work=work / "scenes",
            runtime=runtime,
        )
        scores = score(SCORERS[model.recipe](out), scenes)
    write_atomically(out / "README.md", card(item, model, trained, scores).encode())
    first, last = trained.curves[0]["loss"][0], trained.curves[-1]["loss"][-1]
    return StepReport(
        f"{sum(run.steps for run in runs)} steps on images of "
        f"{sum(lesson.scenes for lesson in model.lessons)} scenes, loss {first:.3f} to {last:.3f}",
        samples=sum(run.steps * run.batch_size for run in runs),
        metrics={**trained.facts(), "scores": scores},
        facts={"images_per_second": round(trained.images_per_second, 1)},
    )


if __name__ == "__main__":
    main(run, unit="image")
