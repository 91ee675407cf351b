# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as one HTML file that needs nothing else: pictures lie inside it."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from denomae_training.report.table import Table, to_html

STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, "DejaVu Sans", sans-serif; color: #1a1a1a; background: #fff;
       max-width: 62rem; margin: 2rem auto; padding: 0 1.2rem; }
h1 { font-size: 1.7rem; margin: 0 0 .3rem; }
h2 { font-size: 1.25rem; margin: 2.4rem 0 .6rem; border-bottom: 1px solid #bbb; }
h3 { font-size: 1.02rem; margin: 1.6rem 0 .4rem; }
nav a { margin-right: 1rem; } a { color: #0b5394; }
figure { margin: 1rem 0 1.6rem; } img { max-width: 100%; height: auto; }
figcaption, .note { color: #555; font-size: .88rem; margin-top: .3rem; }
.wide { overflow-x: auto; margin: 1rem 0 1.6rem; }
table { border-collapse: collapse; font-size: .9rem; }
caption { text-align: left; font-weight: 600; padding-bottom: .35rem; }
th, td { padding: .22rem .7rem .22rem 0; text-align: left; white-space: nowrap; }
th { border-bottom: 2px solid #444; vertical-align: bottom; } td { border-bottom: 1px solid #ddd; }
.n { text-align: right; font-variant-numeric: tabular-nums; }
@media print {
  body { font-size: 10pt; max-width: none; margin: 0; padding: 0; } nav { display: none; }
  figure, table, h2, h3 { break-inside: avoid; } h2, h3 { break-after: avoid; }
  .wide { overflow: visible; } table { font-size: 7.5pt; } th, td { padding-right: .4rem; }
}
"""


@dataclass(frozen=True)
class Picture:
    """A PNG and the line below it, which also says it to those who cannot see it."""

    path: Path
    caption: str


@dataclass
class Section:
    """A part of the page, in the order in which things are put into it."""

    title: str
    parts: list[Table | Picture | str] = field(default_factory=list)
    level: int = 2


def page(title: str, lead: str, sections: Sequence[Section]) -> str:
    """The whole HTML document.

    Args:
        title: of the page.
        lead: a sentence below it.
        sections: those without parts are left out; strings among the parts are paragraphs.
    """
    shown = [section for section in sections if section.parts]
    links = "".join(
        f'<a href="#s{number}">{html.escape(section.title)}</a>\n'
        for number, section in enumerate(shown)
        if section.level == 2
    )
    body = "\n".join(_section(number, section) for number, section in enumerate(shown))
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{html.escape(title)}</h1>\n<p>{html.escape(lead)}</p>\n<nav>\n{links}</nav>\n"
        f"{body}\n</body>\n</html>\n"
    )


def _section(number: int, section: Section) -> str:
    tag = f"h{section.level}"
    heading = f'<{tag} id="s{number}">{html.escape(section.title)}</{tag}>'
    return "\n".join([heading, *(_part(part) for part in section.parts)])


def _part(part: Table | Picture | str) -> str:
    if isinstance(part, Table):
        return f"<div class=wide>\n{to_html(part)}\n</div>"
    if isinstance(part, str):
        return f"<p>{html.escape(part)}</p>"
    data = base64.b64encode(part.path.read_bytes()).decode("ascii")
    caption = html.escape(part.caption)
    return (
        f'<figure>\n<img alt="{caption}" src="data:image/png;base64,{data}">\n'
        f"<figcaption>{caption}</figcaption>\n</figure>"
    )
