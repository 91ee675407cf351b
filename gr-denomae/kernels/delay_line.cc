/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <algorithm>
#include <gnuradio/denomae/kernels/delay_line.h>
#include <stdexcept>
#include <string>

namespace gr {
namespace denomae {
namespace kernel {

namespace {

std::size_t valid_delay(std::int64_t delay_samples)
{
    if (delay_samples < 0 || delay_samples > delay_line::longest) {
        throw std::invalid_argument("delay_samples is " + std::to_string(delay_samples) +
                                    ", wanted 0 to " +
                                    std::to_string(delay_line::longest) + " samples");
    }
    return static_cast<std::size_t>(delay_samples);
}

} // namespace

delay_line::delay_line(std::int64_t delay_samples) : d_ring(valid_delay(delay_samples)) {}

void delay_line::clear()
{
    std::fill(d_ring.begin(), d_ring.end(), std::complex<float>());
    d_at = 0;
}

void delay_line::pass(const std::complex<float>* in,
                      std::complex<float>* out,
                      std::size_t count)
{
    if (d_ring.empty()) {
        std::copy_n(in, count, out);
        return;
    }
    while (count > 0) {
        const std::size_t part = std::min(count, d_ring.size() - d_at);
        const auto oldest = d_ring.begin() + d_at;
        std::copy_n(oldest, part, out);
        std::copy_n(in, part, oldest);
        d_at = d_at + part == d_ring.size() ? 0 : d_at + part;
        in += part;
        out += part;
        count -= part;
    }
}

} // namespace kernel
} // namespace denomae
} // namespace gr
