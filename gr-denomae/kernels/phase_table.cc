/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "phase_table.h"
#include <cmath>

namespace gr {
namespace denomae {
namespace kernel {

namespace {

// Rows are whole vectors of four or eight floats.
int padded(int side) { return side <= 4 ? 4 : (side + 7) / 8 * 8; }

} // namespace

phase_table::phase_table(int half_size_px, int phases, const window_function& function)
    : d_half_size(half_size_px),
      d_cells{ phases, 1.0f / static_cast<float>(phases) },
      d_row_floats(padded(2 * half_size_px + 1)),
      d_table(static_cast<std::size_t>(phases) * phases * (2 * half_size_px + 1) * 3 *
                  d_row_floats,
              0.0f)
{
    // The plane through the function's values at the four nodes of Gauss is the one that fits
    // a function of degree 3 best.
    const double node = 0.5 / phases / std::sqrt(3.0);
    const int side = 2 * half_size_px + 1;
    float* to = d_table.data();
    for (int cell = 0; cell < phases * phases; ++cell) {
        const double u = (cell % phases + 0.5) / phases;
        const double v = (cell / phases + 0.5) / phases;
        const std::vector<double> a = function(u - node, v - node);
        const std::vector<double> b = function(u + node, v - node);
        const std::vector<double> c = function(u - node, v + node);
        const std::vector<double> d = function(u + node, v + node);
        for (int i = 0; i < side * side; ++i) {
            float* value = to + i / side * 3 * d_row_floats + i % side;
            value[0] = static_cast<float>((a[i] + b[i] + c[i] + d[i]) / 4);
            value[d_row_floats] =
                static_cast<float>((b[i] + d[i] - a[i] - c[i]) / (4 * node));
            value[2 * d_row_floats] =
                static_cast<float>((c[i] + d[i] - a[i] - b[i]) / (4 * node));
        }
        to += static_cast<std::ptrdiff_t>(side) * 3 * d_row_floats;
    }
}

double phase_table::value(int column,
                          int row,
                          double column_phase,
                          double row_phase) const
{
    const int column_cell = d_cells.index(static_cast<float>(column_phase));
    const int row_cell = d_cells.index(static_cast<float>(row_phase));
    const int side = 2 * d_half_size + 1;
    const std::ptrdiff_t window =
        (row_cell * d_cells.count + column_cell) * static_cast<std::ptrdiff_t>(side);
    const float* from = d_table.data() + (window + row + d_half_size) * 3 * d_row_floats +
                        column + d_half_size;
    return from[0] +
           d_cells.distance(static_cast<float>(column_phase), column_cell) *
               from[d_row_floats] +
           d_cells.distance(static_cast<float>(row_phase), row_cell) *
               from[2 * d_row_floats];
}

} // namespace kernel
} // namespace denomae
} // namespace gr
