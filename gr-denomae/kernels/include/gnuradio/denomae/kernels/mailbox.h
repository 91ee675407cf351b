/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The side entrance of a stream: what other threads have to say of samples that went by.
 */
#ifndef INCLUDED_DENOMAE_KERNELS_MAILBOX_H
#define INCLUDED_DENOMAE_KERNELS_MAILBOX_H

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <gnuradio/denomae/kernels/run_count.h>
#include <mutex>
#include <utility>
#include <vector>

namespace gr {
namespace denomae {
namespace kernel {

/*!
 * \brief A bounded box of mail for the run of a flowgraph for which it was written.
 *
 * Any thread posts; the stream's thread takes all that waits. Neither ever waits for the other
 * longer than it takes to move one pointer. Runs are counted as frame_sink counts them, so that mail
 * written for one run never reaches the next, whichever of the flowgraph's blocks starts first.
 */
template <typename Item>
class mailbox
{
public:
    enum class answer { taken, full, over };

    //! \param capacity items that wait at most, >= 1
    explicit mailbox(std::size_t capacity) : d_capacity(capacity) {}

    //! The run in progress, or else the one that the next open() will begin.
    std::uint64_t current_run() const
    {
        std::lock_guard<std::mutex> lock(d_mutex);
        return d_runs.current();
    }

    //! A run begins. What was posted for it already stays.
    void open()
    {
        std::lock_guard<std::mutex> lock(d_mutex);
        if (d_runs.has_ended(d_runs.run())) {
            d_runs.begin();
        }
    }

    //! The run is over. \returns how many items nobody took
    std::size_t close()
    {
        std::vector<Item> left; // their destructors run without the lock
        std::lock_guard<std::mutex> lock(d_mutex);
        d_runs.end();
        left.swap(d_items);
        d_waiting.store(false, std::memory_order_relaxed);
        return left.size();
    }

    //! Leaves an item for a run. `over`: that run is no longer the current one.
    answer post(std::uint64_t run, Item item)
    {
        std::lock_guard<std::mutex> lock(d_mutex);
        if (run != d_runs.current()) {
            return answer::over;
        }
        if (d_items.size() >= d_capacity) {
            return answer::full;
        }
        d_items.push_back(std::move(item));
        d_waiting.store(true, std::memory_order_release);
        return answer::taken;
    }

    //! Takes all that waits, in the order in which it came; `items` is emptied first.
    void take(std::vector<Item>& items)
    {
        items.clear();
        if (!d_waiting.load(std::memory_order_acquire)) {
            return; // the stream takes no lock that it does not need
        }
        std::lock_guard<std::mutex> lock(d_mutex);
        items.swap(d_items);
        d_waiting.store(false, std::memory_order_relaxed);
    }

private:
    const std::size_t d_capacity;
    mutable std::mutex d_mutex;
    std::vector<Item> d_items;
    std::atomic<bool> d_waiting{ false };
    run_count d_runs;
};

} // namespace kernel
} // namespace denomae
} // namespace gr

#endif
