/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a sample adds to the pixels around it, tabulated over where in its pixel it lies.
 */
#ifndef INCLUDED_DENOMAE_KERNELS_PHASE_TABLE_H
#define INCLUDED_DENOMAE_KERNELS_PHASE_TABLE_H

#include "aligned_floats.h"
#include <algorithm>
#include <cstddef>
#include <functional>
#include <vector>

namespace gr {
namespace denomae {
namespace kernel {

//! Where in its pixel a sample lies: count * count square cells.
struct phase_cells {
    int count; //!< along each axis
    float side;

    //! Index along one axis of the cell that a phase in [0, 1] lies in.
    int index(float phase) const
    {
        return std::min(static_cast<int>(phase * static_cast<float>(count)), count - 1);
    }
    //! Distance of a phase from the middle of the cell of that index.
    float distance(float phase, int index) const
    {
        return phase - (static_cast<float>(index) + 0.5f) * side;
    }
};

/*!
 * \brief A function of a pixel and of the sample's phase, on a square window of pixels.
 *
 * A phase is where in its pixel a sample lies: (0, 0) the corner at the low column and row,
 * (1, 1) the opposite one. They are divided into cells, and in each of them every pixel of the
 * window has a value and two slopes: the plane that fits the function best. Its error is of both
 * signs and averages to nothing over a cell.
 */
class phase_table
{
public:
    //! What a sample at a phase adds to the (2 * half size + 1)^2 pixels around it, row by row.
    using window_function =
        std::function<std::vector<double>(double column_phase, double row_phase)>;

    phase_table(int half_size_px, int phases, const window_function& function);

    //! The window reaches so many pixels from the middle one.
    int half_size() const { return d_half_size; }
    //! Floats in a row of the window: its pixels, then zeros.
    int row_floats() const { return d_row_floats; }

    const phase_cells& cells() const { return d_cells; }

    /*!
     * The windows of all cells, along the column phase first. Of each row of a window come the
     * values, then the slopes along the column phase, then along the row phase, row_floats()
     * each.
     */
    const float* windows() const { return d_table.data(); }

    //! What the table says of the pixel `column` right of and `row` below the sample's.
    double value(int column, int row, double column_phase, double row_phase) const;

private:
    int d_half_size;
    phase_cells d_cells;
    int d_row_floats;
    aligned_floats d_table;
};

} // namespace kernel
} // namespace denomae
} // namespace gr

#endif
