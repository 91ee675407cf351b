/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What one consumer of several queues waits at.
 */
#ifndef INCLUDED_DENOMAE_KERNELS_DOORBELL_H
#define INCLUDED_DENOMAE_KERNELS_DOORBELL_H

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace gr {
namespace denomae {
namespace kernel {

/*!
 * \brief Rung by many, heard by one, and never missed.
 *
 * The consumer reads rings(), looks at all its queues, and if none holds anything waits for that
 * number to change: what came while it looked ends the wait at once. Any thread may call any
 * member.
 */
class doorbell
{
public:
    using duration = std::chrono::nanoseconds;

    void ring()
    {
        {
            std::lock_guard<std::mutex> lock(d_mutex);
            ++d_rings;
        }
        d_rung.notify_all();
    }

    //! How often it has been rung.
    std::uint64_t rings() const
    {
        std::lock_guard<std::mutex> lock(d_mutex);
        return d_rings;
    }

    //! Waits at most `timeout` until it has been rung more often than `rings`. \returns whether
    bool wait(std::uint64_t rings, duration timeout) const
    {
        std::unique_lock<std::mutex> lock(d_mutex);
        return d_rung.wait_for(lock, timeout, [&] { return d_rings > rings; });
    }

private:
    mutable std::mutex d_mutex;
    mutable std::condition_variable d_rung;
    std::uint64_t d_rings = 0;
};

} // namespace kernel
} // namespace denomae
} // namespace gr

#endif
