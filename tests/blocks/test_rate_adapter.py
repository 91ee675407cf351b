# SPDX-License-Identifier: GPL-3.0-or-later
"""A signal of any rate and place comes out centred and at the bandwidth that was asked for, and
labels behind the adapter speak of the stream before it."""

from __future__ import annotations

import numpy as np
import pmt
import pytest
import sigmf
from classifier_bench import Collector, noise
from gnuradio import blocks, denomae, gr
from scipy.signal import firwin, upfirdn, welch

from denomae.captures import open_capture

pytestmark = pytest.mark.timeout(120)

INTERVAL = 8192
N = 1024


def qpsk_at(t, sps: float, shift: float = 0.0, seed: int = 1):
    """Band-limited QPSK of power 1 at any times `t` in samples."""
    up = 32  # points a symbol, between which lines are drawn
    symbols = np.random.default_rng(seed).choice([1, -1, 1j, -1j], int(t[-1] / sps) + 60)
    pulse = firwin(24 * up + 1, 1.2 / up)  # two-sided bandwidth of 1.2 symbol rates
    fine = upfirdn(pulse, symbols.astype(complex), up)
    fine /= np.sqrt(np.mean(np.abs(fine) ** 2))
    at = (25 + np.asarray(t) / sps) * up
    grid = np.arange(len(fine))
    signal = np.interp(at, grid, fine.real) + 1j * np.interp(at, grid, fine.imag)
    return signal * np.exp(2j * np.pi * shift * np.asarray(t))


def shaped(sps: float, count: int, shift: float = 0.0, snr_db: float = 20.0):
    """That signal in white noise of power 1."""
    rng = np.random.default_rng(2)
    white = (rng.standard_normal(count) + 1j * rng.standard_normal(count)) / np.sqrt(2)
    signal = qpsk_at(np.arange(count), sps, shift)
    return (10 ** (snr_db / 20) * signal + white).astype(np.complex64)


def adapted(samples, tags=(), chunk: int = 0, **parameters):
    """Samples and tags that come out."""
    flowgraph = gr.top_block()
    source = blocks.vector_source_c(samples, False, 1, list(tags))
    if chunk:
        source.set_max_noutput_items(chunk)
    adapter = denomae.rate_adapter(interval=INTERVAL, **parameters)
    sink = blocks.vector_sink_c()
    flowgraph.connect(source, adapter, sink)
    flowgraph.run()
    return np.array(sink.data(), np.complex64), sink.tags(), adapter


def mappings(tags) -> list[tuple[int, float, float, int]]:
    """(offset, ratio, shift, origin) of each mapping."""
    found = []
    for tag in tags:
        if pmt.symbol_to_string(tag.key) == "denomae_band":
            value = pmt.to_python(tag.value)
            found.append((tag.offset, value["ratio"], value["shift"], value["origin"]))
    return found


def occupied(samples) -> tuple[float, float]:
    """Centre and 90 % bandwidth of what stands out of the noise, by SciPy's periodogram."""
    f, power = welch(samples, nperseg=1024, return_onesided=False)
    order = np.argsort(f)
    f, power = f[order], power[order]
    power = np.clip(power - 3 * np.median(power[np.abs(f) > 0.35]), 0, None)
    share = np.cumsum(power) / power.sum()
    low, high = np.interp([0.05, 0.95], share, f)
    return (low + high) / 2, high - low


@pytest.mark.parametrize(
    ("sps", "shift"), [(64, 0.31), (40, -0.2), (16, 0.1), (8, 0.0), (8, -0.12), (3, 0.05)]
)
def test_a_signal_of_any_rate_and_place_comes_out_centred_and_as_wide_as_asked(sps, shift):
    out, tags, adapter = adapted(shaped(sps, 20 * INTERVAL, shift))
    assert adapter.changes() == 1
    (first, last) = mappings(tags)
    assert first == (0, 1.0, 0.0, 0) and last[0] == 0 and last[3] == 0
    assert abs(last[2] - shift) < 0.03 / sps
    assert (adapter.ratio(), adapter.shift()) == last[1:3]
    assert len(out) == pytest.approx(20 * INTERVAL * last[1], abs=100)
    center, bandwidth = occupied(out)
    assert abs(center) < 0.01
    assert bandwidth == pytest.approx(0.12, rel=0.1)


def test_noise_alone_passes_as_it_is():
    samples = noise(10 * INTERVAL)
    out, tags, adapter = adapted(samples)
    assert adapter.changes() == 0 and mappings(tags) == [(0, 1.0, 0.0, 0)]
    np.testing.assert_allclose(out, samples[: len(out)], atol=1e-5)
    assert len(samples) - len(out) < 64  # what the filter still waits for


def test_chunks_of_any_size_give_the_same_samples_and_tags():
    samples = np.concatenate([shaped(20, 5 * INTERVAL, 0.1), shaped(10, 5 * INTERVAL, -0.2)])
    whole, tags, _ = adapted(samples)
    for chunk in (7, 1000):
        out, others, _ = adapted(samples, chunk=chunk)
        np.testing.assert_array_equal(out, whole)
        assert mappings(others) == mappings(tags)
    assert len(mappings(tags)) == 3


@pytest.mark.parametrize(("sps", "shift"), [(50, 0.31), (20, 0.1), (4, -0.05)])
def test_each_sample_is_the_signal_at_the_place_that_the_tag_tells(sps, shift):
    out, tags, _ = adapted(shaped(sps, 12 * INTERVAL, shift, snr_db=60))
    (_, (begin, ratio, moved, origin)) = mappings(tags)
    m = np.arange(200, len(out) - begin)
    t = origin + m / ratio
    wanted = 1000 * qpsk_at(t, sps, shift) * np.exp(-2j * np.pi * moved * (t - origin))
    error = np.mean(np.abs(out[begin + 200 :] - wanted) ** 2) / np.mean(np.abs(wanted) ** 2)
    assert 10 * np.log10(error) < -50


def test_tags_move_with_their_samples_and_keep_their_values():
    samples = shaped(20, 6 * INTERVAL, 0.1)
    places = [0, 1, 777, INTERVAL - 1, INTERVAL, 3 * INTERVAL + 5]
    sent = [
        gr.tag_utils.python_to_tag((place, pmt.intern("mark"), pmt.from_long(place)))
        for place in places
    ]
    _, tags, _ = adapted(samples, sent)
    (_, (begin, ratio, _, origin)) = mappings(tags)
    marks = [tag for tag in tags if pmt.symbol_to_string(tag.key) == "mark"]
    assert [pmt.to_long(tag.value) for tag in marks] == places
    for tag, place in zip(marks, places, strict=True):
        assert abs(origin + (tag.offset - begin) / ratio - place) <= 0.5 / ratio


def test_labels_behind_it_speak_of_the_stream_before_it(engine):
    samples = np.concatenate([shaped(32, 16 * INTERVAL, 0.1), shaped(16, 16 * INTERVAL, -0.2)])
    rate = 2e6
    tag = gr.tag_utils.python_to_tag(
        (0, pmt.intern("rx_time"), pmt.make_tuple(pmt.from_uint64(100), pmt.from_double(0.25)))
    )
    flowgraph = gr.top_block()
    source = blocks.vector_source_c(samples, False, 1, [tag])
    adapter = denomae.rate_adapter(interval=INTERVAL)
    classifier = denomae.classifier(engine=engine, policy="block", sample_rate=rate)
    collector = Collector()
    flowgraph.connect(source, adapter, classifier)
    sink = blocks.vector_sink_c()
    flowgraph.connect(adapter, sink)
    flowgraph.msg_connect(classifier, "labels", collector, "labels")
    flowgraph.run()
    told = mappings(sink.tags())
    assert len(told) == 3 and told[0][0] == told[1][0] == 0
    expected = []
    ends = [told[2][0], len(sink.data())]
    for (begin, ratio, _, origin), end in zip(told[1:], ends, strict=True):
        for frame in range((end - begin) // N):
            expected.append((origin + round(frame * N / ratio), round(N / ratio)))
    labels = collector.labels
    assert [(label.sample_offset, label.sample_count) for label in labels] == expected
    assert len(labels) > 40
    for label in labels:
        assert label.sample_rate_hz == rate
        seconds = float(label.time[17:19].lstrip("0") or 0) + float("0" + label.time[19:-1])
        assert (seconds - 40.25) % 60 == pytest.approx(label.sample_offset / rate, abs=1e-9)


def test_what_a_recorder_of_the_stream_before_it_is_told_lies_on_the_right_samples(
    tmp_path, engine
):
    begin, end = 10 * INTERVAL, 30 * INTERVAL
    samples = shaped(48, 40 * INTERVAL, 0.1, -300)
    samples[begin:end] += 10 * qpsk_at(np.arange(begin, end), 48, 0.1).astype(np.complex64)
    flowgraph = gr.top_block()
    source = blocks.vector_source_c(samples)
    adapter = denomae.rate_adapter(interval=INTERVAL)
    classifier = denomae.classifier(engine=engine, policy="block", gate_db=10, hysteresis_db=0)
    recorder = denomae.sigmf_recorder(str(tmp_path), sample_rate=1e6)
    flowgraph.connect(source, adapter, classifier)
    flowgraph.connect(source, recorder)
    flowgraph.msg_connect(classifier, "labels", recorder, "labels")
    flowgraph.run()
    (path,) = tmp_path.glob("*.sigmf-meta")
    sigmf.fromfile(str(path)).validate()
    with open_capture(path) as capture:
        assert (capture.read(0, capture.sample_count) == samples).all()
        marks = [(mark.sample_start, mark.sample_stop) for mark in capture.annotations]
    longest = max(stop - start for start, stop in marks)
    assert longest > 4 * N  # these are frames of a narrower band
    assert all(begin - longest < start and stop < end + longest for start, stop in marks)
    inside = [(start, stop) for start, stop in marks if begin <= start and stop <= end]
    covered = sum(stop - start for start, stop in inside)
    assert covered > 0.6 * (end - begin)
    for start, stop in inside:  # 20 dB, where noise has 0
        assert 15 < 10 * np.log10(np.mean(np.abs(samples[start:stop]) ** 2)) < 25


def test_a_mapping_that_stays_is_not_measured_anew():
    samples = np.concatenate([shaped(20, 4 * INTERVAL, 0.1), shaped(5, 4 * INTERVAL, -0.2)])
    flowgraph = gr.top_block()
    adapter = denomae.rate_adapter(interval=INTERVAL, adapting=False)
    sink = blocks.vector_sink_c()
    flowgraph.connect(blocks.vector_source_c(samples), adapter, sink)
    flowgraph.run()
    assert mappings(sink.tags()) == [(0, 1.0, 0.0, 0)] and adapter.changes() == 0


def test_samples_that_are_no_numbers_change_nothing():
    samples = shaped(20, 8 * INTERVAL, 0.1)
    samples[3 * INTERVAL + 5] = np.nan
    out, tags, adapter = adapted(samples)
    assert adapter.changes() == 1 and np.isfinite(out[-INTERVAL // 4 :]).all()


def test_each_run_begins_afresh():
    samples = shaped(20, 4 * INTERVAL, 0.1)
    flowgraph = gr.top_block()
    source = blocks.vector_source_c(samples)
    adapter = denomae.rate_adapter(interval=INTERVAL)
    sink = blocks.vector_sink_c()
    flowgraph.connect(source, adapter, sink)
    runs = []
    for _ in range(3):
        source.rewind()
        sink.reset()
        flowgraph.run()
        runs.append((np.array(sink.data()), mappings(sink.tags())))
    for out, told in runs[1:]:
        np.testing.assert_array_equal(out, runs[0][0])
        assert told == runs[0][1]


@pytest.mark.parametrize(
    ("parameter", "value"),
    [("target_bandwidth", 0.0), ("target_bandwidth", 0.9), ("interval", 100), ("interval", 2**23)],
)
def test_parameters_out_of_range_are_refused(parameter, value):
    with pytest.raises(ValueError, match=f"{parameter} is .*, wanted "):
        denomae.rate_adapter(**{parameter: value})
