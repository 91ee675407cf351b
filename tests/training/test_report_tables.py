# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables of a report: their numbers are those of the results, and what is absent is said."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import numpy as np
import pytest
from report_examples import example, limit_at, scores, several

from denomae.errors import DenomaeError
from denomae_training.cli import main
from denomae_training.report.markdown import fill
from denomae_training.report.plan import Planned, write_plan
from denomae_training.report.result import write_result
from denomae_training.report.summary import RANGES, groups
from denomae_training.report.table import Table, to_csv, to_html, to_markdown
from denomae_training.report.tables import all_tables
from denomae_training.report.write import tables_of


def _by_hand(runs, low, high):
    """Mean and deviation over runs, straight from the JSON's numbers."""
    means = [
        np.mean([r["accuracy"] for r in run.scores["rows"] if low <= r["snr_db"] <= high])
        for run in runs
    ]
    return 100 * np.mean(means), 100 * np.std(means, ddof=1)


@pytest.fixture(scope="module")
def results():
    return several()


def test_the_main_table_says_what_the_results_say(results):
    lines = to_markdown(all_tables(results, [])["main"]).splitlines()
    row = next(line for line in lines if line.startswith("| DenoMAE | image + signal "))
    runs = [r for r in results if r.method == "denomae" and r.parts == ("main",)]
    wanted = [_by_hand(runs, *ends) for ends in RANGES.values()]
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[2] == "3"
    assert cells[3:] == [f"{mean:.1f} ± {spread:.1f}" for mean, spread in wanted]


def test_the_limit_and_the_distance_to_it_are_means_over_the_same_snrs(results):
    found = all_tables(results, [])
    grid = {name: [s for s in range(-20, 21, 2) if low <= s <= high]
            for name, (low, high) in RANGES.items()}  # fmt: skip
    limits = [100 * np.mean([limit_at(s) for s in inside]) for inside in grid.values()]
    assert [cell.value for cell in found["main"].rows[-1][3:]] == pytest.approx(limits)
    for row, far in zip(found["main"].rows, found["distance"].rows, strict=False):
        assert row[:3] == far[:3]
        for limit, mean, distance in zip(limits, row[3:], far[3:], strict=True):
            assert distance.value == pytest.approx(limit - mean.value)


def test_csv_holds_every_number_of_the_json(results):
    text = to_csv(all_tables(results, [])["by-snr"])
    rows = list(csv.DictReader(io.StringIO(text)))
    wanted = {(r.id, row["snr_db"]): row for r in results for row in r.scores.get("rows", [])}
    assert len(rows) == len(wanted) > 100
    for row in rows:
        given = wanted[row["id"], float(row["SNR (dB)"])]
        assert int(row["right"]) == given["right"] and int(row["frames"]) == given["frames"]
        assert float(row["accuracy (%)"]) == pytest.approx(100 * given["accuracy"], rel=1e-5)
        assert float(row["limit (%)"]) == pytest.approx(100 * given["limit"], rel=1e-5)


def test_runs_are_taken_together_only_if_all_but_the_seed_is_alike():
    one, two = example("a"), example("b", seed=2)
    slower = replace(two, pretraining=replace(two.pretraining, seconds=9.0, frames_per_s=1.0))
    assert len(groups([one, slower])) == 1
    longer = replace(two, pretraining=replace(two.pretraining, epochs=99.0))
    fewer = replace(two, finetuning=replace(two.finetuning, labels=10))
    assert [len(groups([one, other])) for other in (longer, fewer)] == [2, 2]


def test_only_snrs_that_all_seeds_have_count():
    one, two = example("a"), example("b", seed=2, middle_db=0.0)
    half = replace(two, scores={"rows": two.scores["rows"][::2]})
    (group,) = groups([one, half])
    assert [p.snr_db for p in group.points] == list(range(-20, 21, 4))


def test_a_row_without_a_limit_has_no_distance():
    result = example()
    rows = [row | {"limit": None} for row in result.scores["rows"]]
    (group,) = groups([replace(result, scores={"rows": rows})])
    assert group.distance(-6, 10) is None and group.limit(-6, 10) is None
    assert len(all_tables([replace(result, scores={"rows": rows})], [])["main"].rows) == 1


def test_a_range_without_its_whole_limit_takes_nothing_from_the_others():
    result = example()
    rows = [row | ({"limit": None} if row["snr_db"] > 12 else {}) for row in result.scores["rows"]]
    found = all_tables([replace(result, scores={"rows": rows})], [])
    limit = found["main"].rows[-1]
    assert limit[0] == "limit" and limit[-1] is None and found["distance"].rows[0][-1] is None
    inside = [limit_at(s) for s in range(-6, 11, 2)]
    assert limit[-2].value == pytest.approx(100 * np.mean(inside))


def test_lines_of_what_was_varied_keep_what_they_are_compared_with(results):
    found = all_tables([*results, example("sc", "scratch", "from scratch", 0, parts=("scaling",))],
                       [])["scaling"]  # fmt: skip
    assert [row[2] for row in found.rows] == [1000, 10_000, 20_000, None, None]
    assert [row[0] for row in found.rows] == ["DenoMAE"] * 3 + ["from scratch", "limit"]


def test_one_point_of_a_line_is_no_line():
    assert all_tables([example(parts=("labels",))], [])["labels"].rows == ()


def test_conditions_of_the_noise_stand_one_under_the_other():
    reports = {"true": scores(-6), "zero": scores(-1), "absent": scores(0)}
    result = example(parts=("noise",), scores=reports["true"] | {"conditions": reports})
    found = all_tables([result], [])["noise"]
    assert [row[0] for row in found.rows] == [
        "DenoMAE: true", "DenoMAE: zero", "DenoMAE: absent", "limit"
    ]  # fmt: skip
    zero = np.mean([r["accuracy"] for r in reports["zero"]["rows"] if -6 <= r["snr_db"] <= 10])
    assert found.rows[1][5].value == pytest.approx(100 * zero)


def test_merged_scores_stand_beside_their_own_limit():
    result = example()
    rows = [row | {"merged": (row["right"] // 2) / row["frames"], "merged_limit": 0.5}
            for row in result.scores["rows"]]  # fmt: skip
    found = all_tables([replace(result, scores={"rows": rows})], [])
    assert found["merged"].rows[-1][-1].value == pytest.approx(50)
    wanted = 100 * np.mean([row["merged"] for row in rows])
    assert found["merged"].rows[0][-1].value == pytest.approx(wanted)


def test_what_was_not_run_is_listed(results):
    planned = [
        Planned("denomae-s1-both", "DenoMAE", "denomae10", "nano", ("main",), "cpu"),
        Planned("mask0-s1", "DenoMAE, 0 % masked", "denomae10", "nano", ("masks",), "cpu"),
        Planned("mask0-s2", "DenoMAE, 0 % masked", "denomae10", "nano", ("masks",), "cpu"),
    ]
    found = all_tables(results, planned)["not-run"]
    assert found.rows == (
        ("DenoMAE, 0 % masked", "masked share", "cpu", "mask0-s1, mask0-s2"),
        ("all of it", "what the noise modality is worth", None, None),
    )


def test_what_is_the_same_for_all_runs_is_said_once():
    one, two = example("a"), example("b", threads=2)
    found = all_tables([one, two], [])["runs"]
    assert found.columns[-1] == "threads" and [row[-1] for row in found.rows] == [1, 2]
    assert found.note == "Of all: hardware 2 cores; commit 0000000000; versions torch 2.15.0."
    assert found.rows[0][:5] == ("a", 10_000, 20.0, 10.0, 333.0)
    changed = all_tables([replace(one, commit="1" * 40 + "+changes")], [])["runs"]
    assert "commit 1111111111+changes;" in changed.note


def test_denoising_shows_classes_together_and_keeps_each_for_itself(results):
    found = all_tables(results, [])
    assert found["denoising"].columns == (
        "run", "seed", "SNR (dB)", "classes", "frames", "gain (dB)", "Wiener gain (dB)",
        "image SSIM",
    )  # fmt: skip
    assert {row[3] for row in found["denoising"].rows} == {"linear", "all"}
    assert {row[3] for row in found["denoising-classes"].rows} == {"linear", "all", "ook"}
    assert found["denoising"].rows[0][5:7] == (9.0, 8.0)


def test_what_lies_above_the_limit_is_said():
    result = example()
    said = replace(result, scores=result.scores | {"violations": ["at 0 dB too good"]})
    assert all_tables([said], [])["violations"].rows == ((result.id, "at 0 dB too good"),)


def test_who_is_given_the_true_noise_may_pass_the_limit():
    reports = {name: scores(0) | {"violations": [f"{name} too good"]} for name in ("true", "zero")}
    result = example(parts=("noise",), scores=reports["true"] | {"conditions": reports})
    found = all_tables([result], [])
    assert found["violations"].rows == ((f"{result.id} zero", "zero too good"),)
    assert "does not bound it" in found["noise"].note


def test_cells_cannot_break_a_table():
    table = Table("t", "a < b", ("x|y", "n"), (("<b>|", -0.04),), "5 < 6")
    assert to_markdown(table).splitlines()[2] == "| <b>\\| | 0.0 |"
    assert "<td>&lt;b&gt;|</td><td class=n>0.0</td>" in to_html(table)


PAGE = """# Results
before
<!-- table: main denomae10-nano -->
old
<!-- end -->
between
<!-- table: masks denomae10-nano -->
<!-- end -->
<!-- table: main paper10-nano -->
<!-- end -->
after
"""


def test_a_page_gets_its_tables_and_keeps_its_prose(results):
    tables = tables_of(results, [])
    page = fill(PAGE, tables, "page.md")
    assert "old" not in page and to_markdown(tables["denomae10-nano"]["main"]) in page
    assert [line for line in PAGE.splitlines() if line and line != "old"] == [
        line for line in page.splitlines()
        if line in PAGE.splitlines() and line and line != "old"
    ]  # fmt: skip
    assert page.count("\nNot run.\n") == 1 and "\nNot run: paper10-nano.\n" in page
    assert fill(page, tables, "page.md") == page, "a second time changes nothing"


@pytest.mark.parametrize(
    "page, said",
    [
        ("<!-- table: main -->\nno end", "page.md, line 1: found a table's mark, wanted '<!-- end"),
        ("<!-- table: main -->\n<!-- table: labels -->\n<!-- end -->", "page.md, line 1: found"),
        ("\n<!-- table: mian -->\n<!-- end -->", "line 2: found a table 'mian', wanted one of"),
    ],
)
def test_a_wrong_mark_is_named_by_its_line(results, page, said):
    with pytest.raises(DenomaeError, match=said):
        fill(page, tables_of(results, []), "page.md")


def test_a_table_of_no_set_needs_there_to_be_but_one(results):
    mark = "<!-- table: main -->\n<!-- end -->"
    assert "| DenoMAE |" in fill(mark, tables_of(results, []), "page.md")
    more = [*results, example("p", recipe="paper10")]
    with pytest.raises(DenomaeError, match=r"wanted one of \['denomae10-nano', 'paper10-nano'\]"):
        fill(mark, tables_of(more, []), "page.md")


def test_the_command_fills_a_page(tmp_path, capsys, results):
    for result in results:
        write_result(tmp_path / "results", result)
    write_plan(tmp_path / "results", [Planned("x", "X", "denomae10", "nano", ("main",), "full")])
    page = tmp_path / "results.md"
    page.write_text(PAGE + "<!-- table: not-run denomae10-nano -->\n<!-- end -->\n")
    command = ["report", "--results", str(tmp_path / "results"), "--markdown", str(page)]
    assert main(command) == 0
    assert "| X | methods side by side | full | x |" in page.read_text()
    assert main(command) == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"{page}: as it was"
    assert main(command[:-2]) == 2
    assert "neither --output nor --markdown" in capsys.readouterr().err
