"""Fusion: SAGE's student at 1024x768 and a step of its teacher, beside plain implementations.

The plain student is the module in evaluation mode; the plain teacher computes attention by einsum,
softmax and einsum. Variants take turns, so that whatever else the machine does slows all of them.
"""

import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor

from benches._record import Figures, record
from benches._steps import THREADS, Step, take_turns
from twinband.fusion import persistent
from twinband.fusion.fast import FastStudent
from twinband.fusion.losses import TEACHER, gradient_loss, image_terms
from twinband.fusion.student import SageStudent
from twinband.fusion.teacher import SageTeacher

ROUNDS = 7
SIZE = 768, 1024
CROP, BATCH, MASKS = (192, 256), 4, 4
VARIANTS = ("plain teacher", "our teacher")


def plain_attend(queries: Tensor, keys: Tensor, values: Tensor, heads: int) -> Tensor:
    """Attend as one would write it: ``B,N,C`` each."""
    q, k, v = (x.unflatten(2, (heads, -1)) for x in (queries, keys, values))
    scores = torch.einsum("bnhd,bmhd->bhnm", q, k) * q.shape[-1] ** -0.5
    return torch.einsum("bhnm,bmhd->bnhd", scores.softmax(-1), v).flatten(2)


def steps(variant: str) -> Step:
    """Make one variant's step of the teacher, with the losses that need no other network."""
    if variant == "plain teacher":
        vars(persistent)["attend"] = plain_attend
    torch.manual_seed(0)
    teacher = SageTeacher(MASKS)
    optimizer = torch.optim.Adam(teacher.parameters(), lr=5e-4)
    visible, infrared = torch.rand(2, BATCH, 1, *CROP)
    patches = [(torch.rand(BATCH, MASKS, *CROP) > 0.5) * image for image in (visible, infrared)]

    def step() -> float:
        fused = teacher(visible, infrared, *patches).image
        terms = image_terms(fused, visible, infrared, fused.detach(), TEACHER)
        loss = torch.stack(list(terms.values())).sum() + gradient_loss(fused, visible, infrared)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return float(loss.detach())

    return step


def trained_like() -> SageStudent:
    """Make a student whose statistics are those of images that it has seen."""
    torch.manual_seed(0)
    student = SageStudent()
    visible, infrared = smooth(2)
    for _ in range(20):
        student(visible[..., :192, :256], infrared[..., :192, :256])
    return student.eval()


def smooth(count: int) -> tuple[Tensor, Tensor]:
    """Draw images with structure, in [0, 1]."""
    generator = torch.Generator().manual_seed(0)
    noise = torch.rand(2, count, 1, *SIZE, generator=generator)
    images = torch.nn.functional.avg_pool2d(noise.flatten(0, 1), 9, 1, 4)
    scaled = (images - images.min()) / (images.max() - images.min())
    first, second = scaled.unflatten(0, (2, count))
    return first, second


@torch.inference_mode()
def student_rows() -> list[Figures]:
    """Measure the student, in turns."""
    student = trained_like()
    pair = smooth(1)
    variants: dict[str, Callable[[], Tensor]] = {
        "plain student": lambda: student(*pair),
        "fast fp32": lambda model=FastStudent(student): model(*pair),  # type: ignore[misc]
        "fast bf16": lambda model=FastStudent(student, torch.bfloat16): model(*pair),  # type: ignore[misc]
    }
    seconds: dict[str, list[float]] = {name: [] for name in variants}
    images: dict[str, Tensor] = {}
    for number in range(ROUNDS + 1):
        for name, run in variants.items():
            begin = time.perf_counter()
            images[name] = run()
            if number:
                seconds[name].append(time.perf_counter() - begin)
    rows: list[Figures] = []
    plain = images["plain student"]
    for name, taken in seconds.items():
        ratios = [a / b for a, b in zip(seconds["plain student"], taken, strict=True)]
        levels = [(image.clamp(0, 1) * 255).round() for image in (images[name], plain)]
        off = (levels[0] - levels[1]).abs()
        rows.append(
            {
                "variant": name,
                "threads": THREADS,
                "milliseconds": round(1000 * statistics.median(taken)),
                "times_as_fast": round(statistics.median(ratios), 3),
                "largest_difference": float(f"{(images[name] - plain).abs().max():.2g}"),
                "within_a_level": round(float((off <= 1).float().mean()), 5),
            }
        )
    return rows


def teacher_rows() -> list[Figures]:
    """Measure steps of the teacher."""
    costs = take_turns("bench_fusion", VARIANTS, rounds=2)
    plain = costs[VARIANTS[0]]
    return [
        {
            "variant": name,
            "threads": THREADS,
            "milliseconds": round(1000 * statistics.median(cost.seconds)),
            "times_as_fast": round(cost.times_as_fast(plain), 3),
            "peak_mib": round(cost.peak_mib),
            "share_of_peak": round(cost.peak_mib / plain.peak_mib, 3),
        }
        for name, cost in costs.items()
    ]


def main() -> None:
    """Measure and record."""
    torch.set_num_threads(THREADS)
    record("fusion", *student_rows(), *teacher_rows())


if __name__ == "__main__":
    main()
