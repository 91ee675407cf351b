/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Cuts a stream that arrives in chunks of any size into frames.
 */
#ifndef INCLUDED_DENOMAE_KERNELS_FRAMER_H
#define INCLUDED_DENOMAE_KERNELS_FRAMER_H

#include <complex>
#include <cstdint>
#include <gnuradio/denomae/kernels/frame_queue.h>
#include <gnuradio/denomae/kernels/power_gate.h>
#include <limits>
#include <vector>

namespace gr {
namespace denomae {
namespace kernel {

//! What the tags on one sample say; fields that no tag spoke of are left unset.
struct stream_event {
    std::uint64_t offset = 0; //!< absolute offset of the sample
    bool has_time = false;
    std::uint64_t time_seconds = 0;
    double time_fraction = 0.0;
    bool has_rate = false;
    double rate_hz = 0.0;
    bool has_frequency = false;
    double frequency_hz = 0.0;
    bool has_band = false;    //!< a rate adapter's mapping begins here:
    double ratio = 1.0;       //!< samples here of one before it, > 0
    std::uint64_t origin = 0; //!< the sample before it that lies here
};

//! What the user says of the stream, which wins over its tags; NaN: what they say.
struct stream_parameters {
    double rate_hz = std::numeric_limits<double>::quiet_NaN();
    double frequency_hz = std::numeric_limits<double>::quiet_NaN();
};

/*!
 * \brief Cuts frames of a fixed length every `hop` samples and pushes those that pass the
 * gate into a queue.
 *
 * The hop may be shorter than a frame (overlapping frames), equal (contiguous) or longer
 * (samples in between are skipped). A time tag after the first one, and a rate or frequency
 * that differs from the last, is a discontinuity: the partial frame is thrown away, its
 * samples are counted, the gate closes, and the next frame begins exactly at the tagged
 * sample. So is another mapping of a rate adapter; what frames say of place, time, rate and
 * frequency is of the stream before it. After a rate that changed without a time on the same sample the time is unknown
 * until it is told anew.
 *
 * A repeated time that agrees with the counted one, to within half a sample at the rate in
 * force, proves that no sample is missing: it is no discontinuity, and says nothing new.
 *
 * One thread at a time may call begin(), set_parameters(), hold(), release(), consume() and
 * end().
 */
class framer
{
public:
    /*!
     * \param queue where frames go; must outlive the framer. Its frame length is the framer's
     * \param hop   samples from the start of a frame to the start of the next (>= 1)
     * \param gate  must outlive the framer
     * \throws std::invalid_argument for a hop of 0
     */
    framer(frame_queue& queue, std::uint64_t hop, power_gate& gate);

    /*!
     * Begins a run at an absolute offset. What the tags had said is kept when the offset is
     * where the last run ended (a flowgraph that was reconfigured), forgotten otherwise.
     */
    void begin(std::uint64_t offset);

    /*!
     * Says what the stream is from position() on. A change amid a run is a discontinuity: the
     * partial frame is thrown away, and so are the next `settle_samples`, which were captured
     * before the change and were still on their way; tags among them are heeded. After a
     * changed rate the time is unknown until a tag tells it anew, unless one has since hold().
     * Where nothing changes, nothing happens.
     */
    void set_parameters(const stream_parameters& parameters,
                        std::uint64_t settle_samples);

    /*!
     * Announces a change of the stream: the partial frame is thrown away, which is a
     * discontinuity amid a run, and so are all samples until release(). Tags among them are
     * heeded, and taken for those of the new stream.
     */
    void hold();

    /*!
     * Ends hold(), after set_parameters() has said what the stream is now: amid a run
     * `settle_samples` more are thrown away.
     */
    void release(std::uint64_t settle_samples);

    /*!
     * Takes samples from the stream, in order and without gaps.
     *
     * \param samples    `count` samples, the first at position()
     * \param events     sorted by offset, one entry an offset; entries before position() and
     *                   beyond the chunk are ignored
     * \param arrival_ns CLOCK_MONOTONIC at which the chunk arrived
     * \returns samples consumed: all of them, or fewer under the policy `block` when the
     *          queue is full. The rest must be offered again, with its events.
     */
    std::size_t consume(const std::complex<float>* samples,
                        std::size_t count,
                        const std::vector<stream_event>& events,
                        std::int64_t arrival_ns);

    //! Ends the run: the samples of an unfinished frame are counted and forgotten.
    void end();

    //! Absolute offset of the next sample that consume() expects.
    std::uint64_t position() const { return d_position; }

private:
    void apply(const stream_event& event);
    bool agrees(const stream_event& event) const;
    std::uint64_t source_of(std::uint64_t offset) const;
    void break_frame();
    void start_frame(std::uint64_t offset);
    void complete(std::int64_t arrival_ns, std::uint64_t samples_behind);
    void forget_partial();
    std::uint64_t fresh_samples() const { return d_filled - d_carried; }

    frame_queue& d_queue;
    power_gate& d_gate;
    const std::size_t d_length;
    const std::uint64_t d_hop;

    std::uint64_t d_begin = 0; // where this run began
    std::uint64_t d_position = 0;
    std::uint64_t d_events_from = 0; // events before this offset were applied
    std::uint64_t d_skip = 0;        // samples to pass over before the next frame
    std::uint64_t d_settle = 0;      // the same, whatever tags are among them
    bool d_held = false;             // the same, until it is released
    std::uint64_t d_held_from = 0;   // tags from here on are of the new stream
    std::size_t d_filled = 0;        // samples in the unfinished frame,
    std::size_t d_carried = 0;       // of which these belong to the frame before as well
    frame_ptr d_current;
    frame_ptr d_spare;

    stream_parameters d_parameters;
    stream_anchor d_anchor;
    bool d_time_heard = false;      // a time was told, be it in force or not
    std::uint64_t d_time_since = 0; // where the time in force was told,
    std::uint64_t d_rate_since = 0; // and rate and frequency were first heard of
    std::uint64_t d_frequency_since = 0;
    std::uint64_t d_band_since =
        0; // where this stream and that before an adapter were tied,
    std::uint64_t d_band_origin = 0; // and the sample there
};

} // namespace kernel
} // namespace denomae
} // namespace gr

#endif
