/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "exponential_splat.h"
#include "exact_splat.h"
#include "splat.h"
#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace gr {
namespace denomae {
namespace kernel {

namespace {

constexpr int most_phases = 16;
constexpr double tolerated_error = 0.5 / 255.0;

/*
 * Largest error of the planes of a table whose pixels are at least `nearest` from the sample,
 * relative to the largest value that a lone sample draws. The second derivative of exp(-d / L)
 * is exp(-d / L) / L^2 along the radius and -exp(-d / L) / (L d) across it. In a square cell of
 * half side h the best plane is off by 2/3 h^2 times the larger of them at most.
 */
double plane_error(double decay_px, double nearest, int phases)
{
    // A sample so near to that pixel lies at the border of its own, half a pixel from the middle.
    const double peak = std::exp(-0.5 / decay_px);
    const double curvature = std::exp(-nearest / decay_px) / decay_px *
                             std::max(1.0 / decay_px, 1.0 / nearest);
    return curvature / (6.0 * phases * phases) / peak;
}

int phases_for(double decay_px, double nearest)
{
    int phases = 1;
    while (phases < most_phases &&
           plane_error(decay_px, nearest, phases) > tolerated_error) {
        phases *= 2;
    }
    return phases;
}

// Beyond so many pixels from a sample inside the image nothing is left that could be seen: all of
// it together is 1e-4 of what the sample adds.
int visible_half(double decay_px, int half_size_px)
{
    return static_cast<int>(
        std::min<double>(half_size_px, std::ceil(1.0 + 12.0 * decay_px)));
}

// The pixels of a window that are more than `hole` from its middle.
phase_table exponential_table(double decay_px, int hole, int half)
{
    return phase_table(half,
                       phases_for(decay_px, hole + 0.5),
                       [=](int column, int row, double column_phase, double row_phase) {
                           if (std::max(std::abs(column), std::abs(row)) <= hole) {
                               return 0.0;
                           }
                           const double distance = std::hypot(column + 0.5 - column_phase,
                                                              row + 0.5 - row_phase);
                           return std::exp(-distance / decay_px);
                       });
}

} // namespace

exponential_splat::exponential_splat(double decay_px, int half_size_px)
    : d_decay_px(decay_px),
      d_half_size(half_size_px),
      d_evaluated_half(std::min(1, half_size_px))
{
    // Below a decay of half a pixel the inner table would need more phases than it may have.
    if (half_size_px >= 1 && plane_error(decay_px, 0.5, most_phases) <= tolerated_error) {
        d_evaluated_half = 0;
        d_inner.emplace(exponential_table(decay_px, 0, 1));
    }
    if (visible_half(decay_px, half_size_px) > 1) {
        d_outer.emplace(
            exponential_table(decay_px, 1, visible_half(decay_px, half_size_px)));
    }
}

void exponential_splat::add(canvas& to, const pixel_samples& samples, float* values) const
{
    if (d_outer) {
        add_windows(to, samples, *d_outer);
    }
    for (int row = -d_evaluated_half; row <= d_evaluated_half; ++row) {
        for (int column = -d_evaluated_half; column <= d_evaluated_half; ++column) {
            shifted_exponentials(samples, d_decay_px, column, row, values);
            if (d_inner) {
                add_inner(to, samples, *d_inner, values);
            } else {
                add_shifted(to, samples, column, row, values);
            }
        }
    }
    add_outside(to, samples, d_decay_px, d_half_size);
}

} // namespace kernel
} // namespace denomae
} // namespace gr
