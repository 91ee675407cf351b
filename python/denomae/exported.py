# SPDX-License-Identifier: GPL-3.0-or-later
"""The classifier as one function of real numbers, in the form that other runtimes take.

No complex number and no size of a batch stands in it, so that it can be traced once for all sizes.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from denomae.checkpoint import CheckpointConfig
from denomae.modalities import MODALITIES, in_table_order
from denomae.model.classifier import Classifier
from denomae.raster import ImageSpec
from denomae.raster.windows import positions_of, windows_at_once
from denomae.spectra import logarithms, power_spectrum, powers

INPUT, OUTPUTS = "iq", ("probabilities", "snr_db", "logits")


class ExportedClassifier(nn.Module):
    """IQ in, probabilities out: power, modalities, model and calibration, as `Engine` has them.

    The image is drawn window by window, which is the definition and the slowest way; it
    agrees with the engine's to 1/255.

    Args:
        model: in eval mode.
        config: of its checkpoint.
    """

    def __init__(self, model: Classifier, config: CheckpointConfig) -> None:
        super().__init__()
        self.model = model
        self._unit = config.power_normalisation == "unit"
        self._names = in_table_order(config.modalities)
        self._image = config.architecture.image
        self._temperature = config.calibration.temperature

    def forward(self, iq: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Classify frames.

        Args:
            iq: float32 [B, N, 2], I and Q of frames, at any power, finite and not all zero.

        Returns:
            calibrated probabilities float32 [B, classes], SNR in dB float32 [B], and the logits
            before calibration float32 [B, classes].
        """
        points = iq.double()
        if self._unit:
            mean = points.square().sum((1, 2), keepdim=True) / points.shape[1]
            points = points / torch.where(mean > 0, mean, 1.0).sqrt()
        points = points.float()
        verdict = self.model({name: self._view(name, points) for name in self._names})
        probabilities = (verdict.logits / self._temperature).softmax(1)
        return probabilities, verdict.snr_db, verdict.logits

    def _view(self, name: str, points: Tensor) -> Tensor:
        """One modality of samples float32 [B, N, 2]."""
        form = MODALITIES[name].form
        if form == "image":
            return draw(points, self._image)
        if form == "spectra":
            return logarithms(power_spectrum(*powers(points[..., 0], points[..., 1])))
        return points.transpose(1, 2)


def draw(points: Tensor, image: ImageSpec) -> Tensor:
    """The constellation image float32 [B, C, H, W] of samples float32 [B, N, 2]."""
    places = positions_of(points, image)
    channels = []
    for decay, half in zip(image.decay_px, image.half_size_px, strict=True):
        drawn = windows_at_once(places, image, decay, half)
        peak = drawn.amax((1, 2), keepdim=True)
        channels.append(drawn / torch.where(peak > 0, peak, 1.0))
    return torch.stack(channels, 1)
