/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <cstring>
#include <gnuradio/denomae/kernels/frame_batch.h>
#include <new>

namespace gr {
namespace denomae {
namespace kernel {

namespace {

constexpr std::size_t alignment = 64;

std::complex<float>* allocate_samples(std::size_t count)
{
    const std::size_t bytes = count * sizeof(std::complex<float>);
    void* memory =
        std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
    if (!memory) {
        throw std::bad_alloc();
    }
    return static_cast<std::complex<float>*>(memory);
}

void append(frame_batch& batch, const frame_place& place)
{
    batch.sample_offset.push_back(place.sample_offset);
    batch.source_offset.push_back(place.source_offset);
    batch.ratio.push_back(place.anchor.ratio);
    batch.arrival_ns.push_back(place.arrival_ns);
    batch.samples_behind.push_back(place.samples_behind);
    batch.rate_hz.push_back(place.anchor.rate_hz);
    batch.frequency_hz.push_back(place.anchor.frequency_hz);
    batch.time_valid.push_back(place.anchor.time_valid ? 1 : 0);
    batch.time_seconds.push_back(place.anchor.time_seconds);
    batch.time_fraction.push_back(place.anchor.time_fraction);
    batch.time_offset.push_back(place.anchor.time_offset);
}

} // namespace

frame_batch take_batch(frame_queue& queue,
                       std::size_t max_frames,
                       frame_queue::duration timeout)
{
    frame_batch batch;
    batch.frame_length = queue.frame_length();

    std::vector<frame_ptr> frames;
    batch.size = queue.take(frames, max_frames, timeout);
    if (batch.size == 0) {
        return batch;
    }
    batch.samples.reset(allocate_samples(batch.size * batch.frame_length));
    std::complex<float>* to = batch.samples.get();
    for (const auto& full : frames) {
        std::memcpy(static_cast<void*>(to),
                    full->samples(),
                    batch.frame_length * sizeof(std::complex<float>));
        to += batch.frame_length;
        append(batch, full->place);
    }
    queue.recycle(frames);
    return batch;
}

} // namespace kernel
} // namespace denomae
} // namespace gr
