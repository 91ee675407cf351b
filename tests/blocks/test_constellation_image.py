# SPDX-License-Identifier: GPL-3.0-or-later
"""The block's images are the library's, at the places that their tags say."""

from __future__ import annotations

import numpy as np
import pmt
import pytest
import torch
from gnuradio import blocks, denomae, gr

from denomae.errors import DenomaeError
from denomae.modalities import unit_power
from denomae.raster import ImageSpec, constellation_image, constellation_image_by_windows

N = 256
SPEC = ImageSpec(20, 24, 2.0, (0.75, 1.5, 3.0), (3, 6, 10))
SIZE = SPEC.height * SPEC.width * 3


def made(**parameters):
    return denomae.constellation_image(
        **{
            "frame_length": N,
            "height": SPEC.height,
            "width": SPEC.width,
            "extent": SPEC.extent,
            **parameters,
        }
    )


def run(samples, block):
    """Images [B, H, W, 3] and the sample offsets of their tags, of a whole flowgraph."""
    flowgraph = gr.top_block()
    sink = blocks.vector_sink_b(SIZE)
    flowgraph.connect(blocks.vector_source_c(samples.tolist()), block, sink)
    flowgraph.run()
    images = np.array(sink.data(), np.uint8).reshape(-1, SPEC.height, SPEC.width, 3)
    tags = [tag for tag in sink.tags() if pmt.symbol_to_string(tag.key) == "sample_offset"]
    assert [tag.offset for tag in tags] == list(range(len(images)))
    return images, [pmt.to_uint64(tag.value) for tag in tags]


def expected(samples, offsets):
    """The library's raster as bytes, by its slow definition in torch."""
    frames = torch.from_numpy(np.stack([samples[at : at + N] for at in offsets]))
    drawn = constellation_image_by_windows(unit_power(frames), SPEC)
    return (255 * drawn).round().permute(0, 2, 3, 1).numpy()


@pytest.fixture
def samples(rng):
    signal = np.exp(0.5j * np.pi * rng.integers(0, 4, 6 * N + 100))
    noise = rng.standard_normal((2, len(signal)))
    return (3e-4 * (signal + 0.2 * (noise[0] + 1j * noise[1]))).astype(np.complex64)


@pytest.fixture
def rng():
    return np.random.default_rng(5)


@pytest.mark.parametrize("hop", [0, N, 100, 700])
def test_every_frame_is_drawn_as_the_library_draws_it(samples, hop):
    block = made(hop=hop)
    images, offsets = run(samples, block)
    assert offsets == list(range(0, len(samples) - N + 1, hop or N))
    frames = torch.from_numpy(np.stack([samples[at : at + N] for at in offsets]))
    library = (255 * constellation_image(unit_power(frames), SPEC)).round()
    assert np.array_equal(images, library.permute(0, 2, 3, 1).numpy())
    assert np.abs(images.astype(int) - expected(samples, offsets)).max() <= 1  # the definition
    assert block.counters() == {"images": len(images), "invalid": 0, "zeros": 0}


def test_row_0_is_the_largest_q_and_column_0_the_smallest_i():
    images, _ = run(np.full(N, -0.5 + 0.5j, np.complex64), made())
    row, column = np.unravel_index(images[0, :, :, 0].argmax(), (SPEC.height, SPEC.width))
    assert row < SPEC.height / 2 and column < SPEC.width / 2


def test_frames_that_cannot_be_drawn_are_counted_and_left_out(samples):
    samples[N + 3] = np.nan
    samples[2 * N + 3] = 1j * np.inf
    samples[4 * N : 5 * N] = 0
    block = made()
    images, offsets = run(samples, block)
    assert offsets == [0, 3 * N, 5 * N]
    assert np.abs(images.astype(int) - expected(samples, offsets)).max() <= 1
    assert block.counters() == {"images": 3, "invalid": 2, "zeros": 1}


def test_a_limit_leaves_frames_out_and_what_is_drawn_lies_where_its_tag_says(samples):
    samples = np.tile(samples, 20)
    block = made(hop=N, images_per_second=1e-3)
    images, offsets = run(samples, block)
    assert offsets == [0]  # the next would be a quarter of an hour later
    block.set_images_per_second(1e4)
    images, offsets = run(samples, block)
    assert offsets[0] == 0 and all(at % N == 0 for at in offsets)
    assert len(offsets) <= len(samples) // N
    assert np.abs(images.astype(int) - expected(samples, offsets)).max() <= 1


def test_a_display_finds_the_last_image_and_is_told_when_there_is_no_newer(samples):
    block = made()
    assert block.latest() == (0, None)
    images, _ = run(samples, block)
    number, latest = block.latest()
    assert number == len(images)
    assert np.array_equal(latest.reshape(images[-1].shape), images[-1])
    assert block.latest(number) == (number, None)


def test_it_counts_from_zero_again_in_another_run(samples):
    block = made()
    first, first_offsets = run(samples, block)
    again, offsets = run(samples, block)
    assert np.array_equal(first, again) and offsets == first_offsets
    assert block.counters()["images"] == len(again)


@pytest.mark.parametrize(
    "name, value",
    [
        ("frame_length", 0),
        ("frame_length", 2.5),
        ("hop", -1),
        ("height", 0),
        ("width", 10**6),
        ("extent", float("nan")),
        ("decay_px", (1.0, 2.0)),
        ("decay_px", (1.0, 2.0, "3")),
        ("half_size_px", (3, 6, 2000)),
        ("half_size_px", 3),
        ("images_per_second", -1),
        ("images_per_second", float("inf")),
    ],
)
def test_what_cannot_be_is_refused_by_name(name, value):
    with pytest.raises(DenomaeError, match=f"{name} is "):
        made(**{name: value})
