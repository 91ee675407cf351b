/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <algorithm>
#include <gnuradio/denomae/kernels/frame_picker.h>

namespace gr {
namespace denomae {
namespace kernel {

frame_picker::frame_picker(std::size_t frame_length, std::size_t hop)
    : d_frame(frame_length), d_hop(hop)
{
}

void frame_picker::set_interval(clock::duration interval)
{
    if (interval != d_interval) {
        d_interval = interval;
        d_due = {};
    }
}

void frame_picker::begin(std::uint64_t offset)
{
    d_position = d_start = offset;
    d_filled = 0;
    d_due = {};
}

std::size_t frame_picker::consume(const std::complex<float>* samples,
                                  std::size_t count,
                                  clock::time_point now)
{
    std::size_t taken = 0;
    if (d_filled == 0) {
        if (now < d_due) {
            d_position += count;
            return count;
        }
        if (d_start < d_position) { // where it would have begun has gone by
            const std::uint64_t hops = (d_position - d_start + d_hop - 1) / d_hop;
            d_start += hops * d_hop;
        }
        taken = std::min<std::uint64_t>(count, d_start - d_position);
    }
    const std::size_t part = std::min(count - taken, d_frame.size() - d_filled);
    std::copy_n(samples + taken, part, d_frame.begin() + d_filled);
    d_filled += part;
    taken += part;
    d_position += taken;
    return taken;
}

void frame_picker::next(clock::time_point now, bool was_of_use)
{
    d_start += d_hop;
    d_filled = 0;
    if (d_interval > clock::duration::zero()) {
        const auto wait = was_of_use ? d_interval : d_interval / 10;
        d_due += wait;
        if (d_due <= now) { // behind: what it missed is not made up for
            d_due = now + wait;
        }
    } else if (d_hop < d_frame.size()) {
        std::copy(d_frame.begin() + d_hop, d_frame.end(), d_frame.begin());
        d_filled = d_frame.size() - d_hop;
    }
}

} // namespace kernel
} // namespace denomae
} // namespace gr
