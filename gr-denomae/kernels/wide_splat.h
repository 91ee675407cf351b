/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One channel of wide windows, drawn on a coarse grid.
 */
#ifndef INCLUDED_DENOMAE_KERNELS_WIDE_SPLAT_H
#define INCLUDED_DENOMAE_KERNELS_WIDE_SPLAT_H

#include "aligned_floats.h"
#include "canvas.h"
#include "exponential_splat.h"
#include "pixel_samples.h"
#include "wide_kernel.h"
#include <memory>

namespace gr {
namespace denomae {
namespace kernel {

/*!
 * \brief Adds exp(-d / decay) to a wide square window around every sample inside the image.
 *
 * The parts of a wide_kernel are gathered from all samples first and become pixels once for the
 * whole image: bumps as coefficients on a coarse grid; profiles as coefficients along a row or
 * column of such a grid, there to be repeated by the strips. So a sample costs about as much as
 * its window has coarse pixels, a sixteenth of its pixels.
 */
class wide_splat
{
public:
    //! What is drawn on; a thread's own, for one image after the other.
    struct scratch {
        pixel_samples samples; //!< in coarse pixels of the bumps
        canvas bumps;          //!< their coefficients: coarse rows and columns
        aligned_floats spread; //!< a row of those, in between two coarse rows
        canvas low, high; //!< of the profiles, for the strips at the low and high edge:
                          //!< columns or rows of pixels, coarse rows or columns
        canvas columns, rows;  //!< the same where the strips repeat them
        canvas steps;          //!< where the windows begin (1) and end (-1) along rows
        aligned_floats above;  //!< the sum of those that reach a row, along it
        aligned_floats turned; //!< the repeated columns as rows: coarse rows, columns
    };

    //! For what wide_kernel::serves().
    wide_splat(double decay_px, int half_size_px);

    //! Pixels that it draws beside the image.
    int reach() const { return d_near.reach(); }

    /*!
     * Draws all samples inside the image, on a canvas that was prepared; nothing is left of what
     * was on it.
     *
     * \param values room for samples.inside() floats
     * \param work   its `samples` made of the same ones
     */
    void draw(canvas& to,
              const pixel_samples& samples,
              float* values,
              scratch& work) const;

private:
    std::shared_ptr<const wide_kernel> d_kernel;
    exponential_splat d_near;
};

} // namespace kernel
} // namespace denomae
} // namespace gr

#endif
