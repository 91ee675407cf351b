# SPDX-License-Identifier: GPL-3.0-or-later
"""All measurements of one model: figures as JSON, and what is drawn as tensors."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor

from denomae_training.study.clusters import Clusters, clusters, plane
from denomae_training.study.features import Seen, linear_probe, nearest
from denomae_training.study.fidelity import masked_part, whole
from denomae_training.study.maps import brought_to_one, half_area, high_share
from denomae_training.study.pictures import Pictures, PictureSet
from denomae_training.study.subject import Subject, in_batches
from denomae_training.study.weights import Layer, layers, together

PIXELS, PROBED = "pixels", 5_000
DRAWN = 6  # pictures that are drawn of each model
MAPPED = 32  # pictures over which shares of maps are averaged
ON_PLANE = 40  # of each class


def measure(subject: Subject, pictures: PictureSet, seed: int) -> tuple[dict, dict[str, Tensor]]:
    """Figures and tensors of a model; the test part is looked at here and nowhere else.

    Returns:
        figures: plain values, for JSON.
        drawn: name to tensor, for pictures.
    """
    figures: dict[str, Any] = {"name": subject.name, "title": subject.title}
    figures["parameters"] = sum(p.numel() for p in subject.model.parameters())
    drawn: dict[str, Tensor] = {}
    figures |= _of_features(subject, pictures, drawn, seed)
    figures["fidelity"] = _of_reconstructions(subject, pictures.test, drawn, seed)
    figures["maps"] = _of_maps(subject, pictures.test, drawn)
    figures["weights"] = _of_weights(subject, drawn)
    return figures, drawn


def measure_pixels(pictures: PictureSet) -> dict[str, Any]:
    """The same of the pixels themselves, which every feature has to be better than.

    They are many: no more than the first `PROBED` pictures are learnt from.
    """
    count = len(pictures.classes)
    seen = [
        Seen(part.images.flatten(1), part.class_index)
        for part in (pictures.train.part(slice(PROBED)), pictures.validation, pictures.test)
    ]
    return {
        "name": PIXELS,
        "title": "pixels, no network",
        "feature_size": seen[0].values.shape[1],
        "probe": linear_probe(*seen, count),
        "neighbours": nearest(seen[0], seen[2]),
        "clusters": _plain(clusters(seen[2].values, seen[2].class_index, count)),
    }


def _of_features(
    subject: Subject, pictures: PictureSet, drawn: dict[str, Tensor], seed: int
) -> dict[str, Any]:
    count = len(pictures.classes)
    seen = {
        part: Seen(in_batches(subject.features, getattr(pictures, part).images),
                   getattr(pictures, part).class_index)
        for part in ("train", "validation", "test")
    }  # fmt: skip
    found: dict[str, Any] = {
        "feature_size": seen["test"].values.shape[1],
        "probe": linear_probe(seen["train"], seen["validation"], seen["test"], count),
        "neighbours": nearest(seen["train"], seen["test"]),
        "clusters": _plain(clusters(seen["test"].values, seen["test"].class_index, count)),
    }
    tuned = in_batches(lambda some: subject.features(some, True), pictures.test.images)
    found["tuned_clusters"] = _plain(clusters(tuned, pictures.test.class_index, count))
    if subject.mean_features(pictures.test.images[:2]) is not None:
        means = {
            part: Seen(in_batches(subject.mean_features, getattr(pictures, part).images),
                       seen[part].class_index)
            for part in seen
        }  # fmt: skip
        found["mean_probe"] = linear_probe(*means.values(), count)
        found["mean_neighbours"] = nearest(means["train"], means["test"])
        found["mean_clusters"] = _plain(
            clusters(means["test"].values, means["test"].class_index, count)
        )
    each = int(torch.bincount(pictures.test.class_index, minlength=count).min())
    rows = _equal_rows(pictures.test.class_index, count, min(each, ON_PLANE))
    drawn["plane"] = plane(seen["test"].values[rows], seed)
    drawn["tuned_plane"] = plane(tuned[rows], seed)
    drawn["plane_class"] = pictures.test.class_index[rows]
    return found


def _of_reconstructions(
    subject: Subject, test: Pictures, drawn: dict[str, Tensor], seed: int
) -> dict[str, Any] | None:
    made = subject.reconstruct(test, torch.Generator().manual_seed(seed))
    if made is None:
        return None
    judged = {
        "made": whole(made.made, made.clean),
        "kept": whole(made.kept, made.clean),
        "masked": masked_part(made.made, made.clean, made.hidden),
    }
    if not made.masks:  # what is masked was shown as it is
        judged["shown"] = whole(made.shown, made.clean)
    for name in ("made", "kept", "masked"):
        drawn[f"psnr_{name}"], drawn[f"ssim_{name}"] = judged[name].psnr_db, judged[name].ssim
    rows = _examples(test.class_index)
    for name in ("shown", "made", "kept", "clean", "hidden"):
        drawn[f"example_{name}"] = getattr(made, name)[rows].float()
    means = {name: dict(zip(("psnr_db", "ssim"), each.means(), strict=True))
             for name, each in judged.items()}  # fmt: skip
    return {"masks": made.masks} | means


def _of_maps(subject: Subject, test: Pictures, drawn: dict[str, Tensor]) -> dict[str, Any]:
    rows = _examples(test.class_index)
    drawn["map_images"] = test.images[rows]
    drawn["maps"] = brought_to_one(subject.maps(test.images[rows])).float()
    some = subject.maps(test.images[:MAPPED])
    return {
        "kind": "attention" if subject.attends else "saliency",
        "high_share": float(high_share(some).mean()),
        "half_area": float(half_area(some).mean()),
    }


def _of_weights(subject: Subject, drawn: dict[str, Tensor]) -> dict[str, Any]:
    found = layers(subject.trained, subject.begun)
    for number, layer in enumerate(found):
        drawn[f"weights_{number:02d}"] = torch.stack(
            [layer.edges[:-1], layer.histogram, layer.first_histogram]
        )
    return together(found) | {"layers": [_numbers(layer) for layer in found]}


def _numbers(layer: Layer) -> dict[str, Any]:
    return {name: value for name, value in vars(layer).items() if not torch.is_tensor(value)}


def _plain(found: Clusters) -> dict[str, Any]:
    return asdict(found) | {
        "mean_radius": found.mean_radius,
        "relative_radius": found.relative_radius,
    }


def _equal_rows(class_index: Tensor, count: int, each: int) -> Tensor:
    """The first `each` of every class, in order of class."""
    return torch.cat([torch.nonzero(class_index == n)[:each, 0] for n in range(count)])


def _examples(class_index: Tensor) -> Tensor:
    """One picture of each of the first classes: the last, which of our frames have least noise."""
    return torch.stack([torch.nonzero(class_index == n)[-1, 0] for n in range(DRAWN)])
