/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The constant that a receiver adds to what it receives, told from a signal's own carrier at 0 Hz.
 */
#ifndef INCLUDED_DENOMAE_KERNELS_RECEIVER_DC_H
#define INCLUDED_DENOMAE_KERNELS_RECEIVER_DC_H

#include <complex>
#include <vector>

namespace gr {
namespace denomae {
namespace kernel {

//! What the samples x of a short window tell of their constant.
struct window_levels {
    std::complex<double> line;    //!< mean of x behind a Hann window: the line at 0 Hz
    std::complex<double> average; //!< plain mean of x
    double power = 0.0;           //!< mean of |x|^2
    std::complex<double> square;  //!< mean of x^2
    double beside = 0.0; //!< mean power of the bins beside the line, whose own bin has |line|^2
};

/*!
 * \brief Follows a receiver's DC through pauses of the signal.
 *
 * A receiver's DC stands in the pauses, and what comes after them changes nothing about it; a
 * carrier comes and goes with its signal. So it is taken where the line at 0 Hz stands alone: where
 * the bins beside it hold noise only, or a tenth at most of what they held lately, and where it is
 * the same from window to window. Three things that look alike are left as they are:
 *
 * - a tone that rests at 0 Hz for a while (a mark of FSK): it is gone when the signal goes on, where
 *   DC stays;
 * - a carrier at 0 Hz while nothing modulates it (AM between two words) or the lower level of ASK:
 *   what comes is in phase with it, and DC knows nothing of a signal's phase;
 * - a carrier a little beside 0 Hz: it turns from window to window.
 *
 * A signal without pauses leaves the estimate as it is, at first 0. What cannot be told apart is a
 * constant that stands alone all the time from a carrier at exactly 0 Hz: it is taken for DC, for
 * it says nothing either way.
 */
class receiver_dc
{
public:
    //! Forgets what was found: value() is 0.
    void reset();

    /*!
     * \param windows of one interval, in the order of time
     * \param floor   of noise, per bin, on the scale of window_levels::beside
     * \returns value()
     */
    std::complex<double> follow(const std::vector<window_levels>& windows, double floor);

    std::complex<double> value() const { return d_value; }

private:
    bool is_signal(const std::vector<window_levels>& loud,
                   std::complex<double> constant) const;

    std::complex<double> d_value = 0.0;
    std::complex<double> d_carrier = 0.0; // what turned out to be a signal's own
    double d_loudest = 0.0; // beside the line, less what is forgotten
    double d_noise = 0.0;   // power in the pauses beside the constant
    bool d_known = false;
};

} // namespace kernel
} // namespace denomae
} // namespace gr

#endif
