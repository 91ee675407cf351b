/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Block that delays a stream and fades frames into it that were worked on elsewhere.
 */
#ifndef INCLUDED_DENOMAE_OVERLAP_ADDER_H
#define INCLUDED_DENOMAE_OVERLAP_ADDER_H

#include <complex>
#include <cstdint>
#include <gnuradio/denomae/api.h>
#include <gnuradio/sync_block.h>
#include <memory>

namespace gr {
namespace denomae {

/*!
 * \brief Delays complex samples by a constant number and overlap-adds frames that come meanwhile.
 * \ingroup denomae
 *
 * Frames are those that a frame_sink with the same length and hop cut from the same stream, worked
 * on by anyone. Each is weighted with a Hann window; the windows of consecutive frames sum to 1.
 * What the windows of the frames that came in time leave of 1 is filled with the delayed input, so
 * that a frame that is late, or never comes, fades to the input and back. Output n belongs to input
 * n - delay_samples; the first delay_samples of each run of the flowgraph are zeros. As many samples
 * leave as enter, and work() never waits. Tags of the stream move with their samples. The output
 * may stay open.
 *
 * add(), current_run() and the counters may be used from any thread.
 */
class DENOMAE_API overlap_adder : virtual public gr::sync_block
{
public:
    using sptr = std::shared_ptr<overlap_adder>;

    /*!
     * \param delay_samples from frame_length to 2^30; 8 bytes of memory each
     * \param frame_length  samples a frame, >= 2
     * \param hop           samples from the start of a frame to the start of the next; divides
     *                      frame_length, at most half of it
     * \throws std::invalid_argument naming the parameter, what was found and what was wanted
     */
    static sptr make(std::int64_t delay_samples,
                     std::int64_t frame_length,
                     std::int64_t hop);

    virtual std::int64_t delay_samples() const = 0;
    virtual std::int64_t frame_length() const = 0;
    virtual std::int64_t hop() const = 0;

    /*!
     * Hands in a frame of the run in progress, or of one that is about to begin.
     *
     * \param run           what current_run() said when that run began; a frame of another run is
     *                      late
     * \param sample_offset of its first sample, counted in the input
     * \param samples       frame_length of them, which are copied
     */
    virtual void add(std::uint64_t run,
                     std::uint64_t sample_offset,
                     const std::complex<float>* samples) = 0;

    //! As frame_sink::current_run().
    virtual std::uint64_t current_run() const = 0;

    //! Frames that went, or are going, into the output, since the flowgraph began.
    virtual std::uint64_t used_frames() const = 0;
    //! Frames that came when their first sample had left, or that the run's end left behind.
    virtual std::uint64_t late_frames() const = 0;
    //! Frames for which there was no room.
    virtual std::uint64_t dropped_frames() const = 0;
};

} // namespace denomae
} // namespace gr

#endif
