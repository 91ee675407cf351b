/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Brings a band of a stream to the middle and to another sample rate, each output sample at a
 * place of the input that is known exactly.
 */
#ifndef INCLUDED_DENOMAE_KERNELS_BAND_RESAMPLER_H
#define INCLUDED_DENOMAE_KERNELS_BAND_RESAMPLER_H

#include <complex>
#include <cstdint>
#include <vector>

namespace gr {
namespace denomae {
namespace kernel {

//! From input to output: `shift` cycles an input sample go to 0, `ratio` output samples come of
//! one input sample.
struct band_mapping {
    double ratio = 1.0;
    double shift = 0.0;
};

/*!
 * \brief Shifts and resamples by any ratio, with a mapping that may change at any sample.
 *
 * Output sample m of a mapping is the band-limited input at `origin + m / ratio`: there is no
 * delay to be counted. The low-pass is a Kaiser-windowed sinc of `zero_crossings` on either side,
 * flat to 0.45, down by 3 dB at 0.5 and by 80 dB from 0.56 of the smaller of the two rates: white
 * noise stays white at a lower rate. At a ratio of 1 there is no low-pass. Samples before the
 * stream began are zeros.
 *
 * Not for two threads at once.
 */
class band_resampler
{
public:
    static constexpr double least_ratio = 1.0 / 64;
    static constexpr double largest_ratio = 8.0;
    static constexpr int zero_crossings = 25;

    band_resampler();

    //! Forgets all samples; the next one has number 0, and the mapping is 1 to 1.
    void reset();

    /*!
     * From the input sample with number received() on another mapping holds. Call finish()
     * before, or what is still to come of the present one never does.
     * \throws std::invalid_argument for a ratio beyond its limits or a shift that is not finite
     */
    void set_mapping(const band_mapping& mapping);
    const band_mapping& mapping() const { return d_mapping; }

    //! The number of the input sample at which output sample 0 of the present mapping lies.
    std::uint64_t origin() const { return d_origin; }

    //! How many input samples have come since reset().
    std::uint64_t received() const { return d_received; }

    //! How many output samples have come of the present mapping.
    std::uint64_t produced() const { return d_produced; }

    /*!
     * Takes input, and puts out all samples whose neighbours are there.
     * \param out appended to
     */
    void push(const std::complex<float>* in,
              std::size_t count,
              std::vector<std::complex<float>>& out);

    /*!
     * Puts out what lies before received() under the present mapping, the samples behind it
     * taken for zeros: before a mapping changes or the stream ends.
     * \returns how many samples were appended
     */
    std::size_t finish(std::vector<std::complex<float>>& out);

private:
    void make_taps();
    void mix_history();
    void produce(std::uint64_t end, std::vector<std::complex<float>>& out);
    std::complex<double> rotation(std::uint64_t number) const;

    band_mapping d_mapping;
    std::uint64_t d_origin = 0;
    std::uint64_t d_received = 0;
    std::uint64_t d_produced = 0;

    std::size_t d_half = 0; // input samples on either side of an output sample
    std::vector<float>
        d_taps; // [phases + 1][2 * half], of growing fractions of an input sample

    // The latest input, as it came and shifted; sample i of both has number d_first + i.
    std::vector<std::complex<float>> d_raw, d_mixed;
    std::int64_t d_first = 0;
};

} // namespace kernel
} // namespace denomae
} // namespace gr

#endif
