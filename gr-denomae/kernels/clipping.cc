/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <algorithm>
#include <cmath>
#include <gnuradio/denomae/kernels/clipping.h>

namespace gr {
namespace denomae {
namespace kernel {

namespace {

constexpr float at_rail = 0.99f; // converters reach one step further below 0 than above
constexpr float strong = 0.5f;   // of the rail, in amplitude

float larger(const std::complex<float>& sample)
{
    return std::max(std::fabs(sample.real()), std::fabs(sample.imag()));
}

} // namespace

bool is_clipped(const std::complex<float>* samples, std::size_t count)
{
    float rail = 0.0f;
    for (std::size_t i = 0; i < count; ++i) {
        rail = std::max(rail, larger(samples[i]));
    }
    std::size_t loud = 0, cut = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const float value = larger(samples[i]);
        loud += value >= strong * rail;
        cut += value >= at_rail * rail;
    }
    return rail > 0.0f && std::isfinite(rail) && 2 * cut >= loud;
}

} // namespace kernel
} // namespace denomae
} // namespace gr
