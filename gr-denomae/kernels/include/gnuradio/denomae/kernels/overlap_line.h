/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A delayed stream into which frames are cross-faded as they leave.
 */
#ifndef INCLUDED_DENOMAE_KERNELS_OVERLAP_LINE_H
#define INCLUDED_DENOMAE_KERNELS_OVERLAP_LINE_H

#include <complex>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <gnuradio/denomae/kernels/delay_line.h>
#include <memory>
#include <vector>

namespace gr {
namespace denomae {
namespace kernel {

//! N samples that are to stand where N samples of the stream stood.
struct overlap_frame {
    std::uint64_t sample_offset = 0; // of the first, in the stream that enters
    std::unique_ptr<std::complex<float>[]> samples;
};

/*!
 * \brief Delays a stream and fades whole frames into it, with a Hann window each.
 *
 * A sample x leaves as x + sum of w * (d - x) over the frames that are there when it does, with d
 * the frame's own sample and w its window. The windows of frames a hop apart sum to 1, so that
 * where all frames came x is gone, and where one is missing x fades in and out again in its place.
 *
 * Of one thread. What comes out does not depend on how the stream is cut into calls, as long as the
 * same frames come in time. Frames must lie at least a hop apart.
 */
class overlap_line
{
public:
    /*!
     * \param delay_samples from frame_length up, see delay_line
     * \param frame_length  N, >= 2
     * \param hop           samples from the start of a frame to the start of the next; divides N,
     *                      at most N / 2
     * \throws std::invalid_argument
     */
    overlap_line(std::int64_t delay_samples, std::int64_t frame_length, std::int64_t hop);

    std::int64_t delay_samples() const { return d_delay.delay_samples(); }
    std::int64_t frame_length() const
    {
        return static_cast<std::int64_t>(d_window.size());
    }
    std::int64_t hop() const { return d_hop; }

    //! The stream begins anew, its next sample is that of `sample_offset`; no frame is kept.
    void begin(std::uint64_t sample_offset);

    //! Adds a frame. \returns false, and forgets it, where its first sample has left already or
    //! lies before the stream's beginning
    bool add(overlap_frame frame);

    //! Frames that have not left wholly.
    std::size_t waiting() const { return d_frames.size(); }

    //! Takes `count` samples and gives as many; `in` and `out` must not overlap.
    void pass(const std::complex<float>* in, std::complex<float>* out, std::size_t count);

private:
    //! How many samples lie between the next to leave and a sample; below 0: it has left.
    std::int64_t until(std::uint64_t sample_offset) const
    {
        return static_cast<std::int64_t>(sample_offset - d_entered) + delay_samples();
    }

    delay_line d_delay;
    const std::int64_t d_hop;
    std::vector<float> d_window;
    std::deque<overlap_frame> d_frames; // by offset
    std::uint64_t d_begin = 0;          // offset of the first sample
    std::uint64_t d_entered = 0;        // offset of the next sample to enter
    std::vector<std::complex<float>> d_noisy;
};

} // namespace kernel
} // namespace denomae
} // namespace gr

#endif
