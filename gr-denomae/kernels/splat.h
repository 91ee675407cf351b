/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The two hot loops of the raster: add a tabulated window, and evaluate the cusp near a sample.
 */
#ifndef INCLUDED_DENOMAE_KERNELS_SPLAT_H
#define INCLUDED_DENOMAE_KERNELS_SPLAT_H

#include <cstddef>
#include <gnuradio/denomae/kernels/phase_table.h>
#include <vector>

namespace gr {
namespace denomae {
namespace kernel {

//! Samples in pixel units: containing pixel and phase within it.
struct pixel_samples {
    std::vector<int> column;
    std::vector<int> row;
    std::vector<float> column_phase; //!< [0, 1]
    std::vector<float> row_phase;

    std::size_t size() const { return column.size(); }
    void clear();
    void reserve(std::size_t count);
};

//! One channel of an image, with room around it for windows that pass its edge.
struct canvas {
    static constexpr int rows_around = 2 * phase_table::near_half;

    int height = 0;
    int width = 0;
    int row_floats = 0; //!< floats from one row to the next
    std::vector<float> pixels;

    //! Sets the size for windows of `table` and clears the pixels.
    void prepare(int height, int width, const phase_table& table);

    //! Where a pixel lies in `pixels`: also for rows_around rows above and below the image,
    //! and for columns that a window around a pixel of the image reaches.
    std::ptrdiff_t index(int row, int column) const
    {
        return static_cast<std::ptrdiff_t>(row + rows_around) * row_floats + margin +
               column;
    }
    float* at(int row, int column) { return pixels.data() + index(row, column); }
    const float* at(int row, int column) const
    {
        return pixels.data() + index(row, column);
    }

    int margin = 0; //!< floats before column 0
};

//! Adds the tabulated part of every sample's window.
void splat_windows(canvas& to, const pixel_samples& samples, const phase_table& table);

//! Adds the inner pixels that the table leaves out, by the exponential itself.
void splat_near(canvas& to, const pixel_samples& samples, const phase_table& table);

//! Writes the canvas without its margins, divided by its maximum.
void finish_channel(const canvas& from, float* image);

} // namespace kernel
} // namespace denomae
} // namespace gr

#endif
