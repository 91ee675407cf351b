# SPDX-License-Identifier: GPL-3.0-or-later
"""Spectra of a frame and of its powers, where modulations show as lines before any synchronisation.

What is keyed with points at M phases, taken to the M-th power, holds lines at M times its carrier's
offset and beside it at its symbol rate: bpsk, am and ook at the second power, qpsk at the fourth,
8psk at the eighth, continuous-phase keying with h = 1/2 two of them at the second, and the envelope
of whatever has a pulse shape one at the symbol rate (W. A. Gardner, *Statistical Spectral
Analysis*, 1987; J. Reichert, "Automatic classification of communication signals using higher order
statistics", ICASSP 1992). A line gathers the whole frame in one bin, so that it stands above the
noise where no stretch of the signal does.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

LINES = ("signal", "second power", "fourth power", "eighth power", "envelope and frequency")
_FLOOR = 1e-3  # of a spectrum's mean, below which nothing is told apart
_SCALE = 0.5  # brings the logarithms to about unit deviation


def spectra(frames: Tensor) -> Tensor:
    """The spectra of frames, each on its own logarithmic scale.

    Args:
        frames: complex64 [B, N] at any power; what is not finite counts as 0.

    Returns:
        float32 [B, len(LINES), N]: half the natural logarithm of the power in each bin over the
        mean of all bins, not below -3.5; frequency rises from -1/2 cycle a sample, 0 in bin N / 2.
    """
    i, q = frames.real, frames.imag
    known = torch.isfinite(i) & torch.isfinite(q)
    drawn = powers(torch.where(known, i, 0.0), torch.where(known, q, 0.0))
    bins = torch.fft.fft(torch.complex(*drawn))
    return logarithms(bins.real.square() + bins.imag.square())


def powers(i: Tensor, q: Tensor) -> tuple[Tensor, Tensor]:
    """The waveforms whose spectra these are: real and imaginary part, float32 [B, len(LINES), N].

    A power is of the phase alone: with the amplitude taken to it too, the strongest samples would
    outweigh all others. The last has the envelope's power as its real part and the phase's step
    from sample to sample, in radians, as its imaginary part, the mean of both left out.
    """
    peak = torch.maximum(i.abs(), q.abs()).amax(-1, keepdim=True).clamp(min=1e-30)
    i, q = i / peak, q / peak  # so that squares stay within float32
    power = i * i + q * q
    amplitude = power.sqrt()
    known = amplitude.clamp(min=1e-18)
    c, s = i / known, q / known  # phase 1
    rows = [(i, q)]
    for _ in range(3):
        rows.append((amplitude * (c * c - s * s), amplitude * (2 * c * s)))
        c, s = c * c - s * s, 2 * c * s
    mean = power.mean(-1, keepdim=True)
    before_i, before_q = i[..., :-1], q[..., :-1]
    step = torch.atan2(
        q[..., 1:] * before_i - i[..., 1:] * before_q, i[..., 1:] * before_i + q[..., 1:] * before_q
    )
    step = torch.cat([step[..., :1], step], -1)
    envelope = power / mean.clamp(min=1e-20) - 1
    rows.append((envelope, step - step.mean(-1, keepdim=True)))
    return torch.stack([row[0] for row in rows], -2), torch.stack([row[1] for row in rows], -2)


def logarithms(power: Tensor) -> Tensor:
    """A power spectrum [B, L, N], from frequency 0 on, as `spectra` scales and orders it."""
    relative = power / power.mean(-1, keepdim=True).clamp(min=1e-30)
    return _SCALE * torch.log(turned(relative) + _FLOOR)


def turned(spectrum: Tensor) -> Tensor:
    """Frequency 0 in the middle."""
    middle = (spectrum.shape[-1] + 1) // 2
    return torch.cat([spectrum[..., middle:], spectrum[..., :middle]], -1)


def power_spectrum(real: Tensor, imaginary: Tensor) -> Tensor:
    """|DFT|^2 of [..., N] by products of real matrices, for runtimes that know no complex number.

    N = a b is taken apart once: a DFTs of b samples, a turn of each, b DFTs of a.
    """
    n = real.shape[-1]
    a = next(k for k in range(math.isqrt(n), 0, -1) if n % k == 0)
    b = n // a
    x, y = (
        part.reshape(*part.shape[:-1], b, a) for part in (real, imaginary)
    )  # n = a row + column
    x, y = _product(_wave(b, b, b, x), x, y)
    turn = _wave(b, a, n, x)  # of bin k of a column
    x, y = x * turn[0] - y * turn[1], x * turn[1] + y * turn[0]
    x, y = _product(_wave(a, a, a, x), x.transpose(-1, -2), y.transpose(-1, -2))
    return (x.square() + y.square()).reshape(*real.shape[:-1], n)  # bin b row + column


def _wave(rows: int, columns: int, period: int, like: Tensor) -> tuple[Tensor, Tensor]:
    """cos and sin of -2 pi row column / period."""
    step = torch.arange(rows, dtype=torch.float64)[:, None] * torch.arange(columns)
    angle = -2 * math.pi * (step % period) / period
    return angle.cos().to(like), angle.sin().to(like)


def _product(matrix: tuple[Tensor, Tensor], x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    cos, sin = matrix
    return cos @ x - sin @ y, sin @ x + cos @ y
