# SPDX-License-Identifier: GPL-3.0-or-later
"""All runs of a protocol, the most telling first: the order in which they are run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from denomae.errors import DenomaeError
from denomae.modalities import LIVE_MODALITIES, PUBLISHED_MODALITIES
from denomae_training.objectives.dae import Dae
from denomae_training.objectives.denomae import Denomae
from denomae_training.objectives.mae import Mae
from denomae_training.objectives.masked import Masked
from denomae_training.objectives.wamim import Wamim
from denomae_training.protocol.points import TIERS, Point, Pretrained
from denomae_training.protocol.settings import Settings

IMAGE, SIGNAL, BOTH = ("noisy_image",), ("noisy_signal",), LIVE_MODALITIES
NAMES = {IMAGE: "image", SIGNAL: "signal", BOTH: "both"}
FIVE = PUBLISHED_MODALITIES
SUBSETS = {  # number of modalities, in the order in which the paper adds them
    "noisy-image": IMAGE,
    "noisy-both": BOTH,
    "three": (*BOTH, "clean_image"),
    "no-noise": FIVE[:-1],
}


def plan(recipe: str, preset: str, settings: Settings, tier: str) -> list[Point]:
    """The runs of a tier and of those below it.

    Raises:
        DenomaeError: no such tier.
    """
    if tier not in TIERS:
        raise DenomaeError(f"no tier {tier!r}; wanted one of {list(TIERS)}")
    within = TIERS[: TIERS.index(tier) + 1]
    return [point for point in _all(recipe, preset, settings) if point.tier in within]


def _all(recipe: str, preset: str, settings: Settings) -> Iterator[Point]:
    points = _of_denomae10(settings) if recipe == "denomae10" else _of_paper10(settings)
    for point in points:
        # one machine's CPU is for the smallest size; of others the heads of the tables come first
        if preset == "nano":
            yield point
        else:
            first = point.seed == 1 and point.id in ("denomae-image-s1", "scratch-image-s1")
            head = first or point.kind == "forest"
            yield replace(point, tier="gpu" if head else "full")


def _of_paper10(settings: Settings) -> Iterator[Point]:
    """What the paper did, on its own frames: the noisy image alone."""
    yield forest(settings)
    yield scratch(settings, IMAGE, 1)
    yield tuned(settings, denomae(settings), IMAGE, 1)
    yield tuned(settings, mae(settings), IMAGE, 1)
    for seed in (2, 3):
        for pretrained in (None, denomae(settings), mae(settings)):
            yield replace(tuned(settings, pretrained, IMAGE, seed), tier="full")
    for point in _ablations(settings):
        yield replace(point, tier="full")


def _of_denomae10(settings: Settings) -> Iterator[Point]:
    five = denomae(settings)
    yield forest(settings)
    for seed in (1, 2, 3):
        for inputs in (BOTH, IMAGE):
            yield scratch(settings, inputs, seed)
        yield tuned(settings, denoising(settings), BOTH, seed)
        for inputs in (BOTH, IMAGE):
            yield tuned(settings, five, inputs, seed)
        yield tuned(settings, mae(settings), IMAGE, seed)
        if seed == 1:
            yield from _rivals(settings)
            yield from _ablations(settings)
            yield noise_given(settings)
    for labels in (100, 5_000):
        for pretrained in (None, denoising(settings), five):
            point = tuned(settings, pretrained, BOTH, 1, labels, ("labels",))
            longest = labels == 5_000 and pretrained  # half an hour of two cores each
            yield replace(point, tier="full" if longest else "cpu")


def _rivals(settings: Settings) -> Iterator[Point]:
    """Other ways to learn, under the same frames, labels and epochs."""
    frames = settings.pretraining_frames
    yield cnn(settings)
    yield scratch(settings, SIGNAL, 1)
    for pretrained in (denoising(settings), denomae(settings)):
        yield tuned(settings, pretrained, SIGNAL, 1)
    yield tuned(settings, denoising(settings), IMAGE, 1)
    yield tuned(settings, mae(settings, BOTH), BOTH, 1)
    yield replace(tuned(settings, Pretrained("dae", Dae(), frames), IMAGE, 1), encoder="conv")
    yield tuned(settings, Pretrained("wamim", Wamim(), frames), IMAGE, 1)
    positions = replace(_objective(settings, Denomae()), patch_position=0.1)
    yield tuned(settings, Pretrained("patch-position", positions, frames), IMAGE, 1)
    for frozen in (True, False):
        yield denoiser(settings, frozen)


def _ablations(settings: Settings) -> Iterator[Point]:
    for name, modalities in SUBSETS.items():
        subset = denomae(settings, f"denomae-{name}", modalities)
        for inputs in (IMAGE, BOTH):
            if set(inputs) <= set(modalities):
                point = tuned(settings, subset, inputs, 1, parts=("modalities",))
                yield replace(point, tier="full" if name == "three" else "cpu")
    for frames in (1_000, 20_000, 5_000):
        tier = "full" if frames == 5_000 else "cpu"
        scaled = denomae(settings, f"denomae-{frames // 1000}k", frames=frames)
        for inputs in (IMAGE, BOTH):
            yield replace(tuned(settings, scaled, inputs, 1, parts=("scaling",)), tier=tier)
        clean = replace(denoising(settings), name=f"vit-dae-{frames // 1000}k", frames=frames)
        tier = "cpu" if frames == 1_000 else "full"
        yield replace(tuned(settings, clean, BOTH, 1, parts=("scaling",)), tier=tier)
    for percent in (0, 25, 50, 90):
        five = denomae(settings, f"denomae-mask{percent}")
        masked = replace(five, objective=replace(five.objective, masked_share=percent / 100))
        for inputs in (IMAGE, BOTH):
            point = tuned(settings, masked, inputs, 1, parts=("masks",))
            yield replace(point, tier="full" if percent else "cpu")


def denoising(settings: Settings) -> Pretrained:
    """Nothing masked: the noisy image and signal, whole, to the clean ones."""
    objective = Denomae(BOTH, masked_share=0.0)
    return Pretrained("vit-dae", objective, settings.pretraining_frames)


def denomae(
    settings: Settings,
    name: str = "denomae",
    modalities: tuple[str, ...] = FIVE,
    frames: int | None = None,
) -> Pretrained:
    objective = _objective(settings, Denomae(modalities))
    return Pretrained(name, objective, frames or settings.pretraining_frames)


def mae(settings: Settings, modalities: tuple[str, ...] = IMAGE) -> Pretrained:
    name = "mae" if modalities == IMAGE else "mae-both"
    objective = _objective(settings, Mae(modalities))
    return Pretrained(name, objective, settings.pretraining_frames)


def _objective(settings: Settings, objective: Masked) -> Masked:
    return replace(objective, decoded_share=settings.decoded_share)


def scratch(settings: Settings, inputs: tuple[str, ...], seed: int) -> Point:
    return tuned(settings, None, inputs, seed)


def tuned(
    settings: Settings,
    pretrained: Pretrained | None,
    inputs: tuple[str, ...],
    seed: int,
    labels: int | None = None,
    parts: tuple[str, ...] = ("main",),
) -> Point:
    """A classifier from labels, behind what an encoder learnt without them."""
    labels = labels or settings.labels
    name = pretrained.name if pretrained else "scratch"
    count = "" if labels == settings.labels else f"-{labels}"
    if parts == ("main",):  # what the other parts begin with
        parts = {
            "scratch": ("main", "labels", "scaling", "modalities", "masks"),
            "denomae": ("main", "labels", "scaling", "modalities", "masks"),
            "vit-dae": ("main", "labels", "scaling"),
        }.get(name, parts)
        if inputs == SIGNAL and name == "denomae":
            parts = (*parts, "noise")
    return Point(
        id=f"{name}-{NAMES[inputs]}{count}-s{seed}",
        method=next((m for m in _BY_LENGTH if name == m or name.startswith(f"{m}-")), name),
        title=_title(name),
        parts=parts,
        tier="cpu",
        seed=seed,
        inputs=inputs,
        labels=labels,
        pretrained=pretrained,
    )


_METHODS = {
    "scratch": "from scratch",
    "denomae": "DenoMAE",
    "mae": "MAE, noisy image",
    "mae-both": "MAE, noisy image and signal",
    "dae": "DAE, convolutional",
    "vit-dae": "ViT denoiser, no masks",
    "wamim": "WaMIM",
    "patch-position": "DenoMAE and patch positions",
}


_BY_LENGTH = sorted(_METHODS, key=len, reverse=True)


def _title(name: str) -> str:
    if name in _METHODS:
        return _METHODS[name]
    if name.startswith("vit-dae-"):
        return f"{_METHODS['vit-dae']}, {name[8:-1]},000 frames"
    what = name.removeprefix("denomae-")
    words = {
        "noisy-image": "noisy image alone",
        "noisy-both": "noisy image and signal",
        "three": "noisy image and signal, clean image",
        "no-noise": "four modalities, without the noise",
    }
    if what in words:
        return f"DenoMAE, {words[what]}"
    if what.startswith("mask"):
        return f"DenoMAE, {what[4:]} % masked"
    return f"DenoMAE on {what[:-1]},000 frames"


def forest(settings: Settings) -> Point:
    return Point(
        "forest-s1", "forest", "random forest on cumulants", ("main",), "cpu", 1, SIGNAL,
        settings.labels, kind="forest",
    )  # fmt: skip


def cnn(settings: Settings) -> Point:
    return Point(
        "cnn-signal-s1", "cnn", "CNN after arXiv 2301.11773", ("main",), "cpu", 1, SIGNAL,
        settings.labels, encoder="cnn",
    )  # fmt: skip


def noise_given(settings: Settings) -> Point:
    """A classifier that was shown the noise, tested on what is known of it in the field."""
    return Point(
        "denomae-signal+noise-s1", "denomae", "DenoMAE, given the noise", ("noise",), "cpu", 1,
        (*SIGNAL, "noise"), settings.labels, denomae(settings), kind="noise",
    )  # fmt: skip


def denoiser(settings: Settings, frozen: bool) -> Point:
    return Point(
        "denoise-s1" if frozen else "denoise-whole-s1", "denoise",
        "denoising stage, encoder frozen" if frozen else "denoising stage, whole model",
        ("denoising",), "cpu", 1, BOTH, 0, denomae(settings),
        kind="denoise" if frozen else "denoise-whole",
    )  # fmt: skip
