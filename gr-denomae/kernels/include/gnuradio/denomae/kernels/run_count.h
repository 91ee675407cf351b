/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which run of a flowgraph it is.
 */
#ifndef INCLUDED_DENOMAE_KERNELS_RUN_COUNT_H
#define INCLUDED_DENOMAE_KERNELS_RUN_COUNT_H

#include <cstdint>

namespace gr {
namespace denomae {
namespace kernel {

/*!
 * \brief Counts a block's runs, so that what was meant for one never reaches another.
 *
 * A flowgraph stops all its blocks before it starts any: current() is the same for all of them,
 * whichever starts first. Not for two threads at once; its owner has the lock.
 */
class run_count
{
public:
    void begin() { ++d_run; }
    void end() { d_ended = d_run; }

    //! How often a run has begun.
    std::uint64_t run() const { return d_run; }
    //! The run in progress, or else the one that the next begin() will be.
    std::uint64_t current() const { return d_run == d_ended ? d_run + 1 : d_run; }
    //! Whether another run has begun since.
    bool is_past(std::uint64_t run) const { return run < d_run; }
    //! Whether that run is over.
    bool has_ended(std::uint64_t run) const { return is_past(run) || run == d_ended; }

private:
    std::uint64_t d_run = 0;
    std::uint64_t d_ended = 0;
};

} // namespace kernel
} // namespace denomae
} // namespace gr

#endif
