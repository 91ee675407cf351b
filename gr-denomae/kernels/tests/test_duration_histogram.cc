/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <gnuradio/denomae/kernels/duration_histogram.h>
#include <limits>
#include <random>
#include <stdexcept>
#include <thread>
#include <vector>

using gr::denomae::kernel::duration_histogram;

BOOST_AUTO_TEST_SUITE(durations)

BOOST_AUTO_TEST_CASE(nothing_recorded_is_zero)
{
    const duration_histogram empty;
    BOOST_TEST(empty.count() == 0u);
    BOOST_TEST(empty.quantile(0.5) == 0);
}

BOOST_AUTO_TEST_CASE(quantiles_lie_within_an_eighth_above_those_of_the_sorted_values)
{
    std::mt19937_64 random(1);
    std::lognormal_distribution<double> draw(9.0, 3.0);
    duration_histogram histogram;
    std::vector<std::int64_t> values;
    for (int i = 0; i < 20000; ++i) {
        values.push_back(static_cast<std::int64_t>(draw(random)));
        histogram.record(values.back());
    }
    std::sort(values.begin(), values.end());
    for (double share : { 0.0, 0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 0.9999, 1.0 }) {
        const auto rank = std::max<std::size_t>(1, std::ceil(share * values.size()));
        const std::int64_t exact = values[rank - 1];
        BOOST_TEST(histogram.quantile(share) >= exact);
        BOOST_TEST(histogram.quantile(share) <= exact + exact / 8);
    }
    BOOST_TEST(histogram.count() == values.size());
    BOOST_TEST(histogram.quantile(1.0) == values.back());
}

BOOST_AUTO_TEST_CASE(what_cannot_be_counts_as_the_nearest_that_can)
{
    duration_histogram histogram;
    histogram.record(-5);
    BOOST_TEST(histogram.quantile(1.0) == 0);
    histogram.record(std::numeric_limits<std::int64_t>::max());
    BOOST_TEST(histogram.quantile(1.0) == std::int64_t(1) << 40);
    histogram.clear();
    BOOST_TEST(histogram.count() == 0u);
    BOOST_TEST(histogram.quantile(1.0) == 0);
}

BOOST_AUTO_TEST_CASE(a_share_that_is_none_is_refused)
{
    const duration_histogram histogram;
    for (double share : { -0.1, 1.1, std::nan("") }) {
        BOOST_CHECK_THROW(histogram.quantile(share), std::invalid_argument);
    }
}

BOOST_AUTO_TEST_CASE(another_thread_may_read_while_one_records)
{
    duration_histogram histogram;
    std::thread recorder([&] {
        for (int i = 0; i < 100000; ++i) {
            histogram.record(i % 1000);
        }
    });
    std::uint64_t before = 0;
    while (before < 100000) {
        const std::uint64_t now = histogram.count();
        BOOST_REQUIRE(now >= before);
        BOOST_REQUIRE(histogram.quantile(0.999) <= 1023);
        before = now;
    }
    recorder.join();
    BOOST_TEST(histogram.count() == 100000u);
}

BOOST_AUTO_TEST_SUITE_END()
