/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <gnuradio/denomae/kernels/overlap_line.h>
#include <random>
#include <stdexcept>

using gr::denomae::kernel::overlap_frame;
using gr::denomae::kernel::overlap_line;
using sample = std::complex<float>;
using samples = std::vector<sample>;

BOOST_AUTO_TEST_SUITE(overlap)

namespace {

samples noise(std::size_t count)
{
    std::mt19937 random(7);
    std::normal_distribution<float> draw;
    samples made(count);
    for (auto& value : made) {
        value = { draw(random), draw(random) };
    }
    return made;
}

// A frame cut from `from`, times `gain`.
overlap_frame cut(const samples& from,
                  std::uint64_t offset,
                  std::size_t length,
                  float gain)
{
    overlap_frame frame;
    frame.sample_offset = offset;
    frame.samples.reset(new sample[length]);
    for (std::size_t i = 0; i < length; ++i) {
        frame.samples[i] = gain * from[offset + i];
    }
    return frame;
}

// A model that doubles; frame k is cut when its last sample entered and comes `latency` samples
// later, or never where `lost` says so.
template <typename Lost>
samples doubled(overlap_line& line,
                const samples& in,
                std::size_t latency,
                Lost lost,
                std::size_t part,
                std::size_t& late)
{
    const std::size_t length = line.frame_length();
    samples out(in.size());
    line.begin(0);
    late = 0;
    std::size_t next = 0; // frame
    for (std::size_t at = 0; at < in.size(); at += part) {
        for (; next * line.hop() + length + latency <= at; ++next) {
            if (!lost(next)) {
                late += !line.add(cut(in, next * line.hop(), length, 2.0f));
            }
        }
        line.pass(&in[at], &out[at], std::min(part, in.size() - at));
    }
    return out;
}

// What must come out: x (1 + the windows of the frames that came).
template <typename Lost>
double worst(const samples& in,
             const samples& out,
             std::size_t delay,
             std::size_t length,
             std::size_t hop,
             Lost lost)
{
    double far = 0.0;
    for (std::size_t i = 0; i < out.size(); ++i) {
        std::complex<double> wanted = 0.0;
        if (i >= delay) {
            const std::size_t n = i - delay;
            double sum = 0.0;
            for (std::size_t k = 0; k * hop <= n; ++k) {
                if (n < k * hop + length && !lost(k)) {
                    const double s = std::sin(std::acos(-1.0) * (n - k * hop) / length);
                    sum += 2.0 * hop / length * s * s;
                }
            }
            wanted = (1.0 + sum) * std::complex<double>(in[n]);
        }
        far = std::max(far, std::abs(wanted - std::complex<double>(out[i])));
    }
    return far;
}

} // namespace

BOOST_AUTO_TEST_CASE(windows_sum_to_one_where_all_frames_came)
{
    const auto in = noise(4000);
    for (std::size_t hop : { 32, 16, 8, 1 }) {
        overlap_line line(200, 64, hop);
        std::size_t late = 0;
        const auto out = doubled(
            line, in, 20, [](std::size_t) { return false; }, 13, late);
        BOOST_TEST(late == 0u);
        for (std::size_t i = 200 + 64; i < out.size(); ++i) {
            BOOST_REQUIRE(std::abs(out[i] - 2.0f * in[i - 200]) < 2e-5f);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_frame_that_does_not_come_fades_to_the_stream_at_any_cut)
{
    const auto in = noise(3000);
    const auto third = [](std::size_t k) { return k % 3 == 1; };
    for (std::size_t part : { 1, 7, 100, 3000 }) {
        overlap_line line(3100, 64, 32); // longer than the stream is fed at once
        std::size_t late = 0;
        samples padded = in;
        padded.resize(6200);
        const auto out = doubled(line, padded, 0, third, part, late);
        BOOST_TEST(late == 0u);
        const auto lost = [&](std::size_t k) {
            return third(k) || (part == 3000 && k * 32 + 64 > 6000);
        };
        BOOST_TEST(worst(padded, out, 3100, 64, 32, lost) < 2e-5);
    }
}

BOOST_AUTO_TEST_CASE(a_frame_that_comes_too_late_is_told_and_leaves_no_trace)
{
    const auto in = noise(2000);
    overlap_line line(100, 64, 32);
    std::size_t late = 0;
    const auto out = doubled(
        line, in, 37, [](std::size_t) { return false; }, 1, late);
    BOOST_TEST(late > 50u);
    BOOST_TEST(worst(in, out, 100, 64, 32, [](std::size_t) { return true; }) == 0.0);
    const auto punctual = doubled(
        line, in, 36, [](std::size_t) { return false; }, 1, late);
    BOOST_TEST(late == 0u);
    BOOST_TEST(line.waiting() <= 4u);
}

BOOST_AUTO_TEST_CASE(frames_may_come_in_any_order_and_before_their_samples)
{
    const auto in = noise(640);
    overlap_line line(64, 64, 32);
    line.begin(0);
    for (std::size_t k : { 3, 1, 17, 0, 2 }) {
        BOOST_TEST(line.add(cut(in, k * 32, 64, 2.0f)));
    }
    samples out(in.size());
    line.pass(in.data(), out.data(), in.size());
    const auto lost = [](std::size_t k) { return k > 3 && k != 17; };
    BOOST_TEST(worst(in, out, 64, 64, 32, lost) < 2e-5);
}

BOOST_AUTO_TEST_CASE(a_stream_may_begin_at_any_offset)
{
    const auto in = noise(640);
    for (const std::uint64_t begin :
         { std::uint64_t(1) << 40, ~std::uint64_t(0) - 100 }) {
        overlap_line line(64, 64, 32);
        line.begin(begin);
        auto frame = cut(in, 96, 64, 3.0f);
        frame.sample_offset += begin; // also beyond the largest number there is
        BOOST_TEST(line.add(std::move(frame)));
        samples out(in.size());
        line.pass(in.data(), out.data(), in.size());
        BOOST_TEST(std::abs(out[64 + 96 + 32] - 3.0f * in[96 + 32]) < 1e-5f);
        BOOST_TEST((out[64 + 96 + 64] == in[96 + 64]));

        line.begin(begin);
        frame = cut(in, 0, 64, 3.0f);
        frame.sample_offset = begin - 32; // of what was before
        BOOST_TEST(!line.add(std::move(frame)));
    }
}

BOOST_AUTO_TEST_CASE(what_cannot_be_is_refused)
{
    BOOST_CHECK_THROW(overlap_line(63, 64, 32), std::invalid_argument);
    BOOST_CHECK_THROW(overlap_line(64, 1, 1), std::invalid_argument);
    for (std::int64_t hop : { 0, -32, 3, 48, 64, 128 }) {
        BOOST_CHECK_THROW(overlap_line(640, 64, hop), std::invalid_argument);
    }
}

BOOST_AUTO_TEST_SUITE_END()
