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

phase_table::phase_table(int half_size_px, int phases, const pixel_function& function)
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
    float* value = d_table.data();
    for (int cell = 0; cell < phases * phases; ++cell) {
        const double u = (cell % phases + 0.5) / phases;
        const double v = (cell / phases + 0.5) / phases;
        for (int row = -half_size_px; row <= half_size_px; ++row) {
            float* column_slope = value + d_row_floats;
            float* row_slope = column_slope + d_row_floats;
            for (int column = -half_size_px; column <= half_size_px; ++column) {
                const double a = function(column, row, u - node, v - node);
                const double b = function(column, row, u + node, v - node);
                const double c = function(column, row, u - node, v + node);
                const double d = function(column, row, u + node, v + node);
                const int i = column + half_size_px;
                value[i] = static_cast<float>((a + b + c + d) / 4);
                column_slope[i] = static_cast<float>((b + d - a - c) / (4 * node));
                row_slope[i] = static_cast<float>((c + d - a - b) / (4 * node));
            }
            value += 3 * d_row_floats;
        }
    }
}

} // namespace kernel
} // namespace denomae
} // namespace gr
