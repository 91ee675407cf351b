# SPDX-License-Identifier: GPL-3.0-or-later
"""What a report draws of checkpoints: reconstructions, attention, and how frames lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from denomae.errors import DenomaeError
from denomae.modalities import MODALITIES, in_table_order
from denomae.model.denoiser import Denoiser
from denomae_training.report.attention import attends, draw_attention, last_attention
from denomae_training.report.embedding import draw_embeddings, embed, features
from denomae_training.report.models import Loaded, first_of, frames_at
from denomae_training.report.page import Picture, Section
from denomae_training.report.reconstruction import Asking, decodes, denoise, reconstruct
from denomae_training.report.reconstructions import draw_images, draw_signals
from denomae_training.report.summary import Measure
from denomae_training.report.table import Table
from denomae_training.signals.recipe import Recipe
from denomae_training.signals.recipes import RECIPES

RECONSTRUCTED_DB = (-20.0, -15.0, -10.0, 0.0, 10.0)
ATTENDED_DB = (-10.0, 10.0)
LOOKED_FOR = 400  # frames among which the example's class is looked for


@dataclass(frozen=True)
class Shown:
    """What is shown to the models.

    Attributes:
        seed: of the frames, of the masks and of t-SNE.
        frames: over which figures of reconstructions are averaged.
        example: the class of the frame that is drawn; "": the recipe's first with a phase.
        embedded_db: SNRs of t-SNE, each a column.
        embedded_frames: in each.
        masked_share: hidden from a pretrained model; None: as in its pretraining.
    """

    seed: int = 1
    frames: int = 64
    example: str = ""
    embedded_db: tuple[float, ...] = (-10.0, 0.0, 10.0)
    embedded_frames: int = 600
    masked_share: float | None = None


def reconstruction_section(loaded: Sequence[Loaded], shown: Shown, folder: Path) -> Section:
    """Draw what each model with decoders makes of noisy frames, and average how close it comes."""
    section = Section("Reconstructions")
    rows = []
    for model in (each for each in loaded if decodes(each.model)):
        recipe = _recipe(model)
        asking = _asking(model, shown)
        place, count = _example(recipe, shown)
        by_name: dict[str, dict] = {}
        wanted = in_table_order({*model.inputs, *(MODALITIES[n].target for n in model.inputs)})
        for snr_db in RECONSTRUCTED_DB:
            views = frames_at(recipe, shown.seed, snr_db, count, model, wanted).views
            masks = torch.Generator().manual_seed(shown.seed)  # the same at every SNR
            if isinstance(model.model, Denoiser):
                made = denoise(model.model, views)
            else:
                made = reconstruct(model.model, views, model.inputs, asking, masks)
            for name, found in made.items():
                by_name.setdefault(name, {})[snr_db] = found
        for name, by_snr in by_name.items():
            form = MODALITIES[name].form
            path = folder / f"{model.name}-reconstruction-{form}.png"
            (draw_images if form == "image" else draw_signals)(by_snr, place, path)
            section.parts.append(Picture(path, _caption(model, form, recipe, asking, shown)))
        rows += [(model.name, snr_db, *_means(by_name, snr_db)) for snr_db in RECONSTRUCTED_DB]
    if rows:
        title = f"Reconstructions, mean of {max(shown.frames, 1)} frames or more"
        columns = ("model", "SNR (dB)", "PSNR noisy (dB)", "PSNR (dB)", "SSIM noisy", "SSIM",
                   "SNR gain (dB)", "of zeros (dB)")  # fmt: skip
        note = (
            "PSNR and SSIM of the whole image, visible patches as they came in; gains in SNR are "
            "those of hidden samples, also of a reconstruction of zeros. Where nothing was hidden, "
            "everything is the model's."
        )
        section.parts.append(Table("reconstructions", title, columns, tuple(rows), note))
    return section


def attention_section(loaded: Sequence[Loaded], shown: Shown, folder: Path) -> Section:
    """Draw where the last block of each transformer looks."""
    section = Section("Attention")
    rows = []
    for model in loaded:
        if not attends(model.encoder):
            continue
        recipe = _recipe(model)
        place, count = _example(recipe, shown)
        found, views = {}, {}
        for snr_db in ATTENDED_DB:
            label = f"{snr_db:g} dB".replace("-", "−")
            sample = frames_at(recipe, shown.seed, snr_db, count, model, model.inputs)
            views[label] = {name: sample.views[name] for name in model.inputs}
            found[label] = last_attention(model.encoder, views[label])
            rows += _shares(model, snr_db, found[label])
        path = folder / f"{model.name}-attention.png"
        draw_attention(found, views, place, model.config.architecture, path)
        section.parts.append(
            Picture(
                path,
                f"{model.name}: how much each head of the last block looks at each token, in the "
                "mean over all queries (over image and signal), and each query's weights (rows; "
                f"white: none, darkest: three times the mean). A frame of "
                f"{_class(recipe, shown)}.",
            )
        )
    if rows:
        columns = ("model", "SNR (dB)", "head", "from", "to", "share (%)", "evenly spread (%)")
        title = f"Attention between modalities, mean over {shown.frames} frames or more"
        section.parts.append(Table("attention", title, columns, tuple(rows)))
    return section


def embedding_section(loaded: Sequence[Loaded], shown: Shown, folder: Path) -> Section:
    """Draw t-SNE of every encoder's pooled features, one under the other."""
    section = Section("How frames lie")
    if not loaded:
        return section
    recipe = _recipe(loaded[0])
    found: dict[str, dict] = {}
    rows = []
    for model in loaded:
        if _recipe(model).classes != recipe.classes:
            raise DenomaeError(
                f"{model.name} is of {model.config.recipe}, {loaded[0].name} of {recipe.name}; "
                "a report shows the models of one recipe"
            )
        found[model.name] = {}
        for snr_db in shown.embedded_db:
            sample = frames_at(
                recipe, shown.seed, snr_db, shown.embedded_frames, model, model.inputs
            )
            values = features(model.encoder, sample.views, model.inputs)
            made = embed(values, sample.class_index.numpy(), shown.seed)
            found[model.name][snr_db] = made
            rows.append((model.name, snr_db, Measure(made.silhouette, digits=3),
                         100 * made.neighbours))  # fmt: skip
    path = folder / "embeddings.png"
    draw_embeddings(found, recipe.classes, path)
    section.parts.append(
        Picture(
            path,
            "t-SNE of pooled features: the encoder has no class token, so a frame's feature is the "
            "mean of its tokens. Silhouette and 5-NN (share of frames whose nearest others are of "
            f"their class) are of the features themselves. {shown.embedded_frames} frames each.",
        )
    )
    columns = ("model", "SNR (dB)", "silhouette", "5-NN (%)")
    section.parts.append(Table("embeddings", "How well classes lie apart", columns, tuple(rows)))
    return section


def _recipe(model: Loaded) -> Recipe:
    name = model.config.recipe
    if name not in RECIPES:
        raise DenomaeError(f"{model.name} was trained on {name!r}; wanted one of {list(RECIPES)}")
    return RECIPES[name]


def _class(recipe: Recipe, shown: Shown) -> str:
    if shown.example:
        return shown.example
    return next((name for name in ("qpsk", "dqpsk") if name in recipe.classes), recipe.classes[0])


def _example(recipe: Recipe, shown: Shown) -> tuple[int, int]:
    """The place of the frame that is drawn, and how many frames there must be."""
    place = first_of(recipe, shown.seed, _class(recipe, shown), LOOKED_FOR)
    return place, max(shown.frames, place + 1)


def _asking(model: Loaded, shown: Shown) -> Asking:
    """As the model was pretrained, as far as its run says."""
    share = shown.masked_share
    if share is None:
        share = float(model.choice("masked_share", 0.75))
    if isinstance(model.model, Denoiser):
        share = 0.0
    return Asking(
        share,
        float(model.choice("decoded_share", 1.0)) < 1,
        bool(model.choice("normalised_targets", False)),
        model.choice("kind", "denomae") == "mae",
    )


def _caption(model: Loaded, form: str, recipe: Recipe, asking: Asking, shown: Shown) -> str:
    share = asking.masked_share
    hidden = f"{100 * share:.0f} % of the patches hidden" if share else "nothing hidden"
    parts = [
        f"{model.name}: the noisy {form} of a frame of {_class(recipe, shown)}, {hidden}; the "
        "model is shown noisy modalities alone."
    ]
    if form == "signal":
        parts.append("The first 256 samples, I blue and Q orange; scales differ.")
    if asking.normalised and share:
        parts.append("Each patch was given back the mean and the spread of its target.")
    return " ".join(parts)


def _means(by_name: dict[str, dict], snr_db: float) -> list[Measure | float | None]:
    """Means over frames of every figure that there is at one SNR."""
    figures = {}
    for by_snr in by_name.values():
        figures |= {k: float(v.mean()) for k, v in by_snr[snr_db].figures().items()}
    row: list[Measure | float | None] = []
    for name in ("psnr_noisy_db", "psnr_db", "ssim_noisy", "ssim", "gain_db", "gain_of_silence_db"):
        value = figures.get(name)
        row.append(Measure(value, digits=3) if value is not None and "ssim" in name else value)
    return row


def _shares(model: Loaded, snr_db: float, found) -> list[tuple]:
    """Of each head, from each modality to each other."""
    total = found.weights.shape[-1]
    return [
        (model.name, snr_db, head + 1, query.replace("_", " "), key.replace("_", " "),
         100 * float(found.between(query, key)[:, head].mean()),
         100 * (found.parts[key].stop - found.parts[key].start) / total)
        for query in found.parts for key in found.parts
        for head in range(found.weights.shape[1])
    ]  # fmt: skip
