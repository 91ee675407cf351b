# SPDX-License-Identifier: GPL-3.0-or-later
"""The study's tables: as they were published with ours beside, and what they lacked."""

from __future__ import annotations

from collections.abc import Iterable

from denomae_training.report.summary import Measure
from denomae_training.report.table import Cell, Table
from denomae_training.study.conditions import PICTURE_DATA
from denomae_training.study.published import RADIUS, REPORTED, TITLES
from denomae_training.study.results import FAIRNESS, Found, Studies, named

NOT_RUN = "not run"
NAMES = {"dae": "DAE", "mae": "MAE"}


def overview(studies: Studies) -> dict[str, Table]:
    """The published tables, a row a set of pictures."""
    return {table.name: table for table in (_accuracy(studies), _fidelity(studies))}


def of_data(studies: Studies, data: str) -> dict[str, Table]:
    """All that was measured on one set, under both kinds of conditions."""
    found = [each for fairness in FAIRNESS for each in studies.get((data, fairness), ())]
    networks = [each for each in found if each.is_network]
    made = [make(data, found) for make in (_classes, _clusters)]
    made += [make(data, networks) for make in (_radius, _pictures, _maps, _weights, _costs)]
    return {table.name: table for table in made}


def _accuracy(studies: Studies) -> Table:
    rows = []
    for data in PICTURE_DATA:
        row: list[Cell] = [TITLES[data]]
        row += [_reported(data, name, "accuracy") for name in NAMES]
        row += [_cell(studies, data, "published", name, "tuned") for name in NAMES]
        row += [_cell(studies, data, "fair", name, "probe") for name in ("dae", "vit-dae", "mae")]
        row += [_cell(studies, data, "fair", name, "tuned") for name in ("dae", "vit-dae", "mae")]
        rows.append(tuple(row))
    columns = ("pictures", "DAE, reported", "MAE, reported", "DAE, as published",
               "MAE, as published", "frozen: DAE", "frozen: ViT-DAE", "frozen: MAE", "tuned: DAE",
               "tuned: ViT-DAE", "tuned: MAE")  # fmt: skip
    note = (
        "Test accuracy in %. As published: the reported conditions, run here. Frozen and tuned: "
        "fair conditions, a linear probe and the whole encoder tuned. The ViT-DAE is the MAE's "
        "network, taught to denoise."
    )
    return Table("accuracy", "Classification", columns, tuple(rows), note)


def _fidelity(studies: Studies) -> Table:
    rows = []
    for data in PICTURE_DATA:
        row: list[Cell] = [TITLES[data]]
        for figure, digits in (("psnr_db", 1), ("ssim", 2)):
            row += [_reported(data, name, figure, digits) for name in NAMES]
            row += [
                _cell(studies, data, "published", name, "fidelity", "made", figure, scale=1,
                      digits=digits)
                for name in NAMES
            ]  # fmt: skip
        rows.append(tuple(row))
    columns = ("pictures", "PSNR DAE, reported", "PSNR MAE, reported", "PSNR DAE", "PSNR MAE",
               "SSIM DAE, reported", "SSIM MAE, reported", "SSIM DAE", "SSIM MAE")  # fmt: skip
    note = "PSNR in dB, of the whole picture as it comes out of the decoder, as published."
    return Table("fidelity", "Reconstruction", columns, tuple(rows), note)


def _classes(data: str, found: Iterable[Found]) -> Table:
    rows = tuple(
        (
            each.fairness, each.title, _size(each), _percent(each, "probe"),
            _percent(each, "mean_probe"), _percent(each, "neighbours"), _percent(each, "tuned"),
            _encoder(each),
        )
        for each in found
    )  # fmt: skip
    columns = ("conditions", "model", "features", "linear probe (%)", "of mean token (%)",
               "5-NN (%)", "classifier (%)", "its encoder")  # fmt: skip
    note = (
        "Linear probe and 5-NN look at the pretrained encoder's features: a convolutional latent "
        "whole, a ViT's class token, or the mean of the other tokens."
    )
    return Table("classes", "How much of the classes a model knows", columns, rows, note)


def _clusters(data: str, found: Iterable[Found]) -> Table:
    rows = []
    for each in found:
        row: list[Cell] = [each.fairness, each.title]
        for part in ("clusters", "tuned_clusters"):
            row += [
                each.value(part, "mean_radius", digits=2),
                each.value(part, "relative_radius", digits=2),
                each.value(part, "silhouette", digits=3),
            ]
        rows.append(tuple(row))
    columns = ("conditions", "model", "radius", "radius / centroid distance", "silhouette",
               "tuned: radius", "tuned: radius / distance", "tuned: silhouette")  # fmt: skip
    note = (
        "Radius: mean distance of a class's points from their centroid, as published; it grows "
        "with the features' scale. The other two do not. All in the features' full width."
    )
    return Table("clusters", "How close a class lies", columns, tuple(rows), note)


def _radius(data: str, found: Iterable[Found]) -> Table:
    found = list(found)
    if not found:
        return Table("radius", "Radius of each class", ("class",), ())
    classes = found[0].classes
    reported = "mnist" if data == "digits" else data
    beside = {name: RADIUS.get((reported, name)) for name in NAMES}
    columns = ["class"]
    columns += [f"{NAMES[name]}, reported" for name, values in beside.items() if values]
    columns += [f"{each.title}, {each.fairness}" for each in found]
    rows = []
    for number, label in enumerate(classes):
        row: list[Cell] = [label]
        row += [Measure(values[number], digits=2) for values in beside.values() if values]
        row += [Measure(each.figures[0]["clusters"]["radius"][number], digits=2) for each in found]
        rows.append(tuple(row))
    note = "Reported: of MNIST, which has the same classes." if data == "digits" else ""
    return Table("radius", "Radius of each class, as published", tuple(columns), tuple(rows), note)


def _pictures(data: str, found: Iterable[Found]) -> Table:
    rows = []
    for each in found:
        if each.figures[0].get("fidelity") is None:
            continue
        row: list[Cell] = [each.fairness, each.title]
        for part in ("shown", "made", "kept", "masked"):
            row += [each.value("fidelity", part, "psnr_db"),
                    each.value("fidelity", part, "ssim", digits=2)]  # fmt: skip
        rows.append(tuple(row))
    columns = ("conditions", "model", "input: PSNR (dB)", "SSIM", "decoder's whole: PSNR (dB)",
               "SSIM", "visible kept: PSNR (dB)", "SSIM", "hidden pixels: PSNR (dB)",
               "SSIM")  # fmt: skip
    note = (
        "A masked autoencoder is never taught the patches that it sees; with these kept, only what "
        "it filled in is its own. Hidden pixels: the three quarters that are hidden from a masked "
        "autoencoder; a denoiser sees them, with noise."
    )
    if data not in PICTURE_DATA:
        note += (
            " Of our own frames only what was hidden is asked of a masked decoder, and it is put "
            "beside the visible patches as they came in, noise and all: its whole is the same as "
            "with the visible kept."
        )
    return Table("pictures", "How close reconstructions come", columns, tuple(rows), note)


def _maps(data: str, found: Iterable[Found]) -> Table:
    rows = tuple(
        (
            each.fairness, each.title, each.figures[0]["maps"]["kind"],
            each.value("maps", "high_share", scale=100), each.value("maps", "half_area", scale=100),
        )
        for each in found
    )  # fmt: skip
    columns = ("conditions", "model", "map", "above one half (% of the area)",
               "half of the sum (% of the area)")  # fmt: skip
    note = (
        "Above one half: of a map brought to 0..1, what the study reads off; one bright pixel "
        "makes it small. Half of the sum: the least area that holds half of the map; an even one "
        "has 50 %. Attention: what the class token, or the mean token where there is none, looks "
        "at in the last block; saliency: gradients of the latent. The two are not one measure."
    )
    return Table("maps", "Where models look", columns, rows, note)


def _weights(data: str, found: Iterable[Found]) -> Table:
    rows = tuple(
        (
            each.fairness, each.title, each.value("weights", "deviation", digits=3),
            each.value("weights", "first_deviation", digits=3),
            each.value("weights", "kurtosis", digits=2),
            each.value("weights", "first_kurtosis", digits=2),
            each.value("weights", "moved", digits=2),
            each.value("weights", "overlap", scale=100),
        )
        for each in found
    )  # fmt: skip
    columns = ("conditions", "model", "deviation", "at first", "excess kurtosis", "at first",
               "moved", "overlap with the first (%)")  # fmt: skip
    note = (
        "Means over layers, each counted by its weights; without norms and biases. Excess "
        "kurtosis: a Gaussian has 0, evenly spread weights have -1.2. Moved: length of the change "
        "over that of the first weights."
    ).replace("-1.2", "−1.2")
    return Table("weights", "Weights, and those they began with", columns, rows, note)


def _costs(data: str, found: Iterable[Found]) -> Table:
    rows = tuple(
        (
            each.fairness, each.title, each.figures[0]["parameters"], each.figures[0]["updates"],
            each.value("seconds", digits=0), each.figures[0]["tuned_updates"],
            each.value("tuned_seconds", digits=0), len(each.figures),
        )
        for each in found
    )  # fmt: skip
    columns = ("conditions", "model", "parameters", "updates, pretraining", "s",
               "updates, tuning", "s, the best rate", "seeds")  # fmt: skip
    return Table("costs", "What it took", columns, rows)


def _cell(
    studies: Studies, data: str, fairness: str, name: str, *path: str, scale: float = 100,
    digits: int = 1,
) -> Cell:  # fmt: skip
    found = named(studies, data, fairness, name)
    return NOT_RUN if found is None else found.value(*path, scale=scale, digits=digits)


def _reported(data: str, name: str, figure: str, digits: int = 1) -> Cell:
    found = REPORTED.get((data, name))
    return None if found is None else Measure(getattr(found, figure), digits=digits)


def _encoder(each: Found) -> Cell:
    """What became of the encoder while the classifier learnt."""
    if not each.is_network:
        return None
    return "frozen" if each.figures[0].get("frozen") else "whole"


def _percent(each: Found, *path: str) -> Measure | None:
    return each.value(*path, scale=100)


def _size(each: Found) -> int:
    return each.figures[0]["feature_size"]
