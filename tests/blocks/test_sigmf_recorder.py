# SPDX-License-Identifier: GPL-3.0-or-later
"""What the recorder records of a stream, and which labels stand beside it."""

from __future__ import annotations

import pmt
import pytest
from classifier_bench import eventually, noise, rx_time, tag
from gnuradio import blocks, denomae, gr
from gnuradio.denomae.pdu import label_to_pdu
from recorder_bench import RATE, Flowgraph, written

from denomae.rfc3339 import advance

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def frame(label_factory):
    """A label of 1,000 samples at an offset."""

    def make(offset, label="qpsk", verdict="known", **values):
        return label_factory(
            label=label,
            verdict=verdict,
            sample_offset=offset,
            **{"sample_count": 1000, "sample_rate_hz": RATE, **values},
        )

    return make


def test_everything_is_recorded_in_files_that_follow_each_other_without_a_gap(tmp_path, frame):
    flowgraph = Flowgraph(tmp_path, 250_000, max_file_s=0.1)
    labels = [frame(offset) for offset in range(0, 250_000, 1000)]
    counters = flowgraph.record(*labels)
    files = written(tmp_path)
    assert [file.range for file in files] == [(0, 100_000), (100_000, 200_000), (200_000, 250_000)]
    assert [file.segments[0].global_index for file in files] == [0, 100_000, 200_000]
    marked = [mark for file in files for mark in file.marked()]
    assert marked == [("qpsk", at, at + 1000) for at in range(0, 250_000, 1000)]
    assert counters == {
        "recorded_samples": 250_000,
        "dropped_samples": 0,
        "files": 3,
        "annotations": 250,
        "refused": 0,
        "missed": 0,
        "failures": 0,
    }


def test_a_file_of_so_many_megabytes_is_full(tmp_path):
    counters = Flowgraph(tmp_path, 100_000, max_file_mb=0.32).record()
    assert [len(file.samples) for file in written(tmp_path)] == [40_000, 40_000, 20_000]
    assert counters["recorded_samples"] == 100_000


def test_unknown_frames_are_recorded_with_what_lies_around_them(tmp_path, frame):
    flowgraph = Flowgraph(
        tmp_path, 400_000, trigger="unknown", pre_trigger_s=0.01, post_trigger_s=0.02
    )
    unknown = (50_000, 75_000, 300_000)  # the second lies behind the first, no more than that
    labels = [
        frame(at, verdict="unknown" if at in unknown else "known", confidence=0.25)
        for at in range(0, 400_000, 5000)
    ]
    counters = flowgraph.record(*labels)
    first, second = written(tmp_path)
    assert (first.range, second.range) == ((40_000, 96_000), (290_000, 321_000))
    assert first.marked() == [
        ("unknown" if at in unknown else "qpsk", at, at + 1000)
        for at in range(40_000, 96_000, 5000)
    ]
    assert counters["annotations"] == 12 + 7 and counters["missed"] == 0
    mark = first.meta["annotations"][2]
    assert (mark["denomae:confidence"], mark["denomae:verdict"]) == (0.25, "unknown")
    assert mark["denomae:snr_db"] == 12.5


@pytest.mark.parametrize(
    "parameters, wanted",
    [
        ({"trigger": "class", "trigger_class": "fm, bpsk"}, [20_000, 80_000]),
        ({"trigger": "class", "trigger_class": "unknown"}, [50_000]),
        ({"trigger": "confidence", "trigger_confidence": 0.6}, [50_000, 80_000]),
    ],
)
def test_labels_of_a_class_or_without_confidence_are_reason_to_record(
    tmp_path, frame, parameters, wanted
):
    flowgraph = Flowgraph(tmp_path, 100_000, pre_trigger_s=0, post_trigger_s=0, **parameters)
    flowgraph.record(
        frame(0, "qpsk", confidence=0.7),
        frame(20_000, "bpsk", confidence=0.6),
        frame(50_000, "bpsk", "unknown", confidence=0.4),
        frame(80_000, "fm", confidence=0.5),
    )
    assert [file.range for file in written(tmp_path)] == [(at, at + 1000) for at in wanted]


def test_a_frame_over_the_end_of_a_file_is_annotated_where_it_begins(tmp_path, frame):
    Flowgraph(tmp_path, 30_000, max_file_s=0.0105).record(*map(frame, range(0, 30_000, 1000)))
    first, second, third = written(tmp_path)
    assert first.marked()[-1] == ("qpsk", 10_000, 10_500)
    assert second.marked()[0] == ("qpsk", 11_000, 12_000)
    assert third.marked()[-1] == ("qpsk", 29_000, 30_000)


def test_tags_make_segments_and_a_changed_rate_another_file(tmp_path):
    tags = [
        tag(0, "rx_time", rx_time(1_700_000_000, 0.25)),
        tag(0, "rx_rate", pmt.from_double(1e6)),
        tag(0, "rx_freq", pmt.from_double(100e6)),
        tag(10_000, "rx_freq", pmt.from_double(101e6)),
        tag(20_000, "rx_time", rx_time(1_700_000_000, 0.27)),  # as counted: no news
        tag(30_000, "rx_time", rx_time(1_700_000_009, 0.5)),
        tag(40_000, "rx_rate", pmt.from_double(2e6)),
    ]
    Flowgraph(tmp_path, 50_000, tags, sample_rate=0, buffer_s=1.0).record()
    first, second = written(tmp_path)
    began = "2023-11-14T22:13:20.250000000Z"
    assert [
        (s.sample_start, s.global_index, s.center_frequency_hz, s.time) for s in first.segments
    ] == [
        (0, 0, 100e6, began),
        (10_000, 10_000, 101e6, advance(began, 10_000, 1e6)),
        (30_000, 30_000, 101e6, "2023-11-14T22:13:29.500000000Z"),
    ]
    assert (first.range, second.range) == ((0, 40_000), (40_000, 50_000))
    rates = [file.meta["global"]["core:sample_rate"] for file in (first, second)]
    assert rates == [1e6, 2e6] and second.segments[0].center_frequency_hz == 101e6
    assert first.path.name.startswith("denomae_20231114T221320Z_")


def test_what_the_user_says_wins_over_tags(tmp_path):
    tags = [tag(0, "rx_rate", pmt.from_double(5.0)), tag(9, "rx_freq", pmt.from_double(1.0))]
    Flowgraph(tmp_path, 10_000, tags, center_frequency=433e6).record()
    (file,) = written(tmp_path)
    assert file.meta["global"]["core:sample_rate"] == RATE
    assert [segment.center_frequency_hz for segment in file.segments] == [433e6]


def test_recording_is_switched_off_and_on_while_the_stream_runs(tmp_path):
    flowgraph = Flowgraph(tmp_path, 600_000, pace_hz=1e6)
    recorder = flowgraph.recorder
    files = recorder._recorder._recordings
    flowgraph.start()
    assert eventually(lambda: recorder.counters()["recorded_samples"] > 0)
    recorder.set_record(False)
    assert eventually(lambda: not files.is_recording)
    recorder.set_record(True)
    assert eventually(lambda: recorder.counters()["files"] == 2)
    recorder.set_center_frequency(7e6)
    flowgraph.end()
    first, second = written(tmp_path)
    assert first.range[0] == 0 and first.range[1] <= second.range[0]
    assert second.range[1] == 600_000
    assert second.segments[-1].center_frequency_hz == 7e6


def test_messages_that_are_no_labels_are_reported_once_a_kind_and_skipped(tmp_path, frame, capfd):
    bare = pmt.cons(
        pmt.dict_add(pmt.make_dict(), pmt.intern("schema"), pmt.intern("denomae.label/9")),
        pmt.init_f32vector(1, [1.0]),
    )
    flowgraph = Flowgraph(tmp_path, 10_000)
    counters = flowgraph.record(*[pmt.intern("hello"), pmt.PMT_NIL, bare] * 3, frame(2000))
    assert counters["refused"] == 9 and counters["annotations"] == 1
    log = "".join(capfd.readouterr())
    assert log.count("others like it") == 3 and "denomae.label/9" in log and "hello" in log


def test_a_label_that_comes_when_its_samples_are_gone_is_counted(tmp_path, frame):
    flowgraph = Flowgraph(tmp_path, 500_000, trigger="unknown", buffer_s=0.11)
    flowgraph.source.rewind()
    flowgraph.start()
    assert eventually(lambda: flowgraph.recorder._sink.head() == 500_000)
    flowgraph.say(frame(1000, verdict="unknown"))
    flowgraph.say(frame(10**12, verdict="unknown"))  # of another stream
    flowgraph.say(frame(490_000, verdict="unknown"))
    counters = flowgraph.end()
    assert counters["missed"] == 2 and counters["annotations"] == 1
    assert written(tmp_path)[-1].range == (390_000, 500_000)


def test_every_label_of_a_finite_stream_is_on_disk_when_the_flowgraph_has_ended(tmp_path, engine):
    flowgraph = gr.top_block()
    source = blocks.vector_source_c(noise(40 * 1024), False)
    classifier = denomae.classifier(engine=engine, policy="block", sample_rate=RATE)
    recorder = denomae.sigmf_recorder(str(tmp_path), sample_rate=RATE)
    flowgraph.connect(source, classifier)
    flowgraph.connect(source, recorder)
    flowgraph.msg_connect(classifier, "labels", recorder, "labels")
    flowgraph.run()
    (file,) = written(tmp_path)
    assert [(m.sample_start, m.sample_count) for m in file.annotations] == [
        (at, 1024) for at in range(0, 40 * 1024, 1024)
    ]
    assert (file.samples == noise(40 * 1024)).all()


def test_the_stream_alone_is_enough(tmp_path):
    flowgraph = gr.top_block()
    source = blocks.vector_source_c(noise(5000), False)
    recorder = denomae.sigmf_recorder(str(tmp_path / "new" / "folder"))
    flowgraph.connect(source, recorder)
    flowgraph.run()
    (file,) = written(tmp_path / "new" / "folder")
    assert (file.samples == noise(5000)).all() and "core:sample_rate" not in file.meta["global"]


def test_a_label_left_from_the_run_before_is_not_one_of_this_run(tmp_path, frame):
    flowgraph = Flowgraph(tmp_path, 10_000)
    flowgraph.record()
    flowgraph.recorder._inlet._post(pmt.intern("labels"), label_to_pdu(frame(0)))
    assert flowgraph.record(frame(1000))["annotations"] == 1
