/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How long something took, over many times: a histogram that costs nanoseconds to fill.
 */
#ifndef INCLUDED_DENOMAE_KERNELS_DURATION_HISTOGRAM_H
#define INCLUDED_DENOMAE_KERNELS_DURATION_HISTOGRAM_H

#include <array>
#include <atomic>
#include <cstdint>

namespace gr {
namespace denomae {
namespace kernel {

/*!
 * \brief Counts durations in buckets of an eighth of an octave, from 1 ns to 2^40 ns (18 min).
 *
 * One thread records; any thread may read meanwhile and sees every duration but perhaps the
 * last ones.
 */
class duration_histogram
{
public:
    //! Longer than 2^40 ns counts as that; negative as 0.
    void record(std::int64_t nanoseconds)
    {
        const std::uint64_t value = clamped(nanoseconds);
        bump(d_counts[bucket(value)]);
        if (value > d_longest.load(std::memory_order_relaxed)) {
            d_longest.store(value, std::memory_order_relaxed);
        }
    }

    //! Forgets all; not while another thread records.
    void clear();

    std::uint64_t count() const;

    /*!
     * The duration that `share` of all did not exceed, rounded up to its bucket's end (at most
     * 12.5 % more), in nanoseconds; 0 where nothing was recorded.
     *
     * \param share 0 .. 1; 1: the longest, exactly
     * \throws std::invalid_argument
     */
    std::int64_t quantile(double share) const;

private:
    static constexpr int steps_log2 = 3; // buckets an octave
    static constexpr int octaves = 40;
    static constexpr std::uint64_t longest_counted = std::uint64_t(1) << octaves;

    static std::uint64_t clamped(std::int64_t nanoseconds);
    static int bucket(std::uint64_t value);
    static std::uint64_t bucket_end(int index);
    // One writer: no need for a locked addition.
    static void bump(std::atomic<std::uint64_t>& count)
    {
        count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    }

    std::array<std::atomic<std::uint64_t>, ((octaves + 1) << steps_log2)> d_counts{};
    std::atomic<std::uint64_t> d_longest{ 0 };
};

} // namespace kernel
} // namespace denomae
} // namespace gr

#endif
