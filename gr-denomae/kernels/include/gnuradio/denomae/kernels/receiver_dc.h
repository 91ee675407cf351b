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

//! What a short window's spectrum, behind a Hann window, tells of its constant. Bins are on a scale
//! on which the line at 0 Hz has the power |line|^2.
struct window_levels {
    std::complex<double> line; //!< mean of the samples, weighted by the window
    double power = 0.0;        //!< mean of the samples' power
    double beside = 0.0;       //!< mean power of the bins on either side of the line
    std::complex<double>
        mirrored; //!< mean of bin k times bin -k: beside * e^(2 j phase) of what is all in phase
};

/*!
 * \brief Follows a receiver's DC through pauses of the signal.
 *
 * A receiver's DC stands in the pauses, and what comes after them changes nothing about it; a
 * carrier comes and goes with its signal. So it is taken where the line at 0 Hz stands alone: where
 * the bins beside it hold noise only, or a tenth at most of what they held lately and little more
 * than in the quietest window, and where it is the same from window to window. Four things that
 * look alike are left as they are:
 *
 * - a carrier a little beside 0 Hz: it turns from window to window;
 * - a tone that rests at 0 Hz for a while (a mark of FSK): it goes when the signal goes on as loud as
 *   before, where DC stays and what comes adds its power;
 * - the carrier of AM, or the lower level of ASK: what modulates it is in phase with it, so that the
 *   bins above it mirror those below, and DC knows nothing of a signal's phase;
 * - a carrier at 0 Hz before anything modulates it: it is taken for DC, for it says nothing either
 *   way, and given back with the first modulation. No constant of that phase is taken again as
 *   long as what modulates it stays in phase.
 *
 * Where pauses were seen before, a constant that is clearly another is believed when 16 intervals
 * in a row have told of it: receivers leap when they are tuned anew, keyed carriers all the time.
 * A signal without pauses leaves the estimate as it is, at first 0. What cannot be told apart is DC
 * whose phase happens to be that of a carrier at exactly 0 Hz: it stays.
 */
class receiver_dc
{
public:
    static constexpr int pairs = 30; // of bins that window_levels::beside should cover

    //! Forgets what was found: value() is 0.
    void reset();

    /*!
     * \param windows of one interval, in the order of time
     * \param floor   of noise, per bin, on the scale of window_levels::beside
     * \returns value()
     */
    std::complex<double> follow(const std::vector<window_levels>& windows, double floor);

    std::complex<double> value() const { return d_value; }

    //! What windows tell of a constant, as sums over them.
    struct evidence {
        double windows = 0.0;
        double total = 0.0; // power of the samples
        double power = 0.0; // of the line's change and of the bins beside it
        double along = 0.0; // of that, in phase with the constant less in quadrature
        double line = 0.0;  // the constant's share that is there, 1 of all of it
        double line_squared = 0.0; // of that share

        void add(const evidence& more); // and forgets in time
    };

private:
    static evidence around(const std::vector<window_levels>& windows,
                           std::complex<double> constant);
    void take(const std::vector<window_levels>& quiet);

    std::complex<double> d_value = 0.0;
    std::complex<double> d_carrier = 0.0; // what turned out to be a signal's own
    double d_loudest = 0.0;               // beside the line, less what is forgotten
    double d_power = 0.0;                 // of the samples, in the pauses
    double d_noise = 0.0;                 // beside the line, in the pauses
    bool d_known = false;
    int d_leaps = 0;     // intervals in a row that told of another constant
    evidence d_evidence; // of d_value, or else of d_carrier
};

} // namespace kernel
} // namespace denomae
} // namespace gr

#endif
