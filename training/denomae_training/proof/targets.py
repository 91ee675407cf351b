# SPDX-License-Identifier: GPL-3.0-or-later
"""What a live model is to reach, beside what was found."""

from __future__ import annotations

from typing import Any

from denomae_training.proof.refusal import FROM_LOGITS
from denomae_training.proof.settings import (
    BIN_ERROR_MOST,
    CLASS_FROM_DB,
    CLASS_LEAST,
    ERROR_MOST,
    FAMILY_FROM_DB,
    FAMILY_LEAST,
    MANY_SYMBOLS,
    NOISE_AUROC,
    REFUSED_MOST,
    SNR_RMS_MOST_DB,
    STRONG_LEAST,
    STRONG_SNR_DB,
    UNKNOWN_AUROC,
    Target,
)


def targets(parts: dict[str, Any]) -> list[Target]:
    """The targets of the parts that were run, in their order."""
    found = []
    for name, of in (
        ("gnu-radio", _gnu_radio),
        ("recordings", _recordings),
        ("unknowns", _unknowns),
        ("calibration", _calibration),
        ("symbols", _symbols),
    ):
        if name in parts and "not_run" not in parts[name]:
            found += of(parts[name])
    return found


def percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"


def interval(share: dict[str, Any]) -> str:
    """A share with its interval, in words."""
    if share["share"] is None:
        return "–"
    low, high = 100 * share["low"], 100 * share["high"]
    return f"{percent(share['share'])} ({low:.1f} to {high:.1f})"


def _gnu_radio(part: dict[str, Any]) -> list[Target]:
    plain = part["plain"]
    family, merged = plain["family_from"], plain["class_from"]
    return [
        Target(
            f"GNU Radio's signals, family from {FAMILY_FROM_DB:g} dB on",
            f"≥ {percent(FAMILY_LEAST)}", interval(family), family["share"] >= FAMILY_LEAST,
        ),
        Target(
            f"GNU Radio's signals, class from {CLASS_FROM_DB:g} dB on",
            f"≥ {percent(CLASS_LEAST)}", interval(merged), merged["share"] >= CLASS_LEAST,
        ),
    ]  # fmt: skip


def _recordings(part: dict[str, Any]) -> list[Target]:
    return [
        Target(
            f"recording {row['file']}",
            row["family"],
            f"{row['majority'] or 'no frame'} "
            f"({row['families'].get(row['family'], 0)} of {row['judged']} frames right)",
            row["right"],
        )
        for row in part["rows"]
    ]


def _unknowns(part: dict[str, Any]) -> list[Target]:
    scores = {name: row for name, row in part["scores"].items() if name in FROM_LOGITS}
    best = max(scores, key=lambda name: scores[name]["mean_auroc"])
    area, refused = scores[best]["mean_auroc"], part["checkpoint"]["known_refused"]
    found = [
        Target(
            "unknown waveforms from 5 dB on, mean over kinds",
            f"AUROC ≥ {UNKNOWN_AUROC}",
            f"{area:.3f} ({best}; the checkpoint goes by {part['checkpoint']['score']})",
            area >= UNKNOWN_AUROC,
        ),
        Target(
            "known frames from 5 dB on that the checkpoint refuses",
            f"≤ {percent(REFUSED_MOST)}", interval(refused), refused["share"] <= REFUSED_MOST,
        ),
    ]  # fmt: skip
    noise = part["noise"]
    if noise:
        met = noise["auroc"] >= NOISE_AUROC
        wanted = f"AUROC ≥ {NOISE_AUROC}"
        found.append(Target("noise against signals at 0 dB", wanted, f"{noise['auroc']:.4f}", met))
    return found


def _calibration(part: dict[str, Any]) -> list[Target]:
    error, worst = (
        part["all"]["calibration_error"],
        max(part["rows"], key=lambda row: row["calibration_error"]),
    )
    rms = part["snr"]["snr_rms_error_db"]
    return [
        Target(
            "calibration error over all SNRs", f"≤ {ERROR_MOST}", f"{error:.3f}",
            error <= ERROR_MOST,
        ),
        Target(
            "calibration error in the worst 5 dB", f"≤ {BIN_ERROR_MOST}",
            f"{worst['calibration_error']:.3f} from {worst['low_db']:g} dB on",
            worst["calibration_error"] <= BIN_ERROR_MOST,
        ),
        Target(
            "SNR estimate, RMS error from −5 to 20 dB", f"≤ {SNR_RMS_MOST_DB:g} dB",
            f"{rms:.2f} dB", rms <= SNR_RMS_MOST_DB,
        ),
    ]  # fmt: skip


def _symbols(part: dict[str, Any]) -> list[Target]:
    many = part["many"]["merged"]
    return [
        Target(
            f"its own test frames from {STRONG_SNR_DB[0]:g} dB on, {MANY_SYMBOLS} symbols or more",
            f"≥ {percent(STRONG_LEAST)}", interval(many), many["share"] >= STRONG_LEAST,
        )
    ]  # fmt: skip
