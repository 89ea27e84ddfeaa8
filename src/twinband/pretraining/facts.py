"""The model card of what was pretrained."""

from collections.abc import Mapping
from typing import Any

from twinband.pretraining.build import Pretrained


def model_card(name: str, what: str, trained: Pretrained, facts: Mapping[str, Any]) -> str:
    """Markdown with a YAML front matter: what was trained, on what, and how far it came.

    Args:
        name: of the model.
        what: one sentence on the method.
        facts: settings worth stating, in words or numbers.
    """
    lines = [
        "---",
        "license: apache-2.0",
        "tags: [rgb-thermal, pretraining]",
        "---",
        f"# {name}",
        "",
        what,
        "",
        "| what | value |",
        "|---|---|",
        *(f"| {key} | {value} |" for key, value in facts.items()),
        f"| pairs in the pool | {trained.pairs} |",
        *(
            f"| {modality} loss, first and last window | "
            f"{trained.curve[f'loss_{modality}'][0]:.4f} → "
            f"{trained.curve[f'loss_{modality}'][-1]:.4f} |"
            for modality in ("rgb", "thermal")
        ),
        "",
        "`weights.safetensors` holds parameters, buffers and sizes; "
        "`twinband.networks.weights.load_model` builds the model from it alone.",
        "",
    ]
    return "\n".join(lines)
