/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "exponential_splat.h"
#include "exact_splat.h"
#include "splat.h"
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <vector>

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

// The pixels of a window that are more than `hole` from its middle; of the middle one, what is
// to be taken from the exponential there.
phase_table difference_table(double decay_px,
                             int hole,
                             int half,
                             const exponential_splat::pixel_function& elsewhere)
{
    return phase_table(half, phases_for(decay_px, hole + 0.5), [=](double u, double v) {
        std::vector<double> window;
        for (int row = -half; row <= half; ++row) {
            for (int column = -half; column <= half; ++column) {
                const int from_middle = std::max(std::abs(column), std::abs(row));
                const double distance = std::hypot(column + 0.5 - u, row + 0.5 - v);
                const double already = elsewhere ? elsewhere(column, row, u, v) : 0.0;
                if (from_middle > hole) {
                    window.push_back(std::exp(-distance / decay_px) - already);
                } else {
                    window.push_back(hole == 0 ? -already : 0.0);
                }
            }
        }
        return window;
    });
}

} // namespace

exponential_splat::exponential_splat(double decay_px,
                                     int half_size_px,
                                     const pixel_function& elsewhere)
    : d_decay_px(decay_px), d_evaluated_half(std::min(1, half_size_px))
{
    // Below a decay of half a pixel the inner table would need more phases than it may have.
    if (half_size_px >= 1 && plane_error(decay_px, 0.5, most_phases) <= tolerated_error) {
        d_evaluated_half = 0;
        d_inner.emplace(difference_table(decay_px, 0, 1, elsewhere));
    }
    if (half_size_px > 1) {
        d_outer.emplace(difference_table(decay_px, 1, half_size_px, elsewhere));
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
}

} // namespace kernel
} // namespace denomae
} // namespace gr
