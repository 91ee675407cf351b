/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <algorithm>
#include <cmath>
#include <gnuradio/denomae/kernels/phase_table.h>

namespace gr {
namespace denomae {
namespace kernel {

namespace {

constexpr int most_phases = 16;
// Of the half-step of an 8-bit image that the continuation by slope may err by.
constexpr double tolerated_error = 0.5 / 255.0;

/*
 * Largest error of the continued kernel, relative to the largest value that a lone sample
 * draws. The kernel's second derivative is exp(-d / L) / L^2 along the radius and
 * -exp(-d / L) / (L d) across it; a cell's corner is 1 / (sqrt(2) phases) from its centre.
 */
double continuation_error(double decay_px, int phases)
{
    const double nearest = phase_table::near_half + 0.5;
    const double peak = std::exp(-std::sqrt(0.5) / decay_px);
    const double curvature = std::exp(-nearest / decay_px) / decay_px *
                             std::max(1.0 / decay_px, 1.0 / nearest);
    const double corner = std::sqrt(0.5) / phases;
    return 0.5 * corner * corner * curvature / peak;
}

int phases_for(double decay_px)
{
    int phases = 2;
    while (phases < most_phases &&
           continuation_error(decay_px, phases) > tolerated_error) {
        phases *= 2;
    }
    return phases;
}

} // namespace

phase_table::phase_table(double decay_px, int half_size_px)
    : d_decay_px(decay_px),
      d_half_size(half_size_px),
      d_phases(phases_for(decay_px)),
      d_stride((2 * half_size_px + row_step) / row_step * row_step),
      d_window(static_cast<std::size_t>(2 * half_size_px + 1) * 3 * d_stride),
      d_table(d_window * d_phases * d_phases, 0.0f)
{
    float* rows = d_table.data();
    for (int row_cell = 0; row_cell < d_phases; ++row_cell) {
        for (int column_cell = 0; column_cell < d_phases; ++column_cell) {
            fill_cell(rows, (column_cell + 0.5) / d_phases, (row_cell + 0.5) / d_phases);
            rows += d_window;
        }
    }
}

void phase_table::fill_cell(float* rows, double column_phase, double row_phase) const
{
    const int side = 2 * d_half_size + 1;
    for (int row = 0; row < side; ++row) {
        float* value = rows + static_cast<std::size_t>(row) * 3 * d_stride;
        float* column_slope = value + d_stride;
        float* row_slope = column_slope + d_stride;
        const double dy = row - d_half_size + 0.5 - row_phase;
        for (int column = 0; column < side; ++column) {
            if (std::abs(row - d_half_size) <= near_half &&
                std::abs(column - d_half_size) <= near_half) {
                continue;
            }
            const double dx = column - d_half_size + 0.5 - column_phase;
            const double distance = std::sqrt(dx * dx + dy * dy);
            const double height = std::exp(-distance / d_decay_px);
            value[column] = static_cast<float>(height);
            column_slope[column] =
                static_cast<float>(height * dx / (distance * d_decay_px));
            row_slope[column] = static_cast<float>(height * dy / (distance * d_decay_px));
        }
    }
}

} // namespace kernel
} // namespace denomae
} // namespace gr
