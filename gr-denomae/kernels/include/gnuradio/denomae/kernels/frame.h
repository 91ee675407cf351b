/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A frame: consecutive complex samples, with the place where they were cut from the stream.
 */
#ifndef INCLUDED_DENOMAE_KERNELS_FRAME_H
#define INCLUDED_DENOMAE_KERNELS_FRAME_H

#include <complex>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>

namespace gr {
namespace denomae {
namespace kernel {

//! What the stream's tags, or the user in their stead, had said when a sample went by.
struct stream_anchor {
    //! Samples a second; NaN where nobody spoke of it.
    double rate_hz = std::numeric_limits<double>::quiet_NaN();
    //! Centre frequency in Hz; NaN where nobody spoke of it.
    double frequency_hz = std::numeric_limits<double>::quiet_NaN();
    //! Whether an `rx_time` tag was seen, and no change of the rate since: counting samples from
    //! that tag then tells the time. The three fields below say nothing otherwise.
    bool time_valid = false;
    //! Value of the `rx_time` tag: whole seconds, and their fraction in [0, 1).
    std::uint64_t time_seconds = 0;
    double time_fraction = 0.0;
    //! Absolute offset of the sample that carried that tag, in the stream before a rate adapter.
    std::uint64_t time_offset = 0;
    //! Behind a rate adapter: samples here of one sample of the stream before it.
    double ratio = 1.0;
};

//! Where and when a frame began.
struct frame_place {
    //! Absolute offset of the first sample since the stream began; exact up to 2^64 - 1.
    std::uint64_t sample_offset = 0;
    //! The same in the stream before a rate adapter, or in this one where there is none.
    std::uint64_t source_offset = 0;
    //! CLOCK_MONOTONIC in ns when the chunk with the frame's last sample arrived.
    std::int64_t arrival_ns = 0;
    //! Samples of that chunk that lie behind the frame's last one.
    std::uint64_t samples_behind = 0;
    //! What was in force at the first sample.
    stream_anchor anchor;
};

//! Owns the memory of one frame. It moves between framer, queue and consumer; it is never shared.
class frame
{
public:
    explicit frame(std::size_t length)
        : d_samples(new std::complex<float>[length]), d_length(length)
    {
    }

    std::complex<float>* samples() { return d_samples.get(); }
    const std::complex<float>* samples() const { return d_samples.get(); }
    std::size_t length() const { return d_length; }

    frame_place place;

private:
    std::unique_ptr<std::complex<float>[]> d_samples;
    std::size_t d_length;
};

using frame_ptr = std::unique_ptr<frame>;

} // namespace kernel
} // namespace denomae
} // namespace gr

#endif
