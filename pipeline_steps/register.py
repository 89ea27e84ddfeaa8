"""Stage ``register``: thermal, RGB and labels of one dataset on one grid, with a confidence."""

from pipeline_steps.harness.step import In, Out, StepReport, main
from twinband.core.params import Run
from twinband.registration.build import register
from twinband.registration.facts import facts_of
from twinband.registration.params import RegisterParams
from twinband.registration.pictures import write_pictures
from twinband.registration.remarks import remarks
from twinband.registration.thermal_histograms import thermal_histograms
from twinband.shards.product import product_id
from twinband.shards.write import write_atomically


def run(
    params: RegisterParams,
    *,
    pairs: In,
    homographies: In,
    truth: In,
    out: Out,
    metrics: Out,
    facts: Out,
    plots: Out,
    run: Run,
) -> StepReport:
    """Register one dataset."""
    built = register(params, pairs, homographies, truth, out, run)
    write_pictures(pairs, out, plots)
    if histograms := thermal_histograms(pairs, out, params):
        write_atomically(plots / "thermal.svg", histograms)
    described = facts_of(built.manifest, product_id(out))
    status = ", ".join(f"{count} {name}" for name, count in described.status.items())
    told = remarks(built.manifest, params.homographies)
    return StepReport(
        summary=f"{described.pairs} pairs: {status}{built.continuation}{told}",
        samples=built.manifest.num_rows,
        metrics=described.headline(),
        facts=described,
        timings={"continued_shards": built.continued},
    )


if __name__ == "__main__":
    main(run)
