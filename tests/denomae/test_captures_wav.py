# SPDX-License-Identifier: GPL-3.0-or-later
"""WAV as SDR programs and receivers write it, and as somebody could make it to do harm."""

from __future__ import annotations

import json
import struct
import tracemalloc
import wave
from pathlib import Path

import numpy as np
import pytest
import sigmf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from denomae.captures import CaptureError, open_capture, write_annotated

ROOT = Path(__file__).resolve().parents[2]
AO73 = ROOT.parent / "shared" / "captures" / "ao73.wav"
RNG = np.random.default_rng(5)
NUMBERS = np.round(RNG.uniform(-1, 1, 400) * 2**23).astype(np.int64)  # I and Q in turn, 24 bits
GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")


def chunk(key: bytes, content: bytes, size: int | None = None) -> bytes:
    head = key + struct.pack("<I", len(content) if size is None else size)
    return head + content + b"\0" * (len(content) % 2)


def fmt(tag: int, bits: int, channels: int = 2, rate: int = 48000, **changes: int) -> bytes:
    frame = changes.get("frame_bytes", channels * bits // 8)
    return chunk(b"fmt ", struct.pack("<HHIIHH", tag, channels, rate, rate * frame, frame, bits))


def extensible(tag: int, bits: int) -> bytes:
    frame = 2 * bits // 8
    content = struct.pack("<HHIIHH", 0xFFFE, 2, 48000, 48000 * frame, frame, bits)
    content += struct.pack("<HHI", 22, bits, 3) + struct.pack("<H", tag) + GUID_TAIL
    return chunk(b"fmt ", content)


def riff(*chunks: bytes, magic: bytes = b"RIFF", size: int | None = None) -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return magic + struct.pack("<I", len(body) if size is None else size) + body


def stored(tag: int, bits: int) -> bytes:
    """NUMBERS in one of WAV's formats."""
    if tag == 3:
        return (NUMBERS / 2**23).astype(f"<f{bits // 8}").tobytes()
    if bits == 8:
        return ((NUMBERS >> 16) + 128).astype(np.uint8).tobytes()
    if bits == 24:
        return b"".join(int(n).to_bytes(3, "little", signed=True) for n in NUMBERS)
    return (NUMBERS << 8 >> (32 - bits)).astype(f"<i{bits // 8}").tobytes()


FORMATS = [(1, 8), (1, 16), (1, 24), (1, 32), (3, 32), (3, 64)]
WANTED = (NUMBERS / 2**23).astype(np.float32).view(np.complex64)


@pytest.mark.parametrize(("tag", "bits"), FORMATS)
@pytest.mark.parametrize("header", [fmt, extensible])
def test_two_channels_are_i_and_q_in_every_format(
    tmp_path: Path, tag: int, bits: int, header: object
) -> None:
    path = tmp_path / "a.wav"
    junk = chunk(b"JUNK", b"odd")
    path.write_bytes(riff(junk, header(tag, bits), chunk(b"data", stored(tag, bits)), junk))
    with open_capture(path) as capture:
        assert (capture.sample_rate_hz, capture.sample_count) == (48000.0, 200)
        assert capture.notes == () and capture.center_frequency_hz is None
        samples = capture.read(0, 200)
        np.testing.assert_array_equal(capture.read(7, 100), samples[7:107])
    tolerance = {8: 1.5 / 128, 16: 1 / 32768}.get(bits, 0)
    np.testing.assert_allclose(samples.view(np.float32), WANTED.view(np.float32), atol=tolerance)


@pytest.mark.parametrize(("tag", "bits"), FORMATS)
def test_one_channel_holds_real_samples(tmp_path: Path, tag: int, bits: int) -> None:
    path = tmp_path / "a.WAV"
    path.write_bytes(riff(fmt(tag, bits, channels=1), chunk(b"data", stored(tag, bits))))
    with open_capture(path) as capture:
        assert capture.datatype.real and capture.sample_count == 400
        samples = capture.read(0, 400)
        np.testing.assert_array_equal(capture.read(100, 50), samples[100:150])
    tolerance = {8: 1.5 / 128, 16: 1 / 32768}.get(bits, 0)
    np.testing.assert_allclose(samples.real, WANTED.view(np.float32), atol=tolerance)


@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_what_python_s_own_wave_module_writes_is_read(tmp_path: Path, width: int) -> None:
    path = tmp_path / "a.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(width)
        file.setframerate(96000)
        file.writeframes(stored(1, 8 * width))
    with open_capture(path) as capture:
        assert (capture.sample_rate_hz, capture.sample_count) == (96000.0, 200)
        np.testing.assert_allclose(capture.read(0, 200), WANTED, atol=2.2 / 128)


def test_24_bits_become_sigmf_without_a_loss(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(riff(fmt(1, 24), chunk(b"data", stored(1, 24))))
    with open_capture(path) as capture:
        meta = write_annotated(capture, tmp_path / "b", [])
        samples = capture.read(0, 200)
    assert json.loads(meta.read_text())["global"]["core:datatype"] == "ci32_le"
    np.testing.assert_array_equal(sigmf.fromfile(str(meta)).read_samples(), samples)
    with open_capture(meta) as capture:
        np.testing.assert_array_equal(capture.read(0, 200), samples)


# --- frequency and time ---


def auxi(frequency: int, year: int = 2026, high: int = 0, size: int = 164) -> bytes:
    start = struct.pack("<8H", year, 7, 5, 31, 16, 50, 31, 570)
    content = start + start + struct.pack("<I", frequency) + bytes(24)
    content += struct.pack("<II", frequency, high) + bytes(96)
    return chunk(b"auxi", content[:size])


def xml(**attributes: object) -> str:
    text = " ".join(f'{key}="{value}"' for key, value in attributes.items())
    return (
        f'<?xml version="1.0"?>\r\n<SDR-XML-Root><Definition {text} XMLLevel="3"/></SDR-XML-Root>'
    )


TIME = "2026-07-31T16:50:31.570000000Z"
SECONDS = 1785517766  # 2026-07-31T17:09:26Z
TOLD = {
    "SpectraVue": (auxi(137_500_000), 137.5e6, TIME),
    "beyond 32 bits": (auxi(1_410_065_408, high=2), 1e10, TIME),
    "no high half": (auxi(145_000_000, size=36), 145e6, TIME),
    "no time": (auxi(7_000_000, year=0), 7e6, None),
    "cut off": (auxi(7_000_000, size=20), None, None),
    "no frequency": (auxi(0), None, TIME),
    "SDR Console": (
        chunk(b"auxi", xml(RadioCenterFreq=162550000, UTCSeconds=SECONDS).encode("utf-16-le")),
        162.55e6,
        "2026-07-31T17:09:26.000000000Z",
    ),
    "XML in bytes": (
        chunk(b"auxi", xml(RadioCenterFreq="7e6", UTCSeconds="x").encode()),
        None,
        None,
    ),
    "Perseus": (
        chunk(b"rcvr", struct.pack("<iiI", 6_070_000, 2, SECONDS) + bytes(20)),
        6.07e6,
        "2026-07-31T17:09:26.000000000Z",
    ),
}


@pytest.mark.parametrize(("extra", "frequency", "time"), TOLD.values(), ids=TOLD.keys())
@pytest.mark.parametrize("before", [True, False])
def test_an_sdr_program_s_chunk_tells_frequency_and_time(
    tmp_path: Path, extra: bytes, frequency: float | None, time: str | None, before: bool
) -> None:
    path, data = tmp_path / "a.wav", chunk(b"data", stored(1, 16))
    path.write_bytes(riff(fmt(1, 16), *([extra, data] if before else [data, extra])))
    with open_capture(path) as capture:
        assert (capture.center_frequency_hz, capture.datetime) == (frequency, time)
        assert capture.sample_count == 200
        if time == TIME:
            assert capture.place(48, 1).time == "2026-07-31T16:50:31.571000000Z"


def test_a_name_tells_what_no_chunk_does(tmp_path: Path) -> None:
    path = tmp_path / "SDRSharp_20160101_231914Z_12kHz_IQ.wav"
    path.write_bytes(riff(fmt(1, 16), chunk(b"data", stored(1, 16))))
    with open_capture(path) as capture:
        assert (capture.center_frequency_hz, capture.datetime) == (
            12e3,
            "2016-01-01T23:19:14.000000000Z",
        )
    path.write_bytes(riff(fmt(1, 16), auxi(5), chunk(b"data", stored(1, 16))))
    with open_capture(path) as capture:
        assert (capture.center_frequency_hz, capture.datetime) == (5.0, TIME)


# --- headers that lie ---


def test_rf64_and_bw64_count_beyond_4_gib(tmp_path: Path) -> None:
    size = 5 * 2**30
    for magic in (b"RF64", b"BW64"):
        ds64 = chunk(b"ds64", struct.pack("<QQQI", size + 1000, size, size // 4, 0))
        data = b"data" + struct.pack("<I", 2**32 - 1)
        head = riff(ds64, fmt(1, 16), data, magic=magic, size=2**32 - 1)
        path = tmp_path / "a.wav"
        with open(path, "wb") as file:
            file.write(head)
            file.truncate(len(head) + size)  # a hole, no disk
            file.seek(len(head) + size - 4)
            file.write(struct.pack("<hh", 16384, -16384) + chunk(b"LIST", b"INFO"))
        with open_capture(path) as capture:
            assert capture.sample_count == size // 4 and not capture.notes
            assert capture.read(size // 4 - 1, 1).tolist() == [0.5 - 0.5j]


@pytest.mark.parametrize(
    ("claimed", "words"),
    [
        (0, "has no samples, as a recorder does that was interrupted; the 800 bytes"),
        (2**32 - 1, "does not say how many bytes of samples it has; the 800"),
        (801, "claims 801 bytes of samples; the 800"),
        (2**31, "claims 2147483648 bytes"),
    ],
)
def test_samples_end_with_the_file_where_the_header_lies(
    tmp_path: Path, claimed: int, words: str
) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(riff(fmt(1, 16), chunk(b"data", stored(1, 16), size=claimed), size=0))
    with open_capture(path) as capture:
        assert capture.sample_count == 200
        assert len(capture.notes) == 1 and words in capture.notes[0]


def test_a_size_that_ran_over_4_gib_is_not_believed(tmp_path: Path) -> None:
    head = riff(fmt(1, 16), b"data" + struct.pack("<I", 400))
    path = tmp_path / "a.wav"
    with open(path, "wb") as file:
        file.write(head)
        file.truncate(len(head) + 2**32 + 400)
    with open_capture(path) as capture:
        assert capture.sample_count == (2**32 + 400) // 4
        assert "beyond 4 GiB" in capture.notes[0]


def test_a_sample_cut_in_two_and_a_rate_of_0_are_noted(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(riff(fmt(1, 16, rate=0), chunk(b"data", bytes(11))))
    with open_capture(path) as capture:
        assert (capture.sample_count, capture.sample_rate_hz) == (2, None)
        assert "last 3 bytes" in capture.notes[0] and "rate is 0" in capture.notes[1]


DATA = chunk(b"data", stored(1, 16))
BAD = {
    "empty": (b"", "begins with b''"),
    "no RIFF": (b"RIFX" + riff(fmt(1, 16), DATA)[4:], "begins with b'RIFX"),
    "no WAVE": (b"RIFF\0\0\0\0AVI " + fmt(1, 16) + DATA, "wanted the header of a WAV"),
    "nothing more": (riff(), "does not say how its samples are stored"),
    "no data": (riff(fmt(1, 16)), "holds no samples"),
    "data first": (riff(DATA, fmt(1, 16)), "before it says their format"),
    "short fmt": (riff(chunk(b"fmt ", bytes(14)), DATA), "has 14 bytes, wanted 16"),
    "mu-law": (riff(fmt(7, 8), DATA), "in format 7 with 8 bits"),
    "12 bits": (riff(fmt(1, 12, frame_bytes=4), DATA), "in format 1 with 12 bits"),
    "half floats": (riff(fmt(3, 16), DATA), "in format 3 with 16 bits"),
    "no channel": (riff(fmt(1, 16, channels=0), DATA), "has 0 channels"),
    "six channels": (riff(fmt(1, 16, channels=6), DATA), "has 6 channels, wanted two"),
    "odd frames": (riff(fmt(1, 16, frame_bytes=6), DATA), "has 6 bytes, wanted 4"),
    "short extensible": (riff(fmt(0xFFFE, 16), DATA), "extensible format"),
    "other GUID": (
        riff(extensible(1, 16).replace(GUID_TAIL, bytes(14)), DATA),
        "extensible format is none",
    ),
    "huge chunk": (
        riff(chunk(b"LIST", b"", size=2**32 - 2), fmt(1, 16), DATA),
        "claims 4294967294",
    ),
    "huge auxi": (riff(fmt(1, 16), chunk(b"auxi", b"", size=2**31), DATA), "claims 2147483648"),
    "thousands of chunks": (riff(*[chunk(b"JUNK", b"")] * 2000, fmt(1, 16), DATA), "does not say"),
}


@pytest.mark.parametrize(("content", "words"), BAD.values(), ids=BAD.keys())
def test_what_cannot_be_read_is_one_sentence(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    with pytest.raises(CaptureError) as caught:
        open_capture(path)
    message = str(caught.value)
    assert words in message and "a.wav" in message and "\n" not in message and len(message) < 300


def test_a_named_datatype_does_not_change_what_a_wav_says(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(riff(fmt(1, 16), DATA))
    with pytest.raises(CaptureError, match="is ci16_le, but 'cu8' was asked for"):
        open_capture(tmp_path / "a.wav", datatype="cu8")


def test_a_receiver_s_stereo_audio_is_not_taken_for_i_and_q(tmp_path: Path) -> None:
    path = tmp_path / "SDRSharp_20160101_231914Z_12kHz_AF.wav"
    path.write_bytes(riff(fmt(1, 16), DATA))
    with pytest.raises(CaptureError, match="audio, in two channels"):
        open_capture(path)
    path.write_bytes(riff(fmt(1, 16, channels=1), DATA))
    with open_capture(path) as capture:
        assert capture.datatype.real


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_damaged_wav_gives_a_capture_or_one_sentence(tmp_path: Path, data: st.DataObject) -> None:
    tag, bits = data.draw(st.sampled_from(FORMATS))
    ds64 = chunk(b"ds64", struct.pack("<QQQI", 1000, 800, 200, 0))
    header = data.draw(st.sampled_from([fmt, extensible]))(tag, bits)
    magic = data.draw(st.sampled_from([b"RIFF", b"RF64"]))
    raw = riff(ds64, header, auxi(1), chunk(b"data", stored(tag, bits)), magic=magic)
    changed = bytearray(raw[: data.draw(st.sampled_from([len(raw), 300, 100, 40]))])
    for _ in range(data.draw(st.integers(0, 4))):
        at = data.draw(st.integers(0, min(len(changed), 320) - 1))
        changed[at] = data.draw(st.sampled_from([0, 1, 2, 127, 128, 255]))
    path = tmp_path / "a.wav"
    path.write_bytes(changed)
    tracemalloc.start()
    try:
        with open_capture(path) as capture:
            assert 0 <= capture.sample_count * capture.datatype.sample_bytes <= len(changed)
            samples = capture.read(0, capture.sample_count)
            for frames, offsets in capture.frames(8):
                for frame, offset in zip(frames, offsets, strict=True):
                    np.testing.assert_array_equal(frame, samples[offset : offset + 8])
    except CaptureError as error:
        assert "\n" not in str(error) and len(str(error)) < 300
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 2 * 2**20


# --- a real recording ---


def test_the_satellite_in_an_ssb_receiver_s_audio_is_read() -> None:
    if not AO73.exists():
        pytest.skip(f"the recordings in {AO73.parent} are not here")
    with wave.open(str(AO73)) as file:
        count = file.getnframes()
        numbers = np.frombuffer(file.readframes(count), "<i2").astype(np.float32) / 32768
    with open_capture(AO73) as capture:
        assert (capture.sample_rate_hz, capture.datatype.name) == (48000.0, "ri16_le")
        assert capture.sample_count == count and not capture.notes
        samples = capture.read(0, count)
        frames = np.concatenate([frames for frames, _ in capture.frames(1024)])
    np.testing.assert_array_equal(samples.real, numbers)
    np.testing.assert_array_equal(frames.reshape(-1), samples[: frames.size])
    spectrum = np.abs(np.fft.fft(samples * np.hanning(count))) ** 2
    frequency = np.fft.fftfreq(count, 1 / 48000)
    passband = spectrum[(frequency > 500) & (frequency < 3000)].sum()
    mirror = spectrum[(frequency < -500) & (frequency > -3000)].sum()
    assert 10 * np.log10(mirror / passband) < -50
    # Band-limited BPSK at 1,200 baud: its power beats at that rate.
    inside = np.fft.fft(samples) * ((frequency > 500) & (frequency < 3000))
    power = np.abs(np.fft.ifft(inside)) ** 2
    beat = np.abs(np.fft.fft((power - power.mean()) * np.hanning(count)))
    beat[(frequency < 300) | (frequency > 3000)] = 0
    assert frequency[beat.argmax()] == pytest.approx(1200, rel=0.02)
