# SPDX-License-Identifier: GPL-3.0-or-later
"""A report of studies as a folder: `index.html`, its pictures as PNG, its tables as CSV."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from denomae_training.report.markdown import fill_file
from denomae_training.report.page import Picture, Section, page
from denomae_training.report.table import Table, to_csv
from denomae_training.study import drawings
from denomae_training.study.published import TITLES
from denomae_training.study.results import FAIRNESS, Studies
from denomae_training.study.schematics import draw_schematic
from denomae_training.study.tables import of_data, overview

Unfinished = Mapping[tuple[str, str], tuple[str, ...]]
OVERVIEW = "study"
ABSENT = {
    "mnist": "Not run: needs the four IDX files of MNIST.",
    "cifar10": "Not run: needs the binary version of CIFAR-10.",
    "cifar10-jitter": "Not run: needs the binary version of CIFAR-10.",
}
CAPTIONS = {
    "reconstructions": "what each model is shown (grey: hidden) and what its decoder makes of it",
    "planes": "t-SNE of features, pretrained and after the classifier was trained",
    "maps": "saliency of a convolutional latent; attention of each head of a ViT's last block",
    "weights": "weights of some layers, learnt (blue) and at first (grey)",
    "fidelity": "PSNR and SSIM of the test pictures",
}


def all_tables(studies: Studies) -> dict[str, dict[str, Table]]:
    """Set of tables to name to table: the published ones under `study`, else by data."""
    made = {OVERVIEW: overview(studies)}
    return made | {data: of_data(studies, data) for data in TITLES if _has(studies, data)}


def fill_page(studies: Studies, path: Path) -> bool:
    """Write a page's tables anew; false where nothing changed."""
    return fill_file(path, all_tables(studies))


def write_report(studies: Studies, left: Unfinished, folder: Path) -> Path:
    """Write the report; returns its `index.html`.

    Args:
        left: data and fairness to the models that have no figures yet.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tables = all_tables(studies)
    for name, some in tables.items():
        for table in some.values():
            if table.rows:
                (folder / f"{name}-{table.name}.csv").write_text(to_csv(table), encoding="utf-8")
    sections = [_models(folder), Section("The reported tables", [*tables[OVERVIEW].values()])]
    for data, title in TITLES.items():
        if data in tables:
            sections += _sections(studies, left, data, tables[data], folder)
        else:
            why = ABSENT.get(data, f"Not run: `denomae-train study --data {data}`.")
            sections.append(Section(title[0].upper() + title[1:], [why]))
    text = page(
        "What masking teaches and what denoising teaches",
        'The study "Unmasking the Noise" (Chan, Lee and Wu) run again, under its own conditions '
        "and under equal ones. Reported: its figures. All others were measured here.",
        sections,
    )
    path = folder / "index.html"
    path.write_text(text, encoding="utf-8")
    return path


def _models(folder: Path) -> Section:
    section = Section("The two models")
    for name, masked, words in (("dae", False, "denoising"), ("mae", True, "masked")):
        path = folder / f"schematic-{name}.png"
        draw_schematic(masked, path)
        section.parts.append(Picture(path, f"The {words} autoencoder of the study."))
    return section


def _sections(
    studies: Studies, left: Unfinished, data: str, tables: dict[str, Table], folder: Path
) -> list[Section]:
    """A set's tables, then the figures under each kind of conditions."""
    title = TITLES[data]
    sections = [Section(title[0].upper() + title[1:], [t for t in tables.values() if t.rows])]
    for fairness in FAIRNESS:
        found = [each for each in studies.get((data, fairness), ()) if each.is_network]
        section = Section(f"{title}: {fairness}", level=3)
        if not found:
            section.parts.append(
                f"Not run: denomae-train study --data {data} --fairness {fairness}."
            )
        if left.get((data, fairness)):
            section.parts.append(f"Not run: {', '.join(left[data, fairness])}.")
        for name, caption in CAPTIONS.items() if found else ():
            path = folder / f"{data}-{fairness}-{name}.png"
            if getattr(drawings, f"draw_{name}")(found, path) is not False:
                section.parts.append(Picture(path, f"{title}, {fairness}: {caption}."))
        sections.append(section)
    return sections


def _has(studies: Studies, data: str) -> bool:
    return any((data, fairness) in studies for fairness in FAIRNESS)
