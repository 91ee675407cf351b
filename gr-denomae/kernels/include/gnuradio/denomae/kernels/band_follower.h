/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which mapping brings a signal to its place, and when it is worth changing.
 */
#ifndef INCLUDED_DENOMAE_KERNELS_BAND_FOLLOWER_H
#define INCLUDED_DENOMAE_KERNELS_BAND_FOLLOWER_H

#include <gnuradio/denomae/kernels/band_finder.h>
#include <gnuradio/denomae/kernels/band_resampler.h>

namespace gr {
namespace denomae {
namespace kernel {

/*!
 * \brief Follows a signal's band, not each of its measurements.
 *
 * The first band that is found is taken at once. Later ones only when they lie clearly elsewhere
 * (a bandwidth that differs by more than a quarter, a centre that is off by more than a tenth of
 * it) twice in a row and alike: each change breaks the stream into frames anew. Where no band is
 * found the last mapping stays, and so it does where one is found that has less than a tenth of
 * the followed one's power: between the bursts of a signal the receiver's own noise must not be
 * followed. That power is forgotten in time. A band of more than ten times the power is taken at
 * once.
 */
class band_follower
{
public:
    //! Forgets what was found: mapping() is 1 to 1.
    void reset();

    /*!
     * \param band             what was measured
     * \param target_bandwidth wanted, in cycles an output sample
     * \returns whether mapping() has changed
     */
    bool follow(const occupied_band& band, double target_bandwidth);

    const band_mapping& mapping() const { return d_mapping; }

private:
    bool alike(const band_mapping& one,
               const band_mapping& other,
               double bandwidth) const;

    band_mapping d_mapping;
    band_mapping d_candidate;
    double d_power =
        0.0; // of the followed band, when it was last there, less what is forgotten
    bool d_following = false;
    bool d_waiting = false; // d_candidate was measured last
};

} // namespace kernel
} // namespace denomae
} // namespace gr

#endif
