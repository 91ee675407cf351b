/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <gnuradio/denomae/kernels/frame_picker.h>
#include <vector>

using namespace gr::denomae::kernel;
using std::chrono::milliseconds;

namespace {

constexpr std::uint64_t first_offset = 1000;
constexpr std::size_t length = 8;

// Feeds a ramp in pieces, a piece a millisecond; the offsets of the frames that came whole.
std::vector<std::uint64_t> picked(std::size_t hop,
                                  std::size_t piece,
                                  milliseconds interval,
                                  std::size_t total = 400)
{
    std::vector<std::complex<float>> ramp(total);
    for (std::size_t i = 0; i < total; ++i) {
        ramp[i] = static_cast<float>(first_offset + i);
    }
    frame_picker picker(length, hop);
    picker.set_interval(interval);
    picker.begin(first_offset);
    frame_picker::clock::time_point now{ std::chrono::hours(1) };
    std::vector<std::uint64_t> offsets;
    for (std::size_t at = 0; at < total; at += piece, now += milliseconds(1)) {
        const std::size_t end = std::min(total, at + piece);
        for (std::size_t i = at; i < end;) {
            i += picker.consume(&ramp[i], end - i, now);
            if (!picker.whole()) {
                continue;
            }
            for (std::size_t k = 0; k < length; ++k) {
                BOOST_TEST(picker.frame()[k].real() == picker.sample_offset() + k);
            }
            offsets.push_back(picker.sample_offset());
            picker.next(now, true);
        }
    }
    return offsets;
}

} // namespace

BOOST_AUTO_TEST_SUITE(picker)

BOOST_AUTO_TEST_CASE(without_an_interval_every_frame_comes_however_the_stream_is_cut)
{
    for (std::size_t hop : { 1u, 5u, 8u, 13u }) {
        std::vector<std::uint64_t> expected;
        for (std::size_t at = 0; at + length <= 400; at += hop) {
            expected.push_back(first_offset + at);
        }
        for (std::size_t piece : { 1u, 3u, 8u, 64u, 400u }) {
            const auto offsets = picked(hop, piece, milliseconds(0));
            BOOST_TEST(offsets == expected, boost::test_tools::per_element());
        }
    }
}

BOOST_AUTO_TEST_CASE(with_an_interval_frames_lie_on_the_same_grid_and_come_at_that_pace)
{
    for (std::size_t hop : { 5u, 8u, 13u }) {
        // 40 pieces in 40 ms: one at once, and one at 10, 20 and 30 ms
        const auto offsets = picked(hop, 10, milliseconds(10));
        BOOST_TEST(offsets.size() == 4u);
        for (std::uint64_t offset : offsets) {
            BOOST_TEST((offset - first_offset) % hop == 0u);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_change_of_the_interval_holds_at_once)
{
    const std::vector<std::complex<float>> samples(length, 1.0f);
    frame_picker picker(length, length);
    const frame_picker::clock::time_point now{ std::chrono::hours(1) };
    picker.set_interval(std::chrono::hours(10));
    picker.consume(samples.data(), length, now);
    BOOST_TEST(picker.whole());
    picker.next(now, true);
    picker.consume(samples.data(), length, now + milliseconds(1));
    BOOST_TEST(!picker.whole());
    picker.set_interval(milliseconds(1));
    picker.consume(samples.data(), length, now + milliseconds(2));
    BOOST_TEST(picker.whole());
}

BOOST_AUTO_TEST_CASE(one_of_no_use_is_followed_sooner)
{
    const std::vector<std::complex<float>> samples(length, 1.0f);
    frame_picker picker(length, length);
    const frame_picker::clock::time_point now{ std::chrono::hours(1) };
    picker.set_interval(milliseconds(100));
    picker.consume(samples.data(), length, now);
    picker.next(now, false);
    picker.consume(samples.data(), length, now + milliseconds(9));
    BOOST_TEST(!picker.whole());
    picker.consume(samples.data(), length, now + milliseconds(11));
    BOOST_TEST(picker.whole());
}

BOOST_AUTO_TEST_SUITE_END()
