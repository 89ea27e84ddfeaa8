"""Stage ``sample_models``: train an annotator on the sample world, and score it.

Frozen: its outputs are in Git. ``make sample-models`` runs it.
"""

from pipeline_steps.harness.log import live_log
from pipeline_steps.harness.step import Out, StepReport, main
from twinband.core.params import Run
from twinband.sample_models.params import SampleModelsParams
from twinband.sample_models.scenes import HELD_OUT_SEED, rendered_scenes
from twinband.sample_models.scores import SCORERS, card, score
from twinband.sample_models.train import train_annotator
from twinband.shards.write import write_atomically
from twinband.training.seeds import seeded


def run(params: SampleModelsParams, *, out: Out, metrics: Out, facts: Out, run: Run) -> StepReport:
    """Train one annotator."""
    runs = [lesson.training for lesson in params.lessons]
    with seeded(runs[0].seed), live_log(run.work) as log:
        trained = train_annotator(params, out, run, log)
        scenes = rendered_scenes(
            "held_out",
            params.held_out,
            seed=HELD_OUT_SEED,
            size=(params.width_px, params.height_px),
            work=run.work / "scenes",
            runtime=run.runtime,
        )
        scores = score(SCORERS[params.recipe](out), scenes)
    write_atomically(out / "README.md", card(run.item, params, trained, scores).encode())
    first, last = trained.curves[0]["loss"][0], trained.curves[-1]["loss"][-1]
    return StepReport(
        f"{sum(lesson.steps for lesson in runs)} steps on images of "
        f"{sum(lesson.scenes for lesson in params.lessons)} scenes, loss {first:.3f} to {last:.3f}",
        samples=sum(lesson.steps * lesson.batch_size for lesson in runs),
        metrics={"parameters": trained.parameters, **scores["overall"]},
        facts={"parameters": trained.parameters, "last": trained.last(), "scores": scores},
        timings={"images_per_second": round(trained.images_per_second, 1)},
    )


if __name__ == "__main__":
    main(run, unit="image")
