# SPDX-License-Identifier: GPL-3.0-or-later
"""What "Unmasking the Noise" (Chan, Lee and Wu, final project for MIT's 6.7960) reports."""

from __future__ import annotations

from dataclasses import dataclass

TITLES = {
    "digits": "digits (8 x 8)",
    "mnist": "MNIST",
    "cifar10": "CIFAR-10",
    "cifar10-jitter": "jittered CIFAR-10",
    "denomae10": "denomae10",
    "live": "live",
}


@dataclass(frozen=True)
class Reported:
    """Of one model on one set: accuracy in %, PSNR in dB, SSIM."""

    accuracy: float
    psnr_db: float
    ssim: float


REPORTED: dict[tuple[str, str], Reported] = {
    ("mnist", "dae"): Reported(88.9, 15.93, 0.69),
    ("mnist", "mae"): Reported(92.86, 14.09, 0.26),
    ("cifar10", "dae"): Reported(48.67, 20.9, 0.79),
    ("cifar10", "mae"): Reported(74.78, 19.2, 0.69),
    ("cifar10-jitter", "dae"): Reported(44.27, 24.01, 0.78),
    ("cifar10-jitter", "mae"): Reported(62.83, 21.38, 0.69),
}

# Mean distance of a class's points from their centroid, in order of class.
RADIUS: dict[tuple[str, str], tuple[float, ...]] = {
    ("mnist", "dae"): (10.3369, 8.5499, 9.9006, 8.5157, 10.6844, 8.8930, 9.8378, 9.0997, 9.9732,
                       8.6646),
    ("mnist", "mae"): (3.0710, 2.7798, 3.7947, 3.3625, 2.9421, 3.4431, 3.2537, 3.2447, 3.4379,
                       2.8606),
    ("cifar10-jitter", "dae"): (20.8720, 19.3819, 19.3067, 18.7238, 15.1067, 19.2490, 14.4154,
                                19.2148, 19.6614, 19.4636),
    ("cifar10-jitter", "mae"): (11.1166, 9.2960, 11.9481, 11.7105, 12.0574, 11.6463, 10.1000,
                                11.0689, 10.5390, 9.5047),
}  # fmt: skip
