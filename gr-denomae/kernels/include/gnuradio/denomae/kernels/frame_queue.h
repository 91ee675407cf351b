/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A bounded queue of frames with recycled memory, exact counters and a choice of what to
 * drop when it is full.
 */
#ifndef INCLUDED_DENOMAE_KERNELS_FRAME_QUEUE_H
#define INCLUDED_DENOMAE_KERNELS_FRAME_QUEUE_H

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <gnuradio/denomae/kernels/doorbell.h>
#include <gnuradio/denomae/kernels/frame.h>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace gr {
namespace denomae {
namespace kernel {

//! What happens to a frame that finds the queue full.
enum class drop_policy {
    newest, //!< keep the newest: the oldest frame in the queue is dropped (live)
    oldest, //!< keep the oldest: the arriving frame is dropped
    block   //!< drop nothing: the producer waits for room (files)
};

//! "newest", "oldest" or "block" to the policy; std::invalid_argument on any other word.
drop_policy parse_drop_policy(const std::string& word);
const char* drop_policy_name(drop_policy policy);

/*!
 * What became of every whole frame since reset().
 *
 * At any moment seen == gated + invalid + dropped + delivered + queued.
 */
struct frame_counters {
    std::uint64_t seen = 0;      //!< whole frames cut from the stream
    std::uint64_t gated = 0;     //!< below the power gate, or all zero
    std::uint64_t invalid = 0;   //!< with a NaN or infinite sample
    std::uint64_t dropped = 0;   //!< found no room, or were thrown away by discard()
    std::uint64_t delivered = 0; //!< handed to the consumer
    std::uint64_t queued = 0;    //!< waiting now
    std::uint64_t discontinuities = 0; //!< places where framing began anew
    //! Samples that were collected for a frame but belong to none, because the stream broke
    //! or ended before the frame was whole.
    std::uint64_t tail_samples = 0;
};

/*!
 * \brief Bounded queue between one producer and any number of consumers.
 *
 * Every member may be called from any thread, unless it says otherwise; push() and
 * wait_for_room() are the producer's. The lock is held while pointers move, never while
 * samples are copied. Frames are recycled: once warm, nothing is allocated per frame.
 */
class frame_queue
{
public:
    using duration = std::chrono::nanoseconds;

    /*!
     * \param frame_length samples a frame (>= 1)
     * \param capacity     frames the queue holds (>= 1)
     * \throws std::invalid_argument for 0, or when the whole queue would pass 2^31 samples
     */
    frame_queue(std::size_t frame_length, std::size_t capacity, drop_policy policy);

    std::size_t frame_length() const { return d_frame_length; }
    std::size_t capacity() const { return d_ring.size(); }
    drop_policy policy() const { return d_policy; }

    //! Rung at every frame that is queued, and by wake(); null: none.
    void set_bell(std::shared_ptr<doorbell> bell);

    //! A blank frame from the pool, or a new one. Never waits.
    frame_ptr acquire();

    /*!
     * Queues a frame, or drops one by the policy. Producer only.
     * \returns a blank frame to fill next
     * \throws std::logic_error under `block` when the queue is full: ask has_room() first
     */
    frame_ptr push(frame_ptr full);

    //! Whether push() would drop nothing. Only the producer's own push() can make it false.
    bool has_room() const;

    //! Waits until there is room, at most `timeout`. Producer only. \returns has_room()
    bool wait_for_room(duration timeout);

    void count_gated();
    void count_invalid();
    void count_discontinuity(std::uint64_t tail_samples);
    void count_tail(std::uint64_t samples);

    /*!
     * Moves up to `max_frames` frames to the end of `out`, oldest first, as soon as at least
     * one is there; waits for it at most `timeout`, or until wake().
     * \returns how many came: 0 after a timeout or a wake()
     */
    std::size_t take(std::vector<frame_ptr>& out,
                     std::size_t max_frames,
                     duration timeout);

    //! Gives frames that were taken back to the pool, and empties `frames`.
    void recycle(std::vector<frame_ptr>& frames);

    //! Ends the take() calls that are waiting now; later ones wait as usual.
    void wake();

    //! Throws away what is queued, and counts it as dropped. \returns how many frames
    std::size_t discard();

    bool empty() const;

    //! One consistent snapshot.
    frame_counters counters() const;

    //! Empties the queue and sets every counter to zero.
    void reset();

private:
    frame_ptr pop_oldest();
    void push_back(frame_ptr full);
    void keep(frame_ptr blank);
    static void ring(const std::shared_ptr<doorbell>& bell);

    const std::size_t d_frame_length;
    const drop_policy d_policy;

    mutable std::mutex d_mutex;
    std::condition_variable d_filled;
    std::condition_variable d_drained;
    std::vector<frame_ptr> d_ring;
    std::size_t d_head = 0;
    std::vector<frame_ptr> d_pool;
    std::uint64_t d_wakes = 0;
    std::shared_ptr<doorbell> d_bell;
    frame_counters d_counters; // .queued is the ring's fill
};

} // namespace kernel
} // namespace denomae
} // namespace gr

#endif
