/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One channel drawn sample by sample: exp(-d / decay) over a window of pixels.
 */
#ifndef INCLUDED_DENOMAE_KERNELS_EXPONENTIAL_SPLAT_H
#define INCLUDED_DENOMAE_KERNELS_EXPONENTIAL_SPLAT_H

#include "canvas.h"
#include "phase_table.h"
#include "pixel_samples.h"
#include <functional>
#include <optional>

namespace gr {
namespace denomae {
namespace kernel {

/*!
 * \brief Adds exp(-d / decay) to the square window around every sample inside the image.
 *
 * The exponential bends the more the nearer the sample, so that three methods share the window:
 * its middle pixel, which contains the cusp, is evaluated by the exponential itself; the eight
 * pixels around that come from a table of fine phases; all others from one of coarser phases.
 * The numbers of phases are those that keep a lone sample within half of 1/255 of its peak.
 */
class exponential_splat
{
public:
    //! What another method adds to the pixel `column` right of and `row` below the sample's.
    using pixel_function =
        std::function<double(int column, int row, double column_phase, double row_phase)>;

    //! Draws what `elsewhere`, if any, leaves to draw; that must be smooth.
    exponential_splat(double decay_px,
                      int half_size_px,
                      const pixel_function& elsewhere = nullptr);

    //! Pixels that it draws beyond the one that contains a sample.
    int reach() const { return d_outer ? d_outer->half_size() : 1; }

    //! \param values room for samples.inside() floats
    void add(canvas& to, const pixel_samples& samples, float* values) const;

private:
    double d_decay_px;
    int d_evaluated_half; // of the pixels that no table holds
    std::optional<phase_table> d_inner;
    std::optional<phase_table> d_outer;
};

} // namespace kernel
} // namespace denomae
} // namespace gr

#endif
