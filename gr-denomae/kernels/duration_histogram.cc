/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <algorithm>
#include <cmath>
#include <gnuradio/denomae/kernels/duration_histogram.h>
#include <stdexcept>
#include <string>

namespace gr {
namespace denomae {
namespace kernel {

void duration_histogram::clear()
{
    for (auto& count : d_counts) {
        count.store(0, std::memory_order_relaxed);
    }
    d_longest.store(0, std::memory_order_relaxed);
}

std::uint64_t duration_histogram::count() const
{
    std::uint64_t sum = 0;
    for (const auto& count : d_counts) {
        sum += count.load(std::memory_order_relaxed);
    }
    return sum;
}

std::int64_t duration_histogram::quantile(double share) const
{
    if (!(share >= 0.0 && share <= 1.0)) {
        throw std::invalid_argument("share is " + std::to_string(share) +
                                    ", wanted a number from 0 to 1");
    }
    const std::uint64_t longest = d_longest.load(std::memory_order_relaxed);
    const std::uint64_t total = count();
    if (total == 0) {
        return 0;
    }
    const auto rank = std::max<std::uint64_t>(
        1, static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(total))));
    std::uint64_t sum = 0;
    for (std::size_t index = 0; index < d_counts.size() && rank < total; ++index) {
        sum += d_counts[index].load(std::memory_order_relaxed);
        if (sum >= rank) {
            return std::min(bucket_end(static_cast<int>(index)), longest);
        }
    }
    return longest;
}

std::uint64_t duration_histogram::clamped(std::int64_t nanoseconds)
{
    return std::min<std::uint64_t>(std::max<std::int64_t>(nanoseconds, 0),
                                   longest_counted);
}

// Below one octave's number of buckets each value has its own; above it a bucket is the value's
// leading digits, as in a floating-point number.
int duration_histogram::bucket(std::uint64_t value)
{
    constexpr std::uint64_t steps = std::uint64_t(1) << steps_log2;
    if (value < steps) {
        return static_cast<int>(value);
    }
    int octave = steps_log2;
    while (value >> (octave + 1)) {
        ++octave;
    }
    const std::uint64_t digits = (value >> (octave - steps_log2)) - steps;
    return ((octave - steps_log2 + 1) << steps_log2) + static_cast<int>(digits);
}

std::uint64_t duration_histogram::bucket_end(int index)
{
    constexpr int steps = 1 << steps_log2;
    if (index < steps) {
        return index;
    }
    const int shift = (index >> steps_log2) - 1;
    const std::uint64_t digits = steps + (index & (steps - 1));
    return ((digits + 1) << shift) - 1;
}

} // namespace kernel
} // namespace denomae
} // namespace gr
