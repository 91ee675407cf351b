/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <boost/test/unit_test.hpp>
#include <gnuradio/denomae/kernels/delay_line.h>
#include <random>
#include <stdexcept>

using gr::denomae::kernel::delay_line;
using sample = std::complex<float>;

BOOST_AUTO_TEST_SUITE(delay)

namespace {

std::vector<sample> counted(std::size_t count)
{
    std::vector<sample> samples;
    for (std::size_t i = 0; i < count; ++i) {
        samples.emplace_back(static_cast<float>(i + 1), -static_cast<float>(i));
    }
    return samples;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_sample_leaves_so_many_samples_later_however_the_stream_is_cut)
{
    const auto in = counted(5000);
    std::mt19937 random(1);
    for (std::int64_t delay : { 0, 1, 2, 7, 256, 999, 4999, 5000, 7000 }) {
        for (std::size_t most : { 1, 3, 300, 6000 }) {
            delay_line line(delay);
            for (int run = 0; run < 2; ++run) { // the second begins afresh
                std::vector<sample> out(in.size());
                for (std::size_t at = 0; at < in.size();) {
                    const std::size_t part =
                        std::min(in.size() - at, std::size_t(random() % (most + 1)));
                    line.pass(&in[at], &out[at], part);
                    at += part;
                }
                for (std::size_t i = 0; i < in.size(); ++i) {
                    const auto from = static_cast<std::int64_t>(i) - delay;
                    BOOST_REQUIRE(out[i] == (from < 0 ? sample() : in[from]));
                }
                line.clear();
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(a_delay_that_cannot_be_is_refused)
{
    BOOST_CHECK_THROW(delay_line(-1), std::invalid_argument);
    BOOST_CHECK_THROW(delay_line(delay_line::longest + 1), std::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()
