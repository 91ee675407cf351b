/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sink block that cuts a stream into frames and keeps them for a consumer outside the flowgraph.
 */
#ifndef INCLUDED_DENOMAE_FRAME_SINK_H
#define INCLUDED_DENOMAE_FRAME_SINK_H

#include <cstdint>
#include <gnuradio/denomae/api.h>
#include <gnuradio/denomae/kernels/doorbell.h>
#include <gnuradio/denomae/kernels/frame_batch.h>
#include <gnuradio/denomae/kernels/frame_queue.h>
#include <gnuradio/denomae/kernels/power_gate.h>
#include <gnuradio/sync_block.h>
#include <memory>

namespace gr {
namespace denomae {

using kernel::doorbell;
using kernel::drop_policy;
using kernel::frame_batch;
using kernel::frame_counters;

/*!
 * \brief Cuts complex samples into frames, gates them on power and bounds their queue.
 * \ingroup denomae
 *
 * Input: complex samples, full scale 1.0. No output: a consumer takes the frames with pop(),
 * from a thread of its own. work() takes no interpreter lock, calls nobody and, under the
 * policies `newest` and `oldest`, never waits, so a slow consumer costs frames and no samples
 * of the stream: each frame that is not delivered is counted.
 *
 * Tags `rx_time` (tuple of whole and fractional seconds), `rx_rate` (Hz) and `rx_freq` (Hz) are
 * read, and kept with the frames that begin while they are in force. A second `rx_time`, or a
 * changed `rx_rate` or `rx_freq`, is a discontinuity: the unfinished frame is thrown away, the
 * gate closes, and the next frame begins at the tagged sample. A second `rx_time` that agrees
 * with the counted one to within half a sample, at the rate that was said or tagged, proves
 * that no sample is missing: it is none. After a changed `rx_rate` with no `rx_time` on the
 * same sample frames have no time until the next `rx_time`: the samples since the last one went
 * by at two rates.
 *
 * A tag `denomae_band` of a rate adapter is a discontinuity too. Offsets, times, rate and
 * frequency are then those of the stream before the adapter, which is also whose rate and
 * frequency the setters say.
 *
 * What set_sample_rate() and set_center_frequency() say wins over the tags' values, for frames
 * that begin after the call: a frame keeps what was in force when it began, however long it
 * waits in the queue. Such a change is a discontinuity too. What a receiver sends while it is
 * being tuned is of nobody knows which frequency: call hold() before its driver, and release()
 * when that has returned.
 *
 * The setters, the getters, pop(), discard(), counters(), run() and finished() may be called
 * from any thread, also while the flowgraph runs.
 */
class DENOMAE_API frame_sink : virtual public gr::sync_block
{
public:
    using sptr = std::shared_ptr<frame_sink>;

    /*!
     * \param frame_length  samples a frame, >= 1
     * \param hop           samples from the start of a frame to the start of the next, >= 1:
     *                      below frame_length frames overlap, above it samples are skipped
     * \param queue_frames  frames that wait for pop() at most, >= 1; their memory is
     *                      8 bytes * frame_length * queue_frames, at most 16 GiB
     * \param policy        which frame to drop when the queue is full; `block` drops none and
     *                      holds the stream up instead, for files
     * \param gate_db       mean power, dB relative to full scale, from which frames pass;
     *                      -inf: no gate. Frames of nothing but zeros never pass
     * \param hysteresis_db the open gate closes below gate_db - hysteresis_db, >= 0
     * \throws std::invalid_argument naming the parameter, what was found and what was wanted
     */
    static sptr make(std::int64_t frame_length,
                     std::int64_t hop,
                     std::int64_t queue_frames,
                     drop_policy policy = drop_policy::newest,
                     double gate_db = kernel::power_gate::always_open,
                     double hysteresis_db = 3.0);

    virtual std::int64_t frame_length() const = 0;
    virtual std::int64_t hop() const = 0;
    virtual std::int64_t queue_frames() const = 0;
    virtual drop_policy policy() const = 0;

    //! Takes effect at the next whole frame. \throws std::invalid_argument for NaN
    virtual void set_gate_db(double gate_db) = 0;
    virtual double gate_db() const = 0;

    //! \throws std::invalid_argument unless finite and >= 0
    virtual void set_hysteresis_db(double hysteresis_db) = 0;
    virtual double hysteresis_db() const = 0;

    /*!
     * Says what the stream's rate is from the next samples that enter the block, whatever the
     * `rx_rate` tags say. A change while the flowgraph runs also ends the time, until the next
     * `rx_time`: the samples since the last one went by at two rates. Between hold() and
     * release() it does not end a time that was told since hold().
     *
     * \param rate_hz        > 0; NaN: the tags'
     * \param settle_samples thrown away at a change while the flowgraph runs, >= 0: samples
     *                       that were captured before it and come after it
     * \throws std::invalid_argument
     */
    virtual void set_sample_rate(double rate_hz, std::int64_t settle_samples = 0) = 0;

    /*!
     * Says what the stream's centre frequency is, in the same way.
     *
     * \param frequency_hz   finite; NaN: the tags'
     * \param settle_samples as above
     * \throws std::invalid_argument
     */
    virtual void set_center_frequency(double frequency_hz,
                                      std::int64_t settle_samples = 0) = 0;

    /*!
     * Announces that rate or frequency are about to change: no frame is cut from samples that
     * enter the block after the call, until release(). Tags among them are heeded.
     */
    virtual void hold() = 0;

    /*!
     * Says what the stream is now, and ends hold().
     *
     * \param rate_hz        as in set_sample_rate()
     * \param frequency_hz   as in set_center_frequency()
     * \param settle_samples thrown away from here on where the flowgraph ran meanwhile, >= 0
     * \throws std::invalid_argument; then it is held as before
     */
    virtual void release(double rate_hz,
                         double frequency_hz,
                         std::int64_t settle_samples = 0) = 0;

    /*!
     * Waits for a frame and takes all that are queued, oldest first, up to a number.
     *
     * Returns early, with nothing, when the flowgraph stops while it waits. The batch owns its
     * memory.
     *
     * \param max_frames >= 1
     * \param timeout_s  seconds to wait for the first frame, >= 0; more than a day counts as one
     * \returns a batch of 0 frames after the timeout
     * \throws std::invalid_argument
     */
    virtual frame_batch pop(std::int64_t max_frames, double timeout_s) = 0;

    //! Rung whenever pop() has something new to say: a frame was queued, or the flowgraph stopped.
    //! One bell for several sinks lets one thread wait for all of them; null: none.
    virtual void set_bell(std::shared_ptr<doorbell> bell) = 0;

    //! Throws away the queued frames, counted as dropped. \returns how many
    virtual std::uint64_t discard() = 0;

    //! A consistent snapshot of what became of every frame since start().
    virtual frame_counters counters() const = 0;

    /*!
     * The seconds that `share` of all calls of work() since start() did not exceed, to an
     * eighth more; the longest for 1, 0 before the first.
     * \throws std::invalid_argument unless 0 <= share <= 1
     */
    virtual double work_time_s(double share) const = 0;

    //! How often work() has run since start().
    virtual std::uint64_t work_calls() const = 0;

    //! How often start() has run.
    virtual std::uint64_t run() const = 0;

    //! The run in progress, or else the one that the next start() will begin. A flowgraph stops
    //! all its blocks before it starts any, so that in the start() of another block this is
    //! the run of the same flowgraph's start, whichever of the two comes first.
    virtual std::uint64_t current_run() const = 0;

    //! Whether stop() has been called for that run and none of its frames is queued any more.
    virtual bool finished(std::uint64_t run) const = 0;
};

} // namespace denomae
} // namespace gr

#endif
