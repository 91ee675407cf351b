# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of reconstructions: noisy, what was seen, what was made, clean; a row an SNR."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from denomae_training.checks.figure import new_figure, save
from denomae_training.report.reconstruction import Reconstruction

BLUE, ORANGE, HIDDEN = "#0072B2", "#E69F00", "#d9d9d9"
SHOWN_SAMPLES = 256
DPI = 120


def draw_images(by_snr: Mapping[float, Reconstruction], place: int, path: Path) -> None:
    """Draw the images of one frame.

    Args:
        by_snr: SNR in dB to the reconstructions of the same frames.
        place: which frame.
        path: the PNG to write.
    """
    figure, rows = _grid(by_snr, (2.05, 2.2))
    for (snr_db, found), row in zip(by_snr.items(), rows, strict=True):
        noisy, made, clean = (
            _coloured(each[place].numpy()) for each in (found.noisy, found.made, found.clean)
        )
        seen = noisy.copy()
        seen[found.hidden[place].numpy()] = 0.6
        for axes, image in zip(row, (noisy, seen, made, clean), strict=True):
            axes.imshow(image, interpolation="nearest", vmin=0, vmax=1)
            axes.set_xticks([])
            axes.set_yticks([])
        figures = {name: float(values[place]) for name, values in found.figures().items()}
        _below(row[0], f"PSNR {figures['psnr_noisy_db']:.1f} dB, SSIM {figures['ssim_noisy']:.2f}")
        _below(row[2], f"PSNR {figures['psnr_db']:.1f} dB, SSIM {figures['ssim']:.2f}")
        row[0].set_ylabel(f"{_db(snr_db)}", fontsize=10)
    save(figure, path, DPI, 256)


def draw_signals(by_snr: Mapping[float, Reconstruction], place: int, path: Path) -> None:
    """Draw the first samples of the signal of one frame; arguments as of `draw_images`."""
    figure, rows = _grid(by_snr, (2.9, 1.55))
    for (snr_db, found), row in zip(by_snr.items(), rows, strict=True):
        noisy, made, clean = (each[place].numpy()[:, :SHOWN_SAMPLES]
                              for each in (found.noisy, found.made, found.clean))  # fmt: skip
        hidden = found.hidden[place].numpy()[:SHOWN_SAMPLES]
        if hidden.any():  # what the model saw is not its own work
            seen, made = np.where(hidden, np.nan, noisy), np.where(hidden, made, np.nan)
        else:
            seen = noisy
        wide = 1.1 * float(np.abs(noisy).max())
        narrow = 1.1 * max(float(np.nanmax(np.abs(made))), float(np.abs(clean).max()), 1e-6)
        tops = (wide, wide, narrow, narrow)
        for axes, wave, top in zip(row, (noisy, seen, made, clean), tops, strict=True):
            axes.plot(wave[0], color=BLUE, lw=0.8)
            axes.plot(wave[1], color=ORANGE, lw=0.8)
            axes.set(xlim=(0, wave.shape[1] - 1), ylim=(-top, top))
            axes.tick_params(labelsize=6, length=2)
            axes.set_xticks([])
        _shade(row[1], hidden)
        if hidden.any():
            _shade(row[2], ~hidden)
        figures = {name: float(values[place]) for name, values in found.figures().items()}
        gain, silence = _signed(figures["gain_db"]), _signed(figures["gain_of_silence_db"])
        _below(row[2], f"SNR gain {gain} dB (zeros: {silence})")
        row[0].set_ylabel(_db(snr_db), fontsize=10)
    save(figure, path, DPI, 192)


def _coloured(image: np.ndarray) -> np.ndarray:
    """An image [C, H, W] as matplotlib shows it, [H, W, 3]: grey unless it has three channels."""
    three = image if len(image) == 3 else np.repeat(image.mean(0, keepdims=True), 3, 0)
    return three.clip(0, 1).transpose(1, 2, 0)


def _grid(by_snr: Mapping[float, Reconstruction], cell: tuple[float, float]) -> tuple[Any, Any]:
    first = next(iter(by_snr.values()))
    masked = bool(first.hidden.any())
    figure = new_figure((4 * cell[0] + 0.5, len(by_snr) * cell[1] + 0.3))
    rows = figure.subplots(len(by_snr), 4, squeeze=False)
    titles = ("noisy", "masked input" if masked else "input (all)", "reconstruction", "clean")
    for axes, title in zip(rows[0], titles, strict=True):
        axes.set_title(title, fontsize=10)
    return figure, rows


def _shade(axes: Any, hidden: np.ndarray) -> None:
    """Grey where samples are hidden."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], hidden.astype(int), [0]])))
    for begin, end in edges.reshape(-1, 2):
        axes.axvspan(begin, end, color=HIDDEN, lw=0)


def _below(axes: Any, text: str) -> None:
    axes.set_xlabel(text, fontsize=8, labelpad=3)


def _signed(value: float) -> str:
    text = f"{value:+.1f}"
    return "0.0" if float(text) == 0 else text.replace("-", "−")


def _db(snr_db: float) -> str:
    return f"{snr_db:g} dB".replace("-", "−")
