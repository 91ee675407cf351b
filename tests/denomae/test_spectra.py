# SPDX-License-Identifier: GPL-3.0-or-later
"""Spectra of a frame and its powers: where their lines stand, and that real matrices give them."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from denomae.spectra import LINES, logarithms, power_spectrum, powers, spectra

N = 1024
OFFSET = 40 / N  # cycles a sample
SIGNAL, SECOND, FOURTH, EIGHTH, ENVELOPE = range(5)


def keyed(order: int, seed: int = 1, samples_per_symbol: int = 8) -> torch.Tensor:
    """Points at `order` phases, rectangular, at `OFFSET` and any phase: complex64 [1, N]."""
    rng = np.random.default_rng(seed)
    symbols = rng.integers(order, size=N // samples_per_symbol).repeat(samples_per_symbol)
    phase = symbols / order + OFFSET * np.arange(N) + rng.random()
    return torch.from_numpy(np.exp(2j * np.pi * phase).astype(np.complex64))[None]


def strongest(line: torch.Tensor) -> float:
    """The frequency of a spectrum's highest bin, in bins from 0."""
    return int(line.argmax()) - N // 2


@pytest.mark.parametrize(("order", "row"), [(1, SIGNAL), (2, SECOND), (4, FOURTH), (8, EIGHTH)])
def test_a_phase_keyed_signal_has_its_line_at_the_power_of_its_order(order, row):
    found = spectra(keyed(order))[0]
    assert strongest(found[row]) == 40 * order
    assert found[row].max() > 3.4  # all of the power in one bin: ln(1024) / 2
    for lower in range(SIGNAL, row):
        assert found[lower].max() < 2.6


def test_the_envelope_tells_the_rate_of_the_symbols():
    symbols = np.random.default_rng(2).integers(2, size=N // 16)
    pulses = np.zeros(N, np.complex64)
    pulses[::16] = 2 * symbols - 1
    shaped = np.convolve(pulses, np.hanning(24), "same") * np.exp(2j * np.pi * 0.3)
    line = spectra(torch.from_numpy(shaped.astype(np.complex64))[None])[0, ENVELOPE].clone()
    line[N // 2] = -9
    assert abs(strongest(line)) % (N // 16) == 0


def test_neither_power_nor_phase_changes_them():
    frames = torch.randn(3, N, dtype=torch.complex64)
    other = frames * (1e-4 * torch.polar(torch.ones(1), torch.tensor([2.0])))
    torch.testing.assert_close(spectra(other), spectra(frames), atol=2e-3, rtol=0)


def test_an_offset_moves_each_power_by_so_many_times_as_much():
    frames = keyed(4, seed=3) + 0.05 * torch.randn(1, N, dtype=torch.complex64)
    turn = torch.polar(torch.ones(N), 2 * math.pi * 8 * torch.arange(N) / N)
    here, moved = spectra(frames)[0], spectra(frames * turn)[0]
    for row, times in ((SIGNAL, 1), (SECOND, 2), (FOURTH, 4), (EIGHTH, 8)):
        torch.testing.assert_close(moved[row], here[row].roll(8 * times), atol=0.05, rtol=0)
    torch.testing.assert_close(moved[ENVELOPE], here[ENVELOPE], atol=0.05, rtol=0)


@pytest.mark.parametrize("length", [1024, 960, 1000, 7])
def test_products_of_real_matrices_give_the_same(length):
    frames = torch.randn(2, length, dtype=torch.complex64)
    real = logarithms(power_spectrum(*powers(frames.real, frames.imag)))
    torch.testing.assert_close(real, spectra(frames), atol=1e-4, rtol=0)


def test_what_is_nothing_or_no_number_stays_finite():
    frames = torch.zeros(3, N, dtype=torch.complex64)
    frames[1] = keyed(2)[0]
    frames[1, 900:] = complex(math.nan, 0)  # behind the end of a shorter frame
    frames[2] = 1e-19 * keyed(2)[0]
    found = spectra(frames)
    assert found.shape == (3, len(LINES), N) and found.dtype == torch.float32
    assert torch.isfinite(found).all()
    assert strongest(found[1, SECOND]) == 80
