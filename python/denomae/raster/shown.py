# SPDX-License-Identifier: GPL-3.0-or-later
"""Which samples a constellation image shows: a frame's own, or what is left of them without offset.

Without synchronisation a carrier offset smears a constellation into rings. Two ways around it:
*differential* samples, whose phase is what the carrier turned in a few samples, the same for all;
and *corrected* ones, whose offset was found blindly by the power-law spectrum (A. J. Viterbi and
A. M. Viterbi, IEEE Trans. Inf. Theory 29, 1983; J. Y. Wang et al. use M = 2, 4, 8): what has points
at M phases, taken to the M-th power, holds a line at M times its offset. *Synchronised* ones are
the symbols alone, whose rate and timing were found blindly too (see `synchronised`).
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from denomae.raster.spec import ImageSpec
from denomae.raster.synchronised import blind_timing, instants_of, matched, moving_mean, read

ORDERS = (2, 4, 8)  # of the power law; the first with a line wins
PADDING = 4  # of the spectrum, so that a line lies near a bin
_NEIGHBOURS = 32  # bins of the unpadded spectrum on each side, by whose mean a line is measured
_LINE = 20.0  # times that mean; what has no line reaches about 10
_LINE_OF_SYMBOLS = 13.0  # times the mean of all bins; symbols without a line reach about 11


def shown_samples(frames: Tensor, spec: ImageSpec, reference: Tensor | None = None) -> Tensor:
    """The samples that an image of frames shows.

    Args:
        frames: complex64 [B, N] at the scale of the image; what is not finite is shown nowhere.
        spec: says which.
        reference: complex64 [B, N], from which a correction is found; None: the frames. A clean
            frame is turned as its noisy one is, so that one image can be learnt from the other.

    Returns:
        complex64 [B, N], or [B, N - lag] of differential samples. Of synchronised ones the symbols
        come first, and NaN behind them.
    """
    if spec.samples == "differential":
        return differential(frames, spec.lag)
    if spec.samples == "corrected":
        turns, phase = blind_correction(frames if reference is None else reference)
        return turned_back(frames, turns, phase)
    if spec.samples == "synchronised":
        return synchronised(frames, frames if reference is None else reference)
    return frames


def synchronised(frames: Tensor, reference: Tensor) -> Tensor:
    """The symbols of frames at unit power and phase 0, their timing and carrier found from a
    reference; of frames without a symbol rate their samples: complex64 [B, N]."""
    clean, reference = _finite(frames), _finite(reference)
    timing = blind_timing(reference)
    fine = matched(reference, timing)
    instants = instants_of(fine, timing)
    known = read(fine, instants)
    turns, phase = blind_correction(known, symbols=True)  # a symbol
    found = known if frames is reference else read(matched(clean, timing), instants)
    present = known != 0
    power = (known.real.square() + known.imag.square()).sum(1) / present.sum(1).clamp(min=1)
    found = turned_back(found, turns, phase) / power.sqrt().clamp(min=1e-20)[:, None]
    found = torch.where(present, found, math.nan)
    rest = found.new_full((len(found), frames.shape[1] - found.shape[1]), math.nan)
    return torch.where(timing.found[:, None], torch.cat([found, rest], 1), frames)


def _finite(frames: Tensor) -> Tensor:
    return torch.where(torch.isfinite(frames.abs()), frames, 0)


def differential(frames: Tensor, lag: int) -> Tensor:
    """x[n] conj(x[n - lag]), its amplitude the geometric mean of the two: complex64 [B, N - lag].

    So it has the scale of the frame. A phase common to all samples is gone, and an offset is a
    phase that is common to all.
    """
    product = frames[:, lag:] * frames[:, : frames.shape[1] - lag].conj()
    return product / product.abs().sqrt().clamp(min=1e-20)


def blind_correction(frames: Tensor, symbols: bool = False) -> tuple[Tensor, Tensor]:
    """Carrier offset and phase of frames complex64 [B, N], by their second, fourth or eighth power.

    The amplitude is left out of the power, so that strong samples do not outweigh all others; of
    symbols it is left in up to the fourth, for the corners of a square lattice tell its phase. The
    lowest order with a line above the noise decides: above its neighbours, or, of symbols, whose
    spectrum has no shape, above all bins. Nothing in it looks at a value, so that a CUDA graph can
    hold it.

    Returns:
        offset in turns a sample, float32 [B], within ±1 / (2 M), and phase in turns, float32 [B],
        within ±1 / (2 M); both 0 where no order has a line.
    """
    frames = _finite(frames)
    batch, n = frames.shape
    amplitude, angle = frames.abs(), frames.angle()
    offset = torch.zeros(batch, device=frames.device)
    phase = torch.zeros(batch, device=frames.device)
    found = torch.zeros(batch, dtype=torch.bool, device=frames.device)
    step = torch.arange(n, device=frames.device)
    for order in ORDERS:
        weight = amplitude**order if symbols and order <= 4 else amplitude
        power = torch.polar(weight, order * angle)
        line, strength = _line(power, everywhere=symbols)  # M times the offset, turns a sample
        line_phase = (power * _turning(-line, step)).sum(1).angle()
        new = (strength >= (_LINE_OF_SYMBOLS if symbols else _LINE)) & ~found
        offset = torch.where(new, line / order, offset)
        phase = torch.where(new, line_phase / (2 * math.pi * order), phase)
        found |= new
    return offset, phase


def turned_back(frames: Tensor, offset: Tensor, phase: Tensor) -> Tensor:
    """Frames complex64 [B, N] without an offset (turns a sample, [B]) and a phase (turns, [B])."""
    step = torch.arange(frames.shape[1], device=frames.device)
    return frames * _turning(-offset, step) * _turning(-phase, step.new_ones(1))


def _turning(turns: Tensor, step: Tensor) -> Tensor:
    """exp(2 pi j turns step): complex64 [B, N]; in float64 until it is within one turn."""
    whole = turns.double()[:, None] * step
    angle = (2 * math.pi * (whole - whole.round())).float()
    return torch.polar(torch.ones_like(angle), angle)


def _line(samples: Tensor, everywhere: bool = False) -> tuple[Tensor, Tensor]:
    """The line of complex64 [B, N] that stands highest above its neighbours, or above the mean of
    everywhere: where, in turns a sample within ±1/2, float32 [B], and how many times that mean
    power, float32 [B]."""
    bins = PADDING * samples.shape[1]
    spectrum = torch.fft.fft(samples, bins).abs()  # [B, bins]
    power = spectrum.square()
    if everywhere:
        mean = power.mean(1, keepdim=True)
    else:
        # A keyed signal's power has a shape of its own, so that no one level would do for all bins.
        side = min(PADDING * _NEIGHBOURS, (bins - 1) // 2)
        mean = moving_mean(F.pad(power[:, None], (side, side), mode="circular")[:, 0], 2 * side + 1)
    above = power / mean.clamp(min=1e-30)
    peak = above.argmax(1, keepdim=True)
    left, middle, right = (
        spectrum.gather(1, (peak + step) % bins).clamp(min=1e-20).log() for step in (-1, 0, 1)
    )
    curve = left - 2 * middle + right  # a parabola through the logarithms of three bins
    shift = torch.where(curve < 0, 0.5 * (left - right) / curve, 0.0).clamp(-0.5, 0.5)
    turns = (peak + shift) / bins
    return (turns - turns.round()).squeeze(1), above.gather(1, peak).squeeze(1)
