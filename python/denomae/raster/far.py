# SPDX-License-Identifier: GPL-3.0-or-later
"""The far part of wide windows: one convolution for all samples instead of one window for each.

Away from its middle the exponential of a distance is smooth, so that its value at a pixel depends
on where in its own pixel the sample lies nearly as a polynomial. With t = (tx, ty) from -1/2 to 1/2
for that place and m for the whole pixels between the two,

    exp(-|m + t| / decay) = sum over a + b <= degree of C[a, b, m] tx^a ty^b,

with a relative error of at most `TOLERANCE` outside a small hole around m = 0, which `windows`
draws. So the image is a sum of convolutions: of histograms, in which each sample counts with the
weight tx^a ty^b, with the tables C, which hold the window's edge exactly. They are done by FFT,
and all channels share the histograms. As the error of every sample is relative to what it adds,
the image differs from the definition by less than 1/255 for any frame.

What the published kernel costs, a frame of 1,024 samples: its windows have 121 + 2,601 + 10,201
pixels, 13 M additions. Here degree 2 leaves 121 + 25 + 9 of them, 0.16 M additions at about 60
bytes of memory traffic (values, indices, sums: 9 MB), six histograms to transform and two images to
transform back on 324 x 324 cells, 1.7 MB each (14 MB), and six products that gather two spectra
(12 MB): with zeroing, adding and scaling 43 MB, 10 us at 4.3 TB/s, where each addition of the full
form would cost 0.8 GB.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np
import torch
from torch import Tensor

from denomae.raster.spec import ImageSpec
from denomae.raster.windows import Positions

TOLERANCE = 1e-3  # relative, a sample and pixel; the peak that a channel is divided by errs as much
DEGREES = (2, 3, 4)
FAINTEST = 1e-4  # of a window's own peak at its corner; below, the rounding of the FFT would show
_WINDOW_BYTES, _CELL_BYTES = 60, 40  # memory traffic: a pixel of a window, a cell of a histogram
_TYPICAL_SAMPLES = 1024
_LARGEST_HALF = 256  # wider ones would need tables of hundreds of megabytes


@dataclass(frozen=True)
class Division:
    """Which part of each channel is drawn how.

    Attributes:
        near_half: half size of the window that is drawn pixel by pixel, one a channel.
        far: the channels that have a far part.
        degree: of the polynomial.
    """

    near_half: tuple[int, ...]
    far: tuple[int, ...] = ()
    degree: int = 0

    def margin(self, spec: ImageSpec) -> int:
        """Pixels around the image in which samples count: those of the widest far window."""
        return max((spec.half_size_px[channel] for channel in self.far), default=0)

    def cells(self, spec: ImageSpec) -> tuple[int, int]:
        """Rows and columns of the histograms: with these no window comes back round the edge."""
        margin = 2 * self.margin(spec)
        return _smooth(spec.height + margin), _smooth(spec.width + margin)

    def cost(self, spec: ImageSpec) -> int:
        """Bytes that drawing a typical frame moves; only good for comparing."""
        pixels = sum((2 * half + 1) ** 2 for half in self.near_half)
        rows, columns = self.cells(spec)
        planes = (len(_exponents(self.degree)) + len(self.far)) if self.far else 0
        return _TYPICAL_SAMPLES * pixels * _WINDOW_BYTES + planes * rows * columns * _CELL_BYTES


@lru_cache(maxsize=32)
def divide(spec: ImageSpec) -> Division:
    """The cheapest division that keeps to the tolerance; perhaps without any far part."""
    found = [Division(spec.half_size_px)]
    for degree in DEGREES:
        holes = [
            _hole(decay, half, degree)
            for decay, half in zip(spec.decay_px, spec.half_size_px, strict=True)
        ]
        far = tuple(channel for channel, hole in enumerate(holes) if hole is not None)
        near = tuple(
            half if hole is None else hole
            for half, hole in zip(spec.half_size_px, holes, strict=True)
        )
        found.append(Division(near, far, degree))
    return min(found, key=lambda division: division.cost(spec))


def far_parts(places: Positions, spec: ImageSpec, division: Division) -> Tensor:
    """What the samples add outside their holes: float32 [B, far channels, H, W].

    It may lie below 0 by a rounding error.
    """
    batch = places.column.shape[0]
    rows, columns = division.cells(spec)
    margin = division.margin(spec)
    counted = places.within(margin, spec)
    column = torch.where(counted, places.column, 0.0)
    row = torch.where(counted, places.row, 0.0)
    column_pixel, row_pixel = column.floor(), row.floor()
    tx = (column_pixel - column).float() + 0.5  # [B, N]
    ty = (row_pixel - row).float() + 0.5
    weights = torch.stack(
        [counted * tx**a * ty**b for a, b in _exponents(division.degree)], 1
    )  # [B, P, N]
    where = (row_pixel.long() + margin) * columns + (column_pixel.long() + margin)
    histograms = weights.new_zeros(batch, weights.shape[1], rows * columns)
    histograms.scatter_add_(2, where[:, None].expand_as(weights), weights)
    spectra = torch.fft.rfft2(histograms.view(batch, -1, rows, columns))  # [B, P, rows, F]
    kernels = _spectra(spec, division, places.column.device)  # [far channels, P, rows, F]
    sums = spectra[:, 0, None] * kernels[:, 0]  # [B, far channels, rows, F]
    for plane in range(1, kernels.shape[1]):
        sums.addcmul_(spectra[:, plane, None], kernels[:, plane])
    images = torch.fft.irfft2(sums, s=(rows, columns))
    return images[..., margin : margin + spec.height, margin : margin + spec.width]


def _exponents(degree: int) -> list[tuple[int, int]]:
    return [(a, b) for a, b in product(range(degree + 1), repeat=2) if a + b <= degree]


def _monomials(places: np.ndarray, degree: int) -> np.ndarray:
    """[T, 2] to [T, P]."""
    return np.stack([places[:, 0] ** a * places[:, 1] ** b for a, b in _exponents(degree)], 1)


def _grid(places: np.ndarray) -> np.ndarray:
    return np.stack(np.meshgrid(places, places, indexing="ij"), -1).reshape(-1, 2)


@lru_cache(maxsize=64)
def _table(decay: float, half: int, degree: int) -> tuple[np.ndarray, np.ndarray]:
    """The polynomials of one channel, fitted at the nodes of Chebyshev, and their relative errors.

    Returns:
        float64 [K, K, P] with K = 2 half + 1, indexed by rows and columns from sample to pixel, and
        float64 [K, K].
    """
    nodes = _grid(np.cos(np.pi * (np.arange(7) + 0.5) / 7) / 2)
    checks = _grid(np.linspace(-0.5, 0.5, 9))
    fit = np.linalg.pinv(_monomials(nodes, degree)).T  # [T, P]
    check = _monomials(checks, degree).T
    steps = np.arange(-half, half + 1)
    table = np.empty((len(steps), len(steps), fit.shape[1]))
    error = np.empty((len(steps), len(steps)))
    for row, dy in enumerate(steps):

        def exponential(t: np.ndarray, dy: int = dy) -> np.ndarray:
            return np.exp(-np.hypot(steps[:, None] + t[:, 0], dy + t[:, 1]) / decay)

        table[row] = exponential(nodes) @ fit
        error[row] = np.abs(table[row] @ check / exponential(checks) - 1).max(1)
    return table, error


def _hole(decay: float, half: int, degree: int) -> int | None:
    """Half size of the smallest hole outside of which the polynomials keep to the tolerance."""
    if not 0 < half <= _LARGEST_HALF or np.exp(-(half + 0.5) * 2**0.5 / decay) < FAINTEST:
        return None
    _, error = _table(decay, half, degree)
    wrong = np.argwhere(error > TOLERANCE) - half
    hole = int(np.abs(wrong).max()) if len(wrong) else 0
    return hole if hole < half else None


@lru_cache(maxsize=16)
def _spectra(spec: ImageSpec, division: Division, device: torch.device) -> Tensor:
    """Transforms of the tables, without their holes: complex64 [far channels, P, rows, F]."""
    rows, columns = division.cells(spec)
    kernels = np.zeros((len(division.far), len(_exponents(division.degree)), rows, columns))
    for kernel, channel in zip(kernels, division.far, strict=True):
        half, hole = spec.half_size_px[channel], division.near_half[channel]
        table = _table(spec.decay_px[channel], half, division.degree)[0].copy()
        table[half - hole : half + hole + 1, half - hole : half + hole + 1] = 0
        steps = np.arange(-half, half + 1)
        kernel[:, (steps % rows)[:, None], steps % columns] = table.transpose(2, 0, 1)
    spectra = np.fft.rfft2(kernels).astype(np.complex64, order="C")  # numpy's is transposed: slow
    with torch.inference_mode(False):  # training uses the same cache
        return torch.from_numpy(spectra).to(device)


def _smooth(size: int) -> int:
    """The next size that is quick to transform: no prime factor above 7."""
    while True:
        rest = size
        for prime in (2, 3, 5, 7):
            while rest % prime == 0:
                rest //= prime
        if rest == 1:
            return size
        size += 1
