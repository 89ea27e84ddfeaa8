"""Training of SAGE on a dataset: networks, fused images, card and pictures."""

from itertools import islice
from typing import Any

import torch

from twinband.core.params import ParamsError, Run
from twinband.fusion.carriers import carry_through
from twinband.fusion.data import Patches, open_fusion_pairs
from twinband.fusion.distillation import SageTraining, Schedule
from twinband.fusion.facts import model_card
from twinband.fusion.losses import Encoder
from twinband.fusion.params import DistillFusionParams
from twinband.fusion.patches import choice_of
from twinband.fusion.segmentation import Segmenter, table_of
from twinband.fusion.statistics import settle
from twinband.fusion.student import SageStudent
from twinband.fusion.teacher import SageTeacher
from twinband.fusion.training import (
    CURVE,
    OpenLog,
    Places,
    Trained,
    batches_of,
    fitted,
    left_behind,
    timings_of,
)
from twinband.masks.read import MaskReader
from twinband.shards.write import link, write_atomically
from twinband.training.curve import read_curve
from twinband.training.seeds import seeded
from twinband.weights import write_safetensors

SETTLING_STEPS = 64  # whose batches the student's final statistics are taken of
TEACHER = "teacher.safetensors"
TERMS = (
    *("luma", "infrared", "other", "gradient", "gradient_other"),
    *("features", "contrast", "segmentation"),
)
PANELS = {
    "losses": ["loss_student", "loss_teacher"],
    "terms of the student": [f"student_{term}" for term in TERMS],
    "terms of the teacher": [f"teacher_{term}" for term in TERMS],
}
SENTENCE = (
    "SAGE's student: fuses the luma of a visible image with an infrared one, taught by a network"
    f" that masks guide (Wu et al., CVPR 2025), which is `{TEACHER}`."
)


def distill(
    params: DistillFusionParams,
    places: Places,
    masks: MaskReader | None,
    encoder: Encoder | None,
    segmenter: Segmenter | None,
    *,
    run: Run,
    open_log: OpenLog,
) -> Trained:
    """Train a teacher and its student; write both, fused images of the dataset, card and pictures.

    Args:
        masks: of the dataset; None if ``params.patches`` need none.
        encoder: whose features the contrast compares; None for none.
        segmenter: that fused images should suit; None for none.
        open_log: opens a log in the given folder, called with every row of the loss curve.

    Raises:
        InputError: pairs or masks are not there, or the checkpoints are of another run.
        NonFiniteError: the loss was no number; says which pairs were in the batch.
        ParamsError: patches without masks, or classes that the segmenter does not have.
    """
    pairs = open_fusion_pairs(places.pairs, places.registered)
    patches = _patches(params, masks, segmenter)
    # the loop's factor on layers far from the output is here the teacher's rate
    settings = params.training.model_copy(update={"layer_decay": params.teacher_rate})
    torch.set_num_threads(settings.threads)  # also for what is fused outside the loop
    with seeded(settings.seed):
        task = _task(params, encoder, segmenter)
        batches = batches_of(pairs, params.data, settings, run, patches)
        result = fitted(task, batches, settings, run, open_log)
        settle(task.student, islice(batches.starting_at(0), SETTLING_STEPS))
    curve = run.work / "run" / CURVE
    facts = left_behind(
        "sage",
        {"width": params.student_width},
        task.student,
        read_curve(curve),
        PANELS,
        dataset=params.dataset,
        pairs=pairs,
        places=places,
        run=run,
    )
    link(curve, places.plots / CURVE)
    write_safetensors(task.teacher.state_dict(), places.out / TEACHER, _teacher_options(params))
    told = {
        "parameters of the teacher": f"{sum(p.numel() for p in task.teacher.parameters()):,}",
        "patches": f"{params.patches}, {params.masks_used} of each image",
        "schedule": params.schedule,
        "segmenter": params.segmenter,
    }
    write_atomically(places.out / "README.md", model_card(run.item, SENTENCE, told, facts).encode())
    return Trained(facts, timings_of(result))


def _task(
    params: DistillFusionParams, encoder: Encoder | None, segmenter: Segmenter | None
) -> SageTraining:
    teacher = SageTeacher(**_teacher_options(params))
    student = SageStudent(params.student_width)
    if params.start == "carried":
        carry_through(teacher)
        carry_through(student)
    return SageTraining(
        teacher,
        student,
        {"student": params.terms.student, "teacher": params.terms.teacher},
        Schedule(params.teacher_steps, params.schedule == "offline"),
        encoder=encoder,
        segmenter=segmenter,
        contrast=params.contrast,
    )


def _teacher_options(params: DistillFusionParams) -> dict[str, Any]:
    return {
        "masks": params.masks_used,
        "width": params.teacher_width,
        "student_width": params.student_width,
        "repository": params.repository,
    }


def _patches(
    params: DistillFusionParams, masks: MaskReader | None, segmenter: Segmenter | None
) -> Patches:
    try:
        choose = choice_of(params.patches, masks, params.masks_used, params.pairing)
    except ValueError as error:
        raise ParamsError([f"masks: {error}"]) from None
    names = segmenter.names if segmenter else ()
    return Patches(choose, params.masks_used, table_of(params.classes if names else (), names))
