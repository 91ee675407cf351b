/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/denomae/kernels/sample_ring.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>

namespace gr {
namespace denomae {
namespace kernel {

namespace {

std::size_t blocks_for(std::size_t capacity)
{
    if (capacity < 1 || capacity > sample_ring::most_samples) {
        throw std::invalid_argument(
            "capacity is " + std::to_string(capacity) + ", wanted 1.." +
            std::to_string(sample_ring::most_samples) + " samples");
    }
    // the block that is being filled may hold a single sample
    return (capacity + sample_ring::block_samples - 1) / sample_ring::block_samples + 1;
}

} // namespace

sample_ring::sample_ring(std::size_t capacity) : d_blocks_wanted(blocks_for(capacity)) {}

void sample_ring::set_capacity(std::size_t capacity)
{
    const std::size_t blocks = blocks_for(capacity);
    std::lock_guard<std::mutex> lock(d_mutex);
    d_blocks_wanted = blocks;
}

std::size_t sample_ring::capacity() const
{
    std::lock_guard<std::mutex> lock(d_mutex);
    return (d_blocks_wanted - 1) * block_samples;
}

void sample_ring::begin(std::uint64_t offset)
{
    std::lock_guard<std::mutex> lock(d_mutex);
    d_blocks.clear();
    d_first = d_head = offset;
    d_room = 0;
}

sample_ring::block sample_ring::next_block()
{
    block next;
    while (d_blocks.size() >= d_blocks_wanted) {
        next = std::move(d_blocks.front());
        d_blocks.pop_front();
        d_first += block_samples;
    }
    if (next.use_count() > 1) { // looked at: unpin() makes it the spare one
        next.reset();
    }
    if (!next) {
        next = std::move(d_spare);
    }
    if (!next) {
        next.reset(new float[2 * block_samples]);
    }
    d_blocks.push_back(next);
    return next;
}

void sample_ring::push(const sample* samples, std::size_t count)
{
    while (count > 0) {
        if (d_room == 0) {
            std::lock_guard<std::mutex> lock(d_mutex);
            d_fill = next_block().get();
            d_room = block_samples;
        }
        const std::size_t copied = std::min(count, d_room);
        // behind d_head, where nobody looks
        std::memcpy(d_fill, samples, copied * sizeof(sample));
        d_fill += 2 * copied;
        d_room -= copied;
        samples += copied;
        count -= copied;
        std::lock_guard<std::mutex> lock(d_mutex);
        d_head += copied;
    }
}

std::uint64_t sample_ring::oldest() const
{
    std::lock_guard<std::mutex> lock(d_mutex);
    return d_first;
}

std::uint64_t sample_ring::head() const
{
    std::lock_guard<std::mutex> lock(d_mutex);
    return d_head;
}

sample_ring::span sample_ring::pin(std::uint64_t from, std::uint64_t to)
{
    std::lock_guard<std::mutex> lock(d_mutex);
    from = std::max(from, d_first);
    to = std::min(to, d_head);
    if (from >= to) {
        return { from, nullptr, 0 };
    }
    const std::uint64_t past = from - d_first;
    const std::size_t within = past % block_samples;
    d_pinned = d_blocks[past / block_samples];
    const auto samples = reinterpret_cast<const sample*>(d_pinned.get()) + within;
    return { from, samples, std::min<std::size_t>(block_samples - within, to - from) };
}

void sample_ring::unpin()
{
    std::lock_guard<std::mutex> lock(d_mutex);
    if (d_pinned && d_pinned.use_count() == 1) {
        d_spare = std::move(d_pinned);
    }
    d_pinned.reset();
}

} // namespace kernel
} // namespace denomae
} // namespace gr
