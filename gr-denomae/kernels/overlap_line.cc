/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <algorithm>
#include <cmath>
#include <gnuradio/denomae/kernels/overlap_line.h>
#include <stdexcept>
#include <string>

namespace gr {
namespace denomae {
namespace kernel {

namespace {

std::vector<float> hann(std::int64_t length, std::int64_t hop)
{
    const double turn = 2.0 * std::acos(-1.0) / static_cast<double>(length);
    const double scale = static_cast<double>(hop) / static_cast<double>(length);
    std::vector<float> window(length);
    for (std::int64_t i = 0; i < length; ++i) {
        window[i] = static_cast<float>(scale * (1.0 - std::cos(turn * i)));
    }
    return window;
}

void check(std::int64_t delay_samples, std::int64_t frame_length, std::int64_t hop)
{
    if (frame_length < 2) {
        throw std::invalid_argument("frame_length is " + std::to_string(frame_length) +
                                    ", wanted at least 2 samples");
    }
    if (hop < 1 || frame_length % hop != 0 || frame_length / hop < 2) {
        throw std::invalid_argument("hop is " + std::to_string(hop) +
                                    ", wanted samples that divide the frame's " +
                                    std::to_string(frame_length) +
                                    ", at most half of them");
    }
    if (delay_samples < frame_length) {
        throw std::invalid_argument("delay_samples is " + std::to_string(delay_samples) +
                                    ", wanted at least the frame's " +
                                    std::to_string(frame_length) + " samples");
    }
}

} // namespace

overlap_line::overlap_line(std::int64_t delay_samples,
                           std::int64_t frame_length,
                           std::int64_t hop)
    : d_delay((check(delay_samples, frame_length, hop), delay_samples)),
      d_hop(hop),
      d_window(hann(frame_length, hop))
{
}

void overlap_line::begin(std::uint64_t sample_offset)
{
    d_delay.clear();
    d_frames.clear();
    d_begin = d_entered = sample_offset;
}

bool overlap_line::add(overlap_frame frame)
{
    const auto from = static_cast<std::int64_t>(frame.sample_offset - d_begin);
    if (from < 0 || until(frame.sample_offset) < 0) {
        return false;
    }
    auto place = d_frames.end();
    while (place != d_frames.begin() &&
           std::prev(place)->sample_offset > frame.sample_offset) {
        --place;
    }
    d_frames.insert(place, std::move(frame));
    return true;
}

void overlap_line::pass(const std::complex<float>* in,
                        std::complex<float>* out,
                        std::size_t count)
{
    d_delay.pass(in, out, count);
    const auto length = frame_length();
    const auto samples = static_cast<std::int64_t>(count);
    if (!d_frames.empty() && until(d_frames.front().sample_offset) < samples) {
        d_noisy.assign(out, out + count);
    }
    for (const overlap_frame& frame : d_frames) {
        const std::int64_t at =
            until(frame.sample_offset); // of its first sample, in `out`
        if (at >= samples) {
            break;
        }
        const std::int64_t end = std::min(samples, at + length);
        for (std::int64_t i = std::max<std::int64_t>(at, 0); i < end; ++i) {
            out[i] += d_window[i - at] * (frame.samples[i - at] - d_noisy[i]);
        }
    }
    d_entered += count;
    while (!d_frames.empty() && until(d_frames.front().sample_offset) + length <= 0) {
        d_frames.pop_front();
    }
}

} // namespace kernel
} // namespace denomae
} // namespace gr
