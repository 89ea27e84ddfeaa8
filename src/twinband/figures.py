"""Figures as SVG: the same data give the same bytes."""

import io

import matplotlib as mpl
from matplotlib.figure import Figure


def svg(figure: Figure) -> bytes:
    """The figure as SVG, without a date and with fixed ids."""
    stream = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": "twinband", "svg.fonttype": "path"}):
        figure.savefig(stream, format="svg", metadata={"Date": None})
    return stream.getvalue()
