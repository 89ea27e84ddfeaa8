"""Networks of fusion as ONNX or as a program of torch.export, of any height and width.

What is written has been run at two other sizes first: an exporter may fix sizes, or leave out a
part, without a word.
"""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from twinband.core.errors import InputError
from twinband.fusion.files import read_fusion
from twinband.fusion.network import NetworkFusion
from twinband.shards.sums import write_sums
from twinband.shards.write import write_atomically

LAYOUTS = {"onnx": "fusion.onnx", "torch-export": "fusion.pt2"}
INPUTS, OUTPUT = ("visible", "infrared"), "fused"
EXAMPLE = (2, 1, 64, 96)
OTHERS = ((1, 1, 104, 136), (3, 1, 240, 320))  # sizes that are tried
TOLERANCE = 1e-4
CARD = """# {name}, exported

`{file}` takes `visible` (luma) and `infrared`, float32 `B,1,H,W` in [0, 1] with sides that are
multiples of {stride}, and gives `fused`, to be cut to [0, 1]; the visible image keeps its chroma.
Normalisation is folded into the convolutions. Largest difference from the network, at {sizes}:
{difference:.1e}.
"""


def export_fusion(folder: Path, layout: str, out: Path) -> list[Path]:
    """Write the network in ``folder`` as ``onnx`` or ``torch-export``, with a card and checksums.

    Raises:
        InputError: no network of fusion there, an unknown layout, packages that are missing, or a
            result that differs from the network at another size.
    """
    fusion = read_fusion(folder)
    if not isinstance(fusion, NetworkFusion) or layout not in LAYOUTS:
        raise InputError(f"layouts of a network of fusion are {', '.join(LAYOUTS)}, not {layout!r}")
    dynamic = torch.export.Dim.DYNAMIC
    shapes = {name: {0: dynamic, 2: dynamic, 3: dynamic} for name in INPUTS}
    example = tuple(torch.rand(EXAMPLE) for _ in INPUTS)
    program = torch.export.export(fusion.network, example, dynamic_shapes=shapes)
    data, run = _onnx(program) if layout == "onnx" else _program(program)
    difference = _checked(fusion.network, run)
    file = LAYOUTS[layout]
    sizes = " and ".join(f"{height}x{width}" for _, _, height, width in OTHERS)
    card = CARD.format(
        name=folder.name, file=file, stride=fusion.stride, sizes=sizes, difference=difference
    )
    write_atomically(out / file, data)
    write_atomically(out / "README.md", card.encode())
    write_sums(out / file)
    return [out / file, out / "README.md"]


def _onnx(program: Any) -> tuple[bytes, Callable[..., Tensor]]:
    try:
        import onnxruntime
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise InputError(f"ONNX needs `pip install twinband[export]` ({error})") from None
    exported = torch.onnx.export(
        program, dynamo=True, input_names=INPUTS, output_names=[OUTPUT], verbose=False
    )
    assert exported is not None
    data: bytes = exported.model_proto.SerializeToString()
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])

    def run(*images: Tensor) -> Tensor:
        fed = {name: image.numpy() for name, image in zip(INPUTS, images, strict=True)}
        return torch.from_numpy(np.asarray(session.run(None, fed)[0]))

    return data, run


def _program(program: Any) -> tuple[bytes, Callable[..., Tensor]]:
    stream = io.BytesIO()
    torch.export.save(program, stream)
    run: Callable[..., Tensor] = torch.export.load(io.BytesIO(stream.getvalue())).module()
    return stream.getvalue(), run


@torch.no_grad()
def _checked(network: torch.nn.Module, run: Callable[..., Tensor]) -> float:
    """Compute the largest difference at other sizes.

    Raises:
        InputError: it is more than rounding.
    """
    worst = 0.0
    for number, size in enumerate(OTHERS):
        generator = torch.Generator().manual_seed(number)
        pair = [torch.rand(size, generator=generator) for _ in INPUTS]
        try:
            difference = float((run(*pair) - network(*pair)).abs().max())
        except (RuntimeError, ValueError, AssertionError) as error:
            raise InputError(f"the exported network does not run at {size}: {error}") from None
        worst = max(worst, difference)
    if not worst <= TOLERANCE:
        raise InputError(f"the exported network is off by {worst:.2g}; nothing was written")
    return worst
