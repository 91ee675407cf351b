# SPDX-License-Identifier: GPL-3.0-or-later
"""Small results for the tests of reports: invented numbers, never committed as results."""

from __future__ import annotations

import math
from dataclasses import replace

from denomae_training.report.result import Finetuning, Pretraining, Result

FRAMES = 200


def limit_at(snr_db: float) -> float:
    return round(0.1 + 0.9 / (1 + math.exp(-(snr_db + 10) / 3)), 4)


def scores(middle_db: float, frames: int = FRAMES, best: float = 0.98) -> dict:
    """Rows of a classifier that is halfway up at an SNR."""
    rows = []
    for snr_db in range(-20, 21, 2):
        right = round(frames * (0.1 + (best - 0.1) / (1 + math.exp(-(snr_db - middle_db) / 3))))
        share = right / frames
        spread = 1.96 * math.sqrt(share * (1 - share) / frames)
        rows.append(
            {
                "snr_db": float(snr_db),
                "frames": frames,
                "right": right,
                "accuracy": round(share, 5),
                "low": round(max(0.0, share - spread), 5),
                "high": round(min(1.0, share + spread), 5),
                "limit": limit_at(snr_db),
                "class_right": {"ook": right // 2, "4ask": right - right // 2},
            }
        )
    return {"rows": rows}


def example(
    id: str = "denomae-s1-both",
    method: str = "denomae",
    title: str = "DenoMAE",
    middle_db: float = -5.0,
    **changes: object,
) -> Result:
    pretraining = Pretraining("denomae", ("noisy_image", "noisy_signal", "clean_image",
                              "clean_signal", "noise"), 0.75, 10_000, 20.0, 600.0, 333.0,
                              0.02)  # fmt: skip
    result = Result(
        id=id,
        method=method,
        title=title,
        parts=("main",),
        recipe="denomae10",
        preset="nano",
        seed=1,
        pretraining=None if method == "scratch" else pretraining,
        finetuning=Finetuning(("noisy_image", "noisy_signal"), 1000, 30.0, "whole", 90.0),
        scores=scores(middle_db),
        commit="0" * 40,
        hardware="2 cores",
        threads=1,
        versions={"torch": "2.15.0"},
    )
    return replace(result, **changes)


def several() -> list[Result]:
    """A main comparison over three seeds, and a few points of each other part but one."""
    results = []
    for seed in (1, 2, 3):
        shift = 0.4 * seed
        results += [
            example(f"denomae-s{seed}-both", middle_db=-6 + shift, seed=seed),
            example(f"mae-s{seed}-both", "mae", "MAE", -3 + shift, seed=seed),
            example(f"scratch-s{seed}-both", "scratch", "from scratch", shift, seed=seed),
        ]
    for labels in (100, 1000, 5000):
        for method, title, middle_db in (("denomae", "DenoMAE", 0.0),
                                         ("scratch", "from scratch", 5.0)):  # fmt: skip
            at_db = middle_db - 3 * math.log10(labels / 100)
            found = example(f"{method}-labels-{labels}", method, title, at_db, parts=("labels",))
            results.append(replace(found, finetuning=replace(found.finetuning, labels=labels)))
    for frames in (1000, 10_000, 20_000):
        found = example(f"scaling-{frames}", middle_db=-3 - math.log10(frames), parts=("scaling",))
        results.append(replace(found, pretraining=replace(found.pretraining, frames=frames)))
    for count, names in enumerate((("noisy_image",), ("noisy_image", "noisy_signal")), 1):
        found = example(f"modalities-{count}", middle_db=-2.0 - count, parts=("modalities",))
        results.append(replace(found, pretraining=replace(found.pretraining, modalities=names)))
    figures = tuple(
        {
            "snr_db": float(snr_db),
            "classes": classes,
            "frames": 500,
            "gain_db": 8.0 - snr_db / 10,
            "wiener_gain_db": 7.0 - snr_db / 10,
            "image_ssim": 0.75,
        }
        for snr_db in (-10, 0, 10)
        for classes in ("ook", "linear", "all")
    )
    results.append(example("denoise-s1", "denoise", "denoising stage", parts=("denoising",),
                           scores={}, denoising=figures))  # fmt: skip
    return results
