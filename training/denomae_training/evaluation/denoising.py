# SPDX-License-Identifier: GPL-3.0-or-later
"""How much a denoiser takes away of the noise, beside a Wiener filter that knows the spectrum.

The gain in SNR is 10 log10(E|noisy - clean|² / E|denoised - clean|²), where E is the mean over all
samples of all frames of a row. The denoiser sees noisy modalities alone and is told neither class
nor SNR; the Wiener filter is told both (see `wiener`). Frames are those of a test set.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from denomae.errors import DenomaeError
from denomae.model.presets import Architecture
from denomae_training.evaluation.fidelity import (
    best_scaled,
    gain_db,
    psnr_db,
    squared_error,
    ssim,
)
from denomae_training.evaluation.test_set import TestSet
from denomae_training.evaluation.wiener import Wiener, correlation_of
from denomae_training.feeds.sample import sample_of
from denomae_training.signals.dataset import collect
from denomae_training.signals.definitions import Linear
from denomae_training.signals.recipe import Recipe
from denomae_training.signals.recipes.denomae10 import WAVEFORMS, Denomae10

SNRS_DB = (-20.0, -15.0, -10.0, -5.0, 0.0, 5.0, 10.0)
NOISY = {"clean_signal": "noisy_signal", "clean_image": "noisy_image"}
VIEWS = (*NOISY.values(), *NOISY)

Denoise = Callable[[Mapping[str, Tensor]], Mapping[str, Tensor]]
Columns = dict[str, Tensor]


@torch.inference_mode()
def denoising_report(
    denoise: Denoise,
    recipe: Recipe,
    architecture: Architecture,
    snrs_db: Sequence[float] = SNRS_DB,
    frames: int = 50,
    seed: int = 1,
    device: torch.device | None = None,
    wiener: bool = True,
    filtered: Denoise | None = None,
) -> dict[str, Any]:
    """Measure a denoiser on frames that it has never seen.

    Args:
        denoise: noisy modalities (`noisy_signal` and `noisy_image`, on `device`) to its estimate of
            `clean_signal`, of `clean_image`, or of both.
        frames: of each class at each SNR, of the test split of `seed`.
        wiener: also the Wiener filter; its matrices take a second or two a class and SNR.
        filtered: the linear part of `denoise` alone, which owes nothing to an encoder; also of
            noisy modalities to `clean_signal`.

    Returns:
        `rows`: for each SNR one object a class, one over the `linear` classes of the recipe, if it
        says which are, and one over `all`. `gain_db` is the gain in SNR of the signal,
        `scaled_gain_db` the same if each frame had its best amplitude, `filter_gain_db` that of
        `filtered`, `wiener_gain_db` that of the Wiener filter on these frames, and
        `wiener_theory_db` what theory promises it; PSNR (dB) and SSIM of signal and image, each
        also of the noisy one, and of the Wiener filter's signal. None: two are the same.

    Raises:
        DenomaeError: a modality came out that is no clean one, or in another shape.
    """
    tests = TestSet(recipe, seed, frames * len(snrs_db) * len(recipe.classes), tuple(snrs_db))
    device = device or torch.device("cpu")
    rows = []
    for place, snr_db in enumerate(snrs_db):
        cells: dict[str, Columns] = {}
        for index, name in enumerate(recipe.classes):
            numbers = [(k * len(recipe.classes) + index) * len(snrs_db) + place
                       for k in range(frames)]  # fmt: skip
            batch = collect(tests.source.items(tests.split, numbers), recipe)
            views = sample_of(batch.to(device), VIEWS, architecture).views
            shown = {noisy: views[noisy] for noisy in NOISY.values()}
            found = denoise(shown)
            cells[name] = _columns(found, views)
            if filtered and "clean_signal" in found:
                made = _columns(filtered(shown), views)
                cells[name] |= {"filter_error": made["error"]} if "error" in made else {}
            if wiener and "clean_signal" in found:
                cells[name] |= _wiener(recipe, name, views)
            rows.append({"snr_db": snr_db, "classes": name} | _row(cells[name]))
        for label, names in (("linear", linear_classes(recipe)), ("all", recipe.classes)):
            if names:
                together = _joined([cells[name] for name in names])
                rows.append({"snr_db": snr_db, "classes": label} | _row(together))
    return {
        "recipe": recipe.name,
        "classes": list(recipe.classes),
        "linear": list(linear_classes(recipe)),
        "frames_per_class": frames,
        "seed": seed,
        "rows": rows,
    }


def linear_classes(recipe: Recipe) -> tuple[str, ...]:
    """The classes of `denomae10` that are symbols behind a pulse; of other recipes none."""
    if not isinstance(recipe, Denomae10):
        return ()
    return tuple(name for name in recipe.classes if isinstance(WAVEFORMS[name], Linear))


def _columns(found: Mapping[str, Tensor], views: Mapping[str, Tensor]) -> Columns:
    """What there is to say of each frame: name to [F]."""
    columns: Columns = {}
    for name, made in found.items():
        if name not in NOISY or made.shape != views[name].shape:
            raise DenomaeError(
                f"the denoiser gave {name!r} of shape {list(made.shape)}; wanted some of "
                f"{ {n: list(views[n].shape) for n in NOISY} }"
            )
        made, clean, noisy = made.float(), views[name], views[NOISY[name]]
        form = name.removeprefix("clean_")
        if form == "signal":
            columns["noise"] = squared_error(noisy, clean)
            columns["error"] = squared_error(made, clean)
            columns["scaled_error"] = squared_error(best_scaled(made, clean), clean)
        columns[f"{form}_psnr_db"] = psnr_db(made, clean)
        columns[f"{form}_psnr_noisy_db"] = psnr_db(noisy, clean)
        columns[f"{form}_ssim"] = ssim(made, clean)
        columns[f"{form}_ssim_noisy"] = ssim(noisy, clean)
    return {name: values.cpu() for name, values in columns.items()}


def _wiener(recipe: Recipe, name: str, views: Mapping[str, Tensor]) -> Columns:
    """The filter of these frames' class; their true SNR is measured on them."""
    clean, noisy = views["clean_signal"].cpu(), views["noisy_signal"].cpu()
    power = clean.double().square().sum()
    if not power:  # there is nothing to estimate
        return {}
    ratio = (squared_error(noisy, clean).sum() / power).item()
    wiener = Wiener(correlation_of(recipe, name), ratio)
    frames = torch.view_as_complex(noisy.transpose(1, 2).contiguous()).numpy()
    made = torch.view_as_real(torch.from_numpy(wiener(frames))).transpose(1, 2)
    per_frame = torch.ones(len(clean), dtype=torch.float64)
    return {
        "wiener_error": squared_error(made, clean),
        "wiener_theory": per_frame * 10 ** (-wiener.gain_db / 10),
        "signal_psnr_wiener_db": psnr_db(made, clean),
        "signal_ssim_wiener": ssim(made, clean),
    }


def _joined(cells: list[Columns]) -> Columns:
    """Columns that all have, of all their frames."""
    shared = [name for name in cells[0] if all(name in cell for cell in cells)]
    return {name: torch.cat([cell[name] for cell in cells]) for name in shared}


def _row(columns: Columns) -> dict[str, Any]:
    row: dict[str, Any] = {"frames": len(next(iter(columns.values())))}
    pairs = {
        "gain_db": "error",
        "scaled_gain_db": "scaled_error",
        "filter_gain_db": "filter_error",
        "wiener_gain_db": "wiener_error",
    }
    for gain, error in pairs.items():
        if error in columns:
            row[gain] = _rounded(gain_db(columns["noise"], columns[error]), 3)
    if "wiener_theory" in columns:
        share = (columns["noise"] * columns["wiener_theory"]).sum() / columns["noise"].sum()
        row["wiener_theory_db"] = round(float(-10 * np.log10(share)), 3)
    for name, values in columns.items():
        if "psnr" in name or "ssim" in name:
            row[name] = _rounded(values.mean().item(), 4)
    return row


def _rounded(value: float, digits: int) -> float | None:
    return round(value, digits) if math.isfinite(value) else None
