# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures in one style, without a display."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from denomae.errors import DenomaeError


def new_figure(size: tuple[float, float]) -> Any:
    """An empty matplotlib figure of a size in inches.

    Raises:
        DenomaeError: there is no matplotlib.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise DenomaeError("no matplotlib, wanted it for plots: pip install matplotlib") from error
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save(figure: Any, path: Path, dots_per_inch: int = 100, colours: int = 48) -> None:
    """Write a figure as PNG with a palette: a third of the bytes of full colour."""
    from PIL import Image

    page = io.BytesIO()
    figure.savefig(page, dpi=dots_per_inch, format="png")
    image = Image.open(page).convert("RGB")
    image.quantize(colours, dither=Image.Dither.NONE).save(path, optimize=True)
