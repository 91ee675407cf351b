/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where in a spectrum the strongest signal lies, and how wide it is.
 */
#ifndef INCLUDED_DENOMAE_KERNELS_BAND_FINDER_H
#define INCLUDED_DENOMAE_KERNELS_BAND_FINDER_H

#include <cstddef>
#include <vector>

namespace gr {
namespace denomae {
namespace kernel {

//! A signal in a spectrum; frequencies in cycles a sample.
struct occupied_band {
    bool found = false;
    double center = 0.0; //!< the middle of the band, -0.5 to 0.5
    double bandwidth =
        0.0;            //!< that holds 90 % of the signal's power, 5 % lie on either side
    double power = 0.0; //!< of the signal, in units of the periodogram
    double snr_db = 0.0; //!< signal over noise power within that bandwidth
};

/*!
 * The strongest signal of an averaged periodogram.
 *
 * The noise floor is what a quarter of the bins do not exceed, corrected for the spread that the
 * average leaves; a signal is where the smoothed spectrum stands more than five standard
 * deviations above it. Neighbouring stretches with a gap of less than a quarter of what they span
 * together are one signal (the tones of FSK, the sidebands of AM). A signal that fills more than
 * about two thirds of the spectrum leaves no floor to be told from: none is found then.
 *
 * Of 90 % and not of 99 %, because that is nearly the same for all pulses: 0.8 to 0.9 symbol rates
 * for those of root-raised cosine, 1.7 for rectangular ones, whose 99 % are 20.
 *
 * Of a signal that was clipped only the neighbourhood of its core counts, twice as far to
 * either side as the core is wide: the narrowest band that holds 90 % of 8 / pi^2, which is what
 * clipping leaves at least in place. The images beyond would make a keyed carrier many times
 * wider.
 *
 * \param power    of each bin, from -0.5 cycles a sample upwards (the middle bin is 0 Hz)
 * \param averages independent periodograms in the average (>= 1), of Hann windows
 * \param clipped  whether the samples were, see is_clipped()
 */
occupied_band find_band(const std::vector<float>& power,
                        double averages,
                        bool clipped = false);

//! The power of noise in each bin, on the scale of `power`: from the quarter of the bins that is
//! lowest; 0 if one is not finite. Parameters as in find_band().
double noise_floor(const std::vector<float>& power, double averages);

} // namespace kernel
} // namespace denomae
} // namespace gr

#endif
