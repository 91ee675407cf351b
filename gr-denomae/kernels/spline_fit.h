/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Least-squares fits of values at pixels by cubic splines over coarse pixels.
 */
#ifndef INCLUDED_DENOMAE_KERNELS_SPLINE_FIT_H
#define INCLUDED_DENOMAE_KERNELS_SPLINE_FIT_H

#include <vector>

namespace gr {
namespace denomae {
namespace kernel {

//! Weight of the spline whose middle is that of coarse pixel `knot`, at pixel `pixel` of coarse
//! pixel 0: a cubic B-spline, not zero within two coarse pixels of its middle. The pixel may lie
//! outside that coarse pixel.
double spline_weight(int pixel, int knot, int factor);

//! Coarse pixels from the one of a sample, so that knots reach the first pixel outside a window
//! wherever in its coarse pixel the sample lies.
int coarse_half_size(int half_size_px, int factor);

/*!
 * \brief Fits values at the pixels -reach .. reach by splines around the coarse pixel of pixel 0.
 *
 * Coarse pixels are `factor` pixels; pixel 0 is the one numbered `place` of coarse pixel 0, and
 * the splines' middles are the middles of the coarse pixels -half .. half.
 */
class spline_fit
{
public:
    spline_fit(int reach, int half, int factor, int place);

    //! Coefficients, 2 * half + 1, of the best fit to 2 * reach + 1 values.
    std::vector<double> fit(const std::vector<double>& values) const;

    //! The same along both axes: [rows][columns] of values to [rows][columns] of coefficients.
    static std::vector<double> fit(const spline_fit& columns,
                                   const spline_fit& rows,
                                   const std::vector<double>& values);

private:
    int d_pixels;
    int d_splines;
    std::vector<double> d_inverse; // [pixels][splines]: values to coefficients
};

} // namespace kernel
} // namespace denomae
} // namespace gr

#endif
