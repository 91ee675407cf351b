/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sink block that remembers the last samples and writes those to files that somebody asks for.
 */
#ifndef INCLUDED_DENOMAE_STRETCH_SINK_H
#define INCLUDED_DENOMAE_STRETCH_SINK_H

#include <cstdint>
#include <gnuradio/denomae/api.h>
#include <gnuradio/denomae/kernels/doorbell.h>
#include <gnuradio/denomae/kernels/framer.h>
#include <gnuradio/denomae/kernels/stretch_writer.h>
#include <gnuradio/sync_block.h>
#include <memory>
#include <vector>

namespace gr {
namespace denomae {

using kernel::doorbell;
using kernel::stream_event;
using kernel::stretch_gap;
using kernel::stretch_state;

/*!
 * \brief Keeps the last samples of a stream, and writes stretches of it to file descriptors.
 * \ingroup denomae
 *
 * Input: complex samples. No output. Stretches may begin in the past, as far as the memory goes.
 * work() copies and never waits for a file: what a file cannot take in time is dropped and told.
 * Files get complex<float> as it lies in memory.
 *
 * start() begins a new stream: its offsets are GNU Radio's. The samples of a stream that has ended
 * can still be asked for, until the next start() or halt().
 *
 * Every member but work() may be called from any thread, also while the flowgraph runs.
 */
class DENOMAE_API stretch_sink : virtual public gr::sync_block
{
public:
    using sptr = std::shared_ptr<stretch_sink>;

    /*!
     * \param capacity samples to remember at least, 1..2**31 (16 GiB)
     * \throws std::invalid_argument
     */
    static sptr make(std::int64_t capacity);

    //! As in make(); memory is taken when samples come.
    virtual void set_capacity(std::int64_t capacity) = 0;
    virtual std::int64_t capacity() const = 0;

    //! Rung when a stretch is done or at its end so far, when the first samples of a stream come,
    //! and when the flowgraph stops; null: none.
    virtual void set_bell(std::shared_ptr<doorbell> bell) = 0;

    //! Of the oldest sample that is remembered, and the one behind the newest.
    virtual std::uint64_t oldest() const = 0;
    virtual std::uint64_t head() const = 0;
    //! Of the first sample since start().
    virtual std::uint64_t first() const = 0;

    //! What tags said since the last call, in order. The last 4,096 are kept.
    virtual std::vector<stream_event> take_events() = 0;

    //! Whether a changed `rx_rate` is a boundary, as set_boundary() makes one; true at first.
    virtual void set_rate_boundaries(bool wanted) = 0;
    //! No stretch goes over the sample that is head() now: it ends there.
    virtual std::uint64_t set_boundary() = 0;

    /*!
     * Asks for the samples from `from`, or the oldest, up to `to` for now.
     *
     * \param fd    stays open until the stretch is done, or halt() returns
     * \param limit the stretch is done there, whatever extend() says
     * \returns a number to call it by
     */
    virtual std::uint64_t open(int fd,
                               std::uint64_t from,
                               std::uint64_t to,
                               std::uint64_t limit) = 0;
    //! Goes on up to `to` (never back).
    virtual void extend(std::uint64_t number, std::uint64_t to) = 0;
    //! Ends with what was asked for, but at `end` at the latest.
    virtual void finish(std::uint64_t number, std::uint64_t end) = 0;
    //! Ends at once; what has come and is not written counts as dropped.
    virtual void abandon(std::uint64_t number) = 0;
    //! \throws std::invalid_argument for no stretch's number
    virtual stretch_state state(std::uint64_t number) const = 0;
    virtual void forget(std::uint64_t number) = 0;

    //! Gives up all stretches and ends the writing thread, until the next start().
    virtual void halt() = 0;

    //! How often start() has run.
    virtual std::uint64_t run() const = 0;
    //! The run in progress, or else the one that the next start() will begin.
    virtual std::uint64_t current_run() const = 0;
    //! Whether the stream of that run has ended: head() is its last word.
    virtual bool ended(std::uint64_t run) const = 0;
};

} // namespace denomae
} // namespace gr

#endif
