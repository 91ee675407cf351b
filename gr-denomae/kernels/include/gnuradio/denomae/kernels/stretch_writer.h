/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A thread that writes stretches of a stream to files.
 */
#ifndef INCLUDED_DENOMAE_KERNELS_STRETCH_WRITER_H
#define INCLUDED_DENOMAE_KERNELS_STRETCH_WRITER_H

#include <gnuradio/denomae/kernels/doorbell.h>
#include <gnuradio/denomae/kernels/sample_ring.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace gr {
namespace denomae {
namespace kernel {

//! `count` samples are missing in a file in front of its sample `file_sample`, which is the
//! stream's sample `offset`.
struct stretch_gap {
    std::uint64_t file_sample;
    std::uint64_t offset;
    std::uint64_t count;
};

//! What has become of a stretch: from its first sample to `position` each was written or dropped.
struct stretch_state {
    std::uint64_t from = 0;
    std::uint64_t position = 0;
    std::uint64_t written = 0; // samples that are in the file
    std::uint64_t dropped = 0; // samples that the file could not take in time, or at all
    std::vector<stretch_gap> gaps;
    bool done = false; // nothing more will be written; the file is the caller's again
    int error = 0;     // errno of the write that failed
};

/*!
 * \brief Writes samples of a ring to file descriptors, and never holds up who fills the ring.
 *
 * What has left the ring before it could be written is dropped and counted; then half a ring is
 * skipped, so that a slow disk makes few long gaps and not many short ones. Files get raw
 * complex<float>, whole samples only. A descriptor that is O_NONBLOCK can also be given up while
 * it takes nothing, such as a pipe.
 *
 * Any thread may call any member, but start(), stop() and the destructor one alone.
 */
class stretch_writer
{
public:
    explicit stretch_writer(sample_ring& ring);
    ~stretch_writer();

    //! Rung when a stretch is done, or has been written up to its end so far; null: none.
    void set_bell(std::shared_ptr<doorbell> bell);

    void start();
    //! Gives up what is not written, and ends the thread.
    void stop();

    /*!
     * Asks for the samples from `from` (or the ring's oldest) up to `to`, for now, to be written.
     *
     * \param fd    stays open until the stretch is done; the caller closes it
     * \param limit the stretch is done when it has got there, whatever extend() says
     * \returns a number to call it by
     */
    std::uint64_t open(int fd, std::uint64_t from, std::uint64_t to, std::uint64_t limit);

    //! Goes on up to `to` (never back).
    void extend(std::uint64_t number, std::uint64_t to);
    //! Ends with what was asked for, but at sample `end` at the latest.
    void finish(std::uint64_t number, std::uint64_t end);
    //! Ends at once; what has come and is not written counts as dropped.
    void abandon(std::uint64_t number);

    //! \throws std::invalid_argument for a number that open() never gave, or that is forgotten
    stretch_state state(std::uint64_t number) const;
    //! Once done.
    void forget(std::uint64_t number);

    //! No stretch goes over this sample: one that began before it is done there.
    void set_boundary(std::uint64_t offset);
    void clear_boundaries();

    //! Who fills the ring says now and then that something has come.
    void notify() { d_wake.notify_one(); }

private:
    struct stretch;
    using stretch_ptr = std::shared_ptr<stretch>;

    void run();
    bool advance(const stretch_ptr& current, std::unique_lock<std::mutex>& lock);
    std::uint64_t end_of(const stretch& current) const;
    void settle(stretch& current);
    void ring_bell(std::unique_lock<std::mutex>& lock);
    std::size_t write(const stretch& current,
                      const char* bytes,
                      std::size_t count,
                      int& error);

    sample_ring& d_ring;
    mutable std::mutex d_mutex; // of all below but the thread
    std::condition_variable d_wake;
    std::map<std::uint64_t, stretch_ptr> d_stretches;
    std::vector<std::uint64_t> d_boundaries;
    std::shared_ptr<doorbell> d_bell;
    std::uint64_t d_next = 1;
    std::atomic<bool> d_stopping{ false };
    std::thread d_thread;
};

} // namespace kernel
} // namespace denomae
} // namespace gr

#endif
