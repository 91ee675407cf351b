# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modality `noise` is worth where nobody has the true noise.

A classifier that learnt with the true noise of each frame is asked again with the noise left out,
with zeros for it, and with an estimate of it from the noisy frame alone.

The blind estimate is the noisy signal minus what a Wiener filter takes for its clean part. The
filter's spectrum is the frame's own, smoothed, and its noise floor is the level below which a
quarter of the spectrum lies: the median of the noise, if the signal leaves half of the band empty.
Where a signal fills the band, as in `paper10`, nearly all of the frame is taken for noise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from denomae.errors import DenomaeError
from denomae_training.evaluation.answers import answers
from denomae_training.evaluation.scores import Report, report_of
from denomae_training.evaluation.test_set import BuiltTestSet
from denomae_training.feeds.sample import Sample

EMPTY_SHARE = 0.5  # of the band, that no signal fills
SMOOTHED = 65  # bins of the periodogram that are averaged

Estimate = Callable[[Mapping[str, Tensor]], Tensor]


def noise_conditions(
    model: nn.Module,
    test_set: BuiltTestSet,
    temperature: float = 1.0,
    denoise: Callable[[Mapping[str, Tensor]], Mapping[str, Tensor]] | None = None,
) -> dict[str, Report]:
    """Scores of one classifier under each condition, as `report_of` gives them.

    Args:
        model: a classifier whose encoder knows `noise` and takes any subset of its modalities.
        test_set: built with its modalities; with `noisy_signal` for the estimates.
        denoise: noisy modalities to `clean_signal`, for one more condition.

    Returns:
        `true`, `absent`, `zero`; `estimated` by the blind Wiener filter, where the noisy signal is
        there; `denoised`, the noisy signal minus what `denoise` makes of it.

    Raises:
        DenomaeError: the model does not know `noise`, or knows nothing else.
    """
    names = model.encoder.modalities
    test_set.check(names)
    if "noise" not in names or len(names) < 2:
        raise DenomaeError(
            f"the model looks at {list(names)}; wanted `noise` and at least one other modality"
        )
    replaced: dict[str, Estimate | None] = {
        "true": lambda views: views["noise"],
        "absent": None,
        "zero": lambda views: torch.zeros_like(views["noise"]),
    }
    if "noisy_signal" in test_set.names:
        replaced["estimated"] = lambda views: blind_noise(views["noisy_signal"])
        if denoise is not None:
            replaced["denoised"] = lambda v: v["noisy_signal"] - denoise(v)["clean_signal"]
    classes, recipe = test_set.recipe.classes, test_set.recipe
    return {
        condition: report_of(
            test_set.outcome(_answers(model, test_set, estimate)), classes, recipe, temperature
        )
        for condition, estimate in replaced.items()
    }


def _answers(model: nn.Module, test_set: BuiltTestSet, estimate: Estimate | None):
    if estimate is None:
        return answers(_Without(model, "noise"), test_set.each())

    @torch.inference_mode()
    def given():
        for sample in test_set.each():
            views = sample.views | {"noise": estimate(sample.views)}
            yield Sample(views, sample.class_index, sample.snr_db, sample.rows, sample.whole)

    return answers(model, given())


class _Without(nn.Module):
    """A classifier that is shown all of its modalities but one."""

    def __init__(self, model: nn.Module, left_out: str) -> None:
        super().__init__()
        self.model, self.architecture = model, model.architecture
        self.encoder = _Names(tuple(n for n in model.encoder.modalities if n != left_out))

    def forward(self, inputs: Mapping[str, Tensor]):
        return self.model(inputs)


class _Names(nn.Module):
    def __init__(self, modalities: tuple[str, ...]) -> None:
        super().__init__()
        self.modalities = modalities


def blind_noise(noisy: Tensor) -> Tensor:
    """An estimate of the noise in frames from themselves alone: float32 [B, 2, N] twice."""
    return noisy - blind_wiener(noisy)


def blind_wiener(noisy: Tensor) -> Tensor:
    """The clean part of frames by a Wiener filter of their own smoothed spectrum: [B, 2, N]."""
    frames = torch.view_as_complex(noisy.float().transpose(1, 2).contiguous())
    spectrum = torch.fft.fft(frames)
    periodogram = spectrum.abs().square()
    smooth = _smoothed(periodogram, SMOOTHED)
    floor = smooth.quantile(EMPTY_SHARE / 2, 1, keepdim=True) / _quantile_of_floor()
    gain = (1 - floor / smooth.clamp_min(torch.finfo(smooth.dtype).tiny)).clamp(0, 1)
    clean = torch.fft.ifft(gain * spectrum)
    return torch.view_as_real(clean).transpose(1, 2).contiguous()


def _smoothed(values: Tensor, bins: int) -> Tensor:
    """The mean of so many neighbours around a circle: [B, N]."""
    side = bins // 2
    padded = F.pad(values[:, None], (side, side), mode="circular")
    return F.avg_pool1d(padded, bins, 1)[:, 0]


def _quantile_of_floor() -> float:
    """Where half of the empty bins lie below, over their mean.

    A mean of k bins of white noise is Gamma distributed, whose median is close to its mean times
    1 - 1 / (9 k), cubed (Wilson and Hilferty, 1931).
    """
    return (1 - 1 / (9 * SMOOTHED)) ** 3
