/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The exponential kernel of one channel, tabulated over sub-pixel phases.
 */
#ifndef INCLUDED_DENOMAE_KERNELS_PHASE_TABLE_H
#define INCLUDED_DENOMAE_KERNELS_PHASE_TABLE_H

#include <cstddef>
#include <vector>

namespace gr {
namespace denomae {
namespace kernel {

/*!
 * \brief exp(-d / decay) over a square window, and its slope, for a grid of sub-pixel phases.
 *
 * A phase is where in its pixel a sample lies: (0, 0) the corner at the low column and row,
 * (1, 1) the opposite one. The table holds the kernel at the centres of phases() x phases()
 * cells. Between them it is continued by its slope, which errs by the square of a cell's size
 * only; near the sample, where the kernel has its cusp, that is not enough, so the inner
 * (2 * near_half + 1)^2 pixels are zero here and left to the caller.
 */
class phase_table
{
public:
    //! Window pixels within this of the middle are left to the caller.
    static constexpr int near_half = 1;
    //! Rows are padded with zeros to a multiple of this many floats.
    static constexpr int row_step = 8;

    phase_table(double decay_px, int half_size_px);

    double decay_px() const { return d_decay_px; }
    int half_size() const { return d_half_size; }
    int phases() const { return d_phases; }
    //! Floats from one row to the next; at least 2 * half_size() + 1.
    int stride() const { return d_stride; }
    std::size_t bytes() const { return d_table.size() * sizeof(float); }

    //! Index of the cell that a phase in [0, 1) lies in, and its distance from the cell's centre.
    int cell(float phase, float& distance) const
    {
        const float scaled = phase * static_cast<float>(d_phases);
        int index = static_cast<int>(scaled);
        index = index < d_phases ? index : d_phases - 1;
        distance =
            (scaled - static_cast<float>(index) - 0.5f) / static_cast<float>(d_phases);
        return index;
    }

    /*!
     * Rows of the window at one cell: for each row the kernel, then its slope along the
     * column phase, then along the row phase, each stride() floats.
     */
    const float* window(int column_cell, int row_cell) const
    {
        return d_table.data() +
               (static_cast<std::size_t>(row_cell) * d_phases + column_cell) * d_window;
    }

private:
    void fill_cell(float* rows, double column_phase, double row_phase) const;

    double d_decay_px;
    int d_half_size;
    int d_phases;
    int d_stride;
    std::size_t d_window;
    std::vector<float> d_table;
};

} // namespace kernel
} // namespace denomae
} // namespace gr

#endif
