# SPDX-License-Identifier: GPL-3.0-or-later
"""Results as files: what is written is read, and what is broken is refused in a sentence."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from report_examples import example, several

from denomae.errors import DenomaeError
from denomae_training.report.result import read_results, write_result


def test_what_is_written_is_read_from_folders_below_too(tmp_path):
    results = several()
    for result in results:
        write_result(tmp_path / f"{result.recipe}-{result.preset}", result)
    (tmp_path / "other.json").write_text('{"schema": "somebody.else/1"}')
    found = {result.id: result for result in read_results(tmp_path)}
    assert found == {result.id: result for result in results}


def test_rows_come_in_the_order_of_their_snr():
    result = example()
    shuffled = replace(result, scores={"rows": result.scores["rows"][::-1]})
    assert [row.snr_db for row in shuffled.rows] == list(range(-20, 21, 2))


@pytest.mark.parametrize(
    "change, said",
    [
        (lambda d: d.pop("seed"), "the field 'seed' is missing"),
        (lambda d: d.update(seed="one"), "seed: found str 'one', wanted int"),
        (lambda d: d.update(scores=[]), "scores: found list [], wanted an object"),
        (lambda d: d.update(colour="red"), "unknown field 'colour'"),
        (lambda d: d.update(parts=["mian"]), "parts: found 'mian', wanted some of"),
        (lambda d: d.update(schema="denomae.result/9"), "schema: found 'denomae.result/9'"),
        (lambda d: d.update(id="../up"), "id: found '../up'"),
        (lambda d: d.update(denoising=[{"gain": 1}]), "denoising[0]: snr_db: found None"),
        (lambda d: d["pretraining"].pop("frames"), "pretraining: the field 'frames' is missing"),
        (lambda d: d["scores"]["rows"][3].update(right=9999), "scores.rows[3]: found 9999 right"),
        (lambda d: d["scores"]["rows"][3].update(accuracy=0.99), "rows[3]: found accuracy 0.99"),
        (lambda d: d["scores"]["rows"][3].update(high=1.2), "rows[3]: found the interval"),
        (lambda d: d["scores"]["rows"][3].pop("low"), "rows[3]: the field 'low' is missing"),
        (lambda d: d["scores"]["rows"].append(7), "rows[21]: found int, wanted an object"),
    ],
)  # fmt: skip
def test_a_broken_result_is_refused_by_file_and_field(tmp_path, change, said):
    path = write_result(tmp_path, example())
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))
    with pytest.raises(DenomaeError) as error:
        read_results(tmp_path)
    assert str(path) in str(error.value) and said in str(error.value)


def test_half_a_file_is_refused_by_name(tmp_path):
    path = write_result(tmp_path, example())
    path.write_text(path.read_text()[:300])
    with pytest.raises(DenomaeError, match="is not JSON .* take it away and run that part again"):
        read_results(tmp_path)


def test_two_runs_of_one_name_are_refused(tmp_path):
    write_result(tmp_path / "one", example())
    write_result(tmp_path / "two", example())
    with pytest.raises(DenomaeError, match="two results 'denomae-s1-both' of denomae10-nano"):
        read_results(tmp_path)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DenomaeError, match="no folder .*nowhere"):
        read_results(tmp_path / "nowhere")


def test_a_result_that_cannot_be_is_never_written(tmp_path):
    with pytest.raises(DenomaeError, match="wanted some of"):
        write_result(tmp_path, example(parts=("mian",)))
    assert not list(tmp_path.iterdir())
