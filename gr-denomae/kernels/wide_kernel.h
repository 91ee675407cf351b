/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * exp(-d / decay) over a wide window, in few numbers.
 */
#ifndef INCLUDED_DENOMAE_KERNELS_WIDE_KERNEL_H
#define INCLUDED_DENOMAE_KERNELS_WIDE_KERNEL_H

#include "aligned_floats.h"
#include "phase_table.h"
#include <vector>

namespace gr {
namespace denomae {
namespace kernel {

/*!
 * \brief The part of a wide window that is smooth, and its sharp edges.
 *
 * With (x, y) the distance in pixels from the pixel that contains the sample, the window is
 *
 *     near(x, y) + floor + bump(x, y) + strip(x) profile(y) + profile(x) strip(y)
 *
 * near() is what remains within near_half() pixels, where the cusp is: not this class's. The floor
 * is the height at the corners. The strips are the last pixels before the left and right (upper
 * and lower) edge, where they end as sharply as the window; along an edge they fade like the
 * profile, to nothing at the corners. The bump is what then remains: it goes to zero smoothly
 * towards the edges, and where the cusp was, it is a bell. So bump and profile need no value at
 * every pixel: they are cubic splines whose knots are the middles of coarse pixels, fitted for
 * every place in a coarse pixel that a sample can have.
 */
class wide_kernel
{
public:
    //! Side of the bump's coarse pixels, and that of the profile's, which is smoother.
    static constexpr int bump_factor = 4;
    static constexpr int profile_factor = 8;

    //! Whether the window is wide enough, and faint enough at its edges.
    static bool serves(double decay_px, int half_size_px);

    wide_kernel(double decay_px, int half_size_px);

    int half_size() const { return d_half_size; }
    //! near() is not zero within so many pixels of the one that contains the sample.
    int near_half() const { return d_near_half; }

    //! What is added to all pixels of the window.
    float floor() const { return d_floor; }

    //! Coefficients of the bump around a sample, by its phase in its coarse pixel.
    const phase_table& bump() const { return d_bump; }

    //! Coarse pixels that the profile reaches from the one that contains the sample.
    int profile_half() const { return d_profile_half; }
    //! Coefficients of the profile for a sample in that pixel of its coarse pixel: profile_floats()
    //! floats, 2 * profile_half() + 1 of them and then zeros.
    const float* profile(int pixel) const
    {
        return d_profiles.data() + static_cast<std::size_t>(pixel) * profile_floats();
    }
    int profile_floats() const { return (2 * d_profile_half + 8) / 8 * 8; }

    //! The strip's values at half_size(), half_size() - 1, ... pixels from the middle: for a
    //! sample in the middle of its pixel. A sample at another phase is further from one edge and
    //! nearer to the other:
    const std::vector<float>& strip() const { return d_strip; }
    //! with t = (phase - 0.5) * rate(), the strip at the high edge is (1 + t) as high, the one at
    //! the low edge (1 - t).
    float rate() const { return d_rate; }

    //! What floor and bump add within near_half() pixels of a sample at a phase in its pixel, on
    //! average over the places in a coarse pixel.
    double near(int column, int row, double column_phase, double row_phase) const
    {
        return d_floor + d_near.value(column, row, column_phase, row_phase);
    }

private:
    std::vector<double> near_window(double column_phase, double row_phase) const;

    int d_half_size;
    int d_near_half;
    float d_rate;
    float d_floor;
    int d_profile_half;
    std::vector<float> d_strip;
    aligned_floats d_profiles;
    phase_table d_bump;
    phase_table d_near;
};

} // namespace kernel
} // namespace denomae
} // namespace gr

#endif
