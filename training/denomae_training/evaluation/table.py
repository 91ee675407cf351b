# SPDX-License-Identifier: GPL-3.0-or-later
"""A report as text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from denomae_training.evaluation.cost import Cost
from denomae_training.evaluation.scores import Report

_WIENER = ", Wiener filter"


def lines_of(report: Report, cost: Cost | None = None) -> list[str]:
    """What `denomae-train evaluate` prints, percentages."""
    has_limit = any(row["limit"] is not None for row in report["rows"])
    has_merged = report["merged"] is not None
    head = "SNR dB  frames  accuracy   95 % interval"
    head += "       limit  missing" if has_limit else ""
    head += "  merged" if has_merged else ""
    lines = [head + "  calibration error  SNR error (dB)"]
    lines += [_line(row, f"{row['snr_db']:6g}", has_limit, has_merged) for row in report["rows"]]
    lines.append(_line({"limit": None} | report, "   all", has_limit, has_merged))
    for name, mean in report["means"].items():
        if mean:
            accuracy, error = _percent(mean["accuracy"]), _points(mean["standard_error"])
            lines.append(f"mean over {name} dB: {accuracy} ± {error}{_beside(mean)}")
    if cost:
        lines.append(
            f"{cost.flops / 1e6:.1f} MFLOP a frame, {cost.parameters / 1e6:.2f} million parameters,"
            f" {cost.frames_per_s:.0f} frames/s ({cost.device}, {cost.precision}, "
            f"{cost.threads} threads, batches of {cost.batch_size}, images already drawn)"
        )
    lines += ["", "What is taken for what, over these SNRs alike (%):", *_confusion(report)]
    lines += [f"ABOVE THE LIMIT: {sentence}" for sentence in report["violations"]]
    return lines


def denoising_lines(report: Mapping[str, Any]) -> list[str]:
    """What `denomae-train evaluate` prints of a denoiser: the gain in SNR (dB) of each class of a
    `denoising_report`, at each SNR, and a Wiener filter's beside it where there is one."""
    rows = report["rows"]
    snrs = sorted({row["snr_db"] for row in rows})
    names = list(dict.fromkeys(row["classes"] for row in rows))
    gains = {(row["classes"], row["snr_db"]): row for row in rows}
    width = max(map(len, names)) + len(_WIENER)
    lines = ["gain in SNR (dB)".ljust(width) + "".join(f"{snr:8g}" for snr in snrs)]
    for key, suffix in (("gain_db", ""), ("wiener_gain_db", _WIENER)):
        for name in names:
            found = [gains[name, snr].get(key) for snr in snrs]
            if any(value is not None for value in found):
                shown = ("       -" if value is None else f"{value:8.1f}" for value in found)
                lines.append(f"{name + suffix:{width}}" + "".join(shown))
    return lines


def _line(row: Report, name: str, has_limit: bool, has_merged: bool) -> str:
    interval = f"{100 * row['low']:.1f} to {100 * row['high']:.1f}"
    line = f"{name}  {row['frames']:6d}  {_percent(row['accuracy']):>8}  {interval:>14}"
    if has_limit and row["limit"] is not None:
        limit = f"{100 * row['limit']:.1f} ± {100 * row['limit_error']:.1f}"
        line += f"  {limit:>10}  {_points(row['distance']):>7}"
    elif has_limit:
        line += " " * 21
    line += f"  {_percent(row['merged']):>6}" if has_merged else ""
    error = row["snr_rms_error_db"]
    shown = "-" if error is None else f"{error:.2f}"
    return f"{line}  {row['calibration_error']:17.3f}  {shown:>14}"


def _beside(mean: Report) -> str:
    if mean["limit"] is None:
        return ""
    where = "below" if mean["distance"] >= 0 else "above"
    return f", {_points(abs(mean['distance']))} {where} the limit of {_percent(mean['limit'])}"


def _confusion(report: Report) -> list[str]:
    classes = report["classes"]
    width = max(map(len, classes)) + 1
    lines = ["true \\ named".ljust(width + 4) + "".join(f"{name:>{width}}" for name in classes)]
    for name, counts in zip(classes, report["confusion"], strict=True):
        shares = [100 * count / max(sum(counts), 1) for count in counts]
        lines.append(f"{name:{width + 4}}" + "".join(f"{share:{width}.0f}" for share in shares))
    return lines


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _points(share: float) -> str:
    return f"{100 * share:.1f}"
