/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Brings a signal of unknown rate and place to the bandwidth that a model was trained on.
 */
#ifndef INCLUDED_DENOMAE_RATE_ADAPTER_H
#define INCLUDED_DENOMAE_RATE_ADAPTER_H

#include <cstdint>
#include <gnuradio/block.h>
#include <gnuradio/denomae/api.h>
#include <memory>

namespace gr {
namespace denomae {

/*!
 * \brief Finds the strongest signal's band, centres it and resamples it.
 * \ingroup denomae
 *
 * Input and output: complex samples. The stream is taken in stretches of `interval` samples. Of
 * each the spectrum is averaged, the strongest band is found, and if it lies elsewhere than the
 * one that is followed, the stretch and all behind it are shifted and resampled anew, so that its
 * 90 % bandwidth becomes `target_bandwidth` of the output's rate. Of a signal that the receiver
 * has clipped, the images that clipping makes do not count. With `remove_dc`, the constant that
 * stands in the signal's pauses is taken off before; a signal's own carrier at 0 Hz is not. The same input gives the same
 * output, however it arrives. A stretch comes out when it has come in whole: that is the delay,
 * and at the end of a stream less than an interval stays inside.
 *
 * Tag `denomae_band` on the first output sample of each mapping, also of the first, which is 1 to
 * 1: a dictionary of `ratio` (double, output samples an input sample), `shift` (double, cycles an
 * input sample, which have become 0 Hz) and `origin` (uint64, the input sample that lies where the
 * tag is). The input sample of output sample m is origin + (m - the tag's offset) / ratio. Other
 * tags move with their samples, their values as they are.
 *
 * The setters and getters may be called from any thread.
 */
class DENOMAE_API rate_adapter : virtual public gr::block
{
public:
    using sptr = std::shared_ptr<rate_adapter>;

    /*!
     * \param target_bandwidth of the signal, in cycles an output sample, 0.01 to 0.8; a linear
     *                         modulation with root-raised cosine pulses has about
     *                         0.85 / target_bandwidth samples a symbol then
     * \param interval         samples that are looked at for one measurement, 2048 to 2^22
     * \param adapting         whether bands are followed; if not, the last mapping stays
     * \param remove_dc        whether the receiver's DC is taken off
     * \throws std::invalid_argument naming the parameter, what was found and what was wanted
     */
    static sptr make(double target_bandwidth = 0.12,
                     std::int64_t interval = 8192,
                     bool adapting = true,
                     bool remove_dc = true);

    //! Takes effect at the next change of the band.
    virtual void set_target_bandwidth(double target_bandwidth) = 0;
    virtual double target_bandwidth() const = 0;
    virtual void set_adapting(bool adapting) = 0;
    virtual bool adapting() const = 0;

    //! Takes effect with the next interval; what was known of DC is forgotten.
    virtual void set_remove_dc(bool remove_dc) = 0;
    virtual bool remove_dc() const = 0;
    virtual std::int64_t interval() const = 0;

    //! Of the present mapping: output samples an input sample.
    virtual double ratio() const = 0;
    //! Of the present mapping: cycles an input sample that become 0 Hz.
    virtual double shift() const = 0;
    //! How often the mapping has changed since start().
    virtual std::uint64_t changes() const = 0;
};

} // namespace denomae
} // namespace gr

#endif
