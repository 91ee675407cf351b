# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures in one style, without a display."""

from __future__ import annotations

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
