/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Picks frames from a stream, no more of them than somebody wants to look at.
 */
#ifndef INCLUDED_DENOMAE_KERNELS_FRAME_PICKER_H
#define INCLUDED_DENOMAE_KERNELS_FRAME_PICKER_H

#include <chrono>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace gr {
namespace denomae {
namespace kernel {

/*!
 * \brief Frames at multiples of the hop: all of them, or one in so much wall time.
 *
 * Between two frames that are an interval apart the samples are passed over unread. Whoever calls
 * says what time it is. One thread at a time.
 */
class frame_picker
{
public:
    using clock = std::chrono::steady_clock;

    /*!
     * \param frame_length  samples, >= 1
     * \param hop           samples from a frame's start to the next, >= 1
     */
    frame_picker(std::size_t frame_length, std::size_t hop);

    //! Time from one frame to the next, at least; 0: every frame. A change holds at once.
    void set_interval(clock::duration interval);

    //! A stream begins, its first sample at this offset.
    void begin(std::uint64_t offset);

    //! Takes samples until a frame is whole or none is left; how many it took.
    std::size_t consume(const std::complex<float>* samples,
                        std::size_t count,
                        clock::time_point now);

    //! Whether a frame is whole: it stays until next().
    bool whole() const { return d_filled == d_frame.size(); }
    const std::vector<std::complex<float>>& frame() const { return d_frame; }
    std::uint64_t sample_offset() const
    {
        return d_start;
    } //!< of the frame's first sample

    //! Goes on. One that was of no use is followed by another after a tenth of the interval.
    void next(clock::time_point now, bool was_of_use);

private:
    std::vector<std::complex<float>> d_frame;
    const std::size_t d_hop;
    clock::duration d_interval{ 0 };
    clock::time_point d_due{};
    std::uint64_t d_position = 0; // of the next sample to arrive
    std::uint64_t d_start = 0;    // of the frame
    std::size_t d_filled = 0;
};

} // namespace kernel
} // namespace denomae
} // namespace gr

#endif
