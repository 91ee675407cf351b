# SPDX-License-Identifier: GPL-3.0-or-later
"""The symbols of a frame, found blindly: what a receiver sees behind timing and carrier recovery.

A constellation drawn of all samples is blurred by the way from symbol to symbol, by the pulse, and
turned into rings by the carrier. Here the symbol rate is the line in the spectrum of the envelope's
power, timing is that line's phase (M. Oerder and H. Meyr, "Digital filter and square timing
recovery", IEEE Trans. Commun. 36, 1988), a root raised cosine of that rate is matched to the pulse,
and the power law of `shown` finds the carrier among the symbols, where its line is clearest.

What has no such line (no keying, or one of constant envelope) keeps all its samples.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

ROLLOFF = 0.3  # of the matched filter; what is sent has any
SLOWEST, FASTEST = 1 / 40, 0.52  # symbol rate, per sample
_DOUBLE = 2  # samples a sample, so that the envelope's spectrum does not fold
_FINE = 4  # samples a sample, between which symbols are interpolated in a line
_PADDING = 2  # of the envelope's spectrum, so that a line lies near a bin
_NEIGHBOURS, _OWN = 32, 4  # bins on each side by whose mean a line is measured; its own of them
_LINE = 13.0  # times that mean; the envelope of noise reaches 10 to 12


@dataclass(frozen=True)
class Timing:
    """When the symbols of frames are.

    Attributes:
        rate: float32 [B], symbols a sample.
        centre: float32 [B], the middle of the spectrum in cycles a sample.
        found: bool [B], whether there is a line; else the others mean nothing.
    """

    rate: Tensor
    centre: Tensor
    found: Tensor


def blind_timing(frames: Tensor) -> Timing:
    """The symbol rate of frames complex64 [B, N], finite. Nothing here looks at a value."""
    batch, n = frames.shape
    spectrum = torch.fft.fft(frames)
    wave = torch.fft.ifft(_widened(spectrum, _DOUBLE))
    power = wave.real.square() + wave.imag.square()
    power = power - power.mean(1, keepdim=True)
    bins = torch.fft.rfft(power, _PADDING * _DOUBLE * n)
    line = bins.real.square() + bins.imag.square()  # of _PADDING n bins a cycle a sample
    mean = _beside(line, min(_NEIGHBOURS, line.shape[1] - 1))
    first, last = int(SLOWEST * _PADDING * n), int(FASTEST * _PADDING * n)
    above = (line / mean.clamp(min=1e-30))[:, first:last]
    strength, place = above.max(1)
    rate = (place + first) / (_PADDING * n)
    step = (frames[:, 1:] * frames[:, :-1].conj()).sum(1)
    return Timing(rate.float(), step.angle() / (2 * math.pi), strength >= _LINE)


def instants_of(fine: Tensor, timing: Timing) -> Tensor:
    """When symbols are, in samples of what is `matched`: float32 [B, N / 2], ascending."""
    count = fine.shape[1]
    power = fine.real.square() + fine.imag.square()
    rate = timing.rate.double()[:, None] / _FINE  # a fine sample
    turns = rate * torch.arange(count, device=fine.device)
    angle = (2 * math.pi * (turns - turns.round())).float()
    phase = torch.atan2(-(power * angle.sin()).sum(1), (power * angle.cos()).sum(1))
    begin = -phase.double()[:, None] / (2 * math.pi)  # in symbols
    begin = begin - begin.floor()
    number = torch.arange(count // (2 * _FINE), device=fine.device)
    return ((begin + number) / rate.clamp(min=SLOWEST / _FINE)).float()


def matched(frames: Tensor, timing: Timing) -> Tensor:
    """Frames behind the matched filter, `_FINE` samples a sample."""
    n = frames.shape[1]
    frequency = torch.fft.fftfreq(n, device=frames.device) - timing.centre[:, None]
    frequency = frequency - frequency.round()
    beside = frequency.abs() / timing.rate.clamp(min=SLOWEST)[:, None]  # in symbol rates
    edge = (1 - ROLLOFF) / 2
    gain = torch.cos(math.pi / (2 * ROLLOFF) * (beside - edge).clamp(0, ROLLOFF))
    return torch.fft.ifft(_widened(torch.fft.fft(frames) * gain, _FINE)) * _FINE


def read(fine: Tensor, instants: Tensor) -> Tensor:
    """Symbols at their instants, interpolated in a line: complex64 [B, N / 2], 0 behind the last.

    They have any phase, and turn with the carrier.
    """
    count = fine.shape[1]
    inside = instants < count - 1
    left = instants.clamp(max=count - 2).floor()
    share, place = instants - left, left.long()
    value = fine.gather(1, place) * (1 - share) + fine.gather(1, place + 1) * share
    return torch.where(inside, value, 0)


def _widened(spectrum: Tensor, times: int) -> Tensor:
    """The spectrum [B, N] of the same band at so many times the rate."""
    n = spectrum.shape[1]
    half = (n + 1) // 2
    empty = spectrum.new_zeros(spectrum.shape[0], (times - 1) * n)
    return torch.cat([spectrum[:, :half], empty, spectrum[:, half:]], 1)


def _beside(line: Tensor, side: int) -> Tensor:
    """The mean of `side` bins on either side, those of a line in the middle left out."""
    padded = F.pad(line[:, None], (side, side), mode="reflect")[:, 0]
    every, own = 2 * side + 1, 2 * _OWN + 1
    inner = moving_mean(padded[:, side - _OWN : padded.shape[1] - side + _OWN], own)
    return (moving_mean(padded, every) * every - inner * own) / (every - own)


def moving_mean(values: Tensor, count: int) -> Tensor:
    """The mean of `count` neighbours: [B, N] to [B, N - count + 1], by differences of one sum."""
    sums = F.pad(values.double().cumsum(1), (1, 0))
    return ((sums[:, count:] - sums[:, :-count]) / count).to(values.dtype)
