/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What one channel of an image is drawn on.
 */
#ifndef INCLUDED_DENOMAE_KERNELS_CANVAS_H
#define INCLUDED_DENOMAE_KERNELS_CANVAS_H

#include "aligned_floats.h"
#include <cstddef>

namespace gr {
namespace denomae {
namespace kernel {

/*!
 * \brief One channel of an image, with room around it.
 *
 * Windows of samples inside the image may be added whole at its sides; above and below it there
 * is one row more. Nobody looks at what is drawn there.
 */
class canvas
{
public:
    //! Sets the size, for windows that reach so many pixels beyond the image. What is on it is
    //! undefined then.
    void prepare(int height, int width, int reach);
    void clear();

    //! Writes the image, divided by its maximum: [height, width].
    void finish(float* image) const;

    int height() const { return d_height; }
    int width() const { return d_width; }
    //! Floats from one row to the next.
    std::ptrdiff_t row_floats() const { return d_row_floats; }
    //! A pixel of the image or of the room around it.
    //! Column 0 begins a vector of eight floats; rows may be worked on in whole ones.
    float* at(int row, int column)
    {
        return d_pixels.data() + d_origin + row * d_row_floats + column;
    }
    const float* at(int row, int column) const
    {
        return d_pixels.data() + d_origin + row * d_row_floats + column;
    }


private:
    int d_height = 0;
    int d_width = 0;
    int d_margin = 0;
    std::ptrdiff_t d_row_floats = 0;
    std::ptrdiff_t d_origin = 0; // of the image, in d_pixels
    aligned_floats d_pixels;
};

} // namespace kernel
} // namespace denomae
} // namespace gr

#endif
