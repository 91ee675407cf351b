/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <gnuradio/denomae/kernels/band_follower.h>
#include <random>

using namespace gr::denomae::kernel;

namespace {

using samples = std::vector<std::complex<float>>;
constexpr double pi = 3.14159265358979323846;

// A sum of tones within +-`width` of `center`, at any place of the input, not samples alone.
std::complex<double> tones(double t, double center, double width)
{
    std::complex<double> sum = 0.0;
    for (int k = -3; k <= 3; ++k) {
        const double f = center + width * k / 3.0;
        sum += std::polar(1.0 / 7, 2.0 * pi * f * t + 0.7 * k * k);
    }
    return sum;
}

samples sampled(std::size_t count, double center, double width)
{
    samples out(count);
    for (std::size_t i = 0; i < count; ++i) {
        out[i] = std::complex<float>(tones(static_cast<double>(i), center, width));
    }
    return out;
}

samples through(band_resampler& resampler, const samples& in, std::size_t chunk)
{
    samples out;
    for (std::size_t i = 0; i < in.size(); i += chunk) {
        resampler.push(in.data() + i, std::min(chunk, in.size() - i), out);
    }
    return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(band)

BOOST_AUTO_TEST_CASE(each_output_sample_is_the_shifted_input_at_its_place)
{
    for (const double ratio : { 1.0 / 64, 0.1, 0.37, 0.999, 1.0, 1.7, 8.0 }) {
        for (const double shift : { 0.0, 0.17, -0.31 }) {
            const double width = 0.44 * std::min(1.0, ratio);
            band_resampler resampler;
            samples out, in = sampled(20000, shift, width);
            resampler.push(in.data(), 777, out); // before the mapping, under another
            resampler.set_mapping({ ratio, shift });
            out.clear();
            resampler.push(in.data() + 777, in.size() - 777, out);
            BOOST_TEST(resampler.origin() == 777u);
            BOOST_TEST(resampler.produced() == out.size());
            BOOST_TEST(std::fabs(out.size() - (20000 - 777) * ratio) <
                       60 * std::max(1.0, ratio));
            double worst = 0.0;
            // the stream's begin, of zeros, is as far away as the longest filter
            const std::size_t from = 0;
            for (std::size_t m = from; m < out.size(); ++m) {
                const double since = m / ratio;
                if (777 + since < 26 / (0.9 * std::min(1.0, ratio))) {
                    continue;
                }
                const std::complex<double> wanted =
                    tones(777 + since, shift, width) *
                    std::polar(1.0, -2.0 * pi * shift * since);
                worst = std::max(worst, std::abs(std::complex<double>(out[m]) - wanted));
            }
            BOOST_TEST_CONTEXT("ratio " << ratio << " shift " << shift)
            BOOST_TEST(worst < 1e-3);
        }
    }
}

BOOST_AUTO_TEST_CASE(what_lies_beyond_the_new_rate_is_gone)
{
    for (const double ratio : { 0.05, 0.3, 0.8 }) {
        band_resampler resampler;
        resampler.set_mapping({ ratio, 0.1 });
        samples in(30000);
        for (std::size_t i = 0; i < in.size();
             ++i) { // 0.565 of the new rate off the middle
            in[i] = std::complex<float>(
                std::polar(1.0, 2.0 * pi * (0.1 + 0.565 * ratio) * i));
        }
        const samples out = through(resampler, in, 4096);
        float largest = 0.0f;
        const auto settled = static_cast<std::size_t>(60 + 1);
        for (std::size_t m = settled; m < out.size(); ++m) {
            largest = std::max(largest, std::abs(out[m]));
        }
        BOOST_TEST(largest < 3e-4f); // -70 dB
    }
}

BOOST_AUTO_TEST_CASE(white_noise_stays_white_at_a_lower_rate)
{
    std::mt19937 random(2);
    std::normal_distribution<float> normal;
    samples in(400000), out;
    for (auto& value : in) {
        value = { normal(random), normal(random) };
    }
    band_resampler resampler;
    resampler.set_mapping({ 0.2, 0.13 });
    resampler.push(in.data(), in.size(), out);
    constexpr std::size_t bins = 64;
    std::vector<double> power(bins, 0.0);
    const std::size_t blocks = out.size() / bins;
    for (std::size_t block = 0; block < blocks; ++block) {
        for (std::size_t k = 0; k < bins; ++k) {
            std::complex<double> sum = 0.0;
            for (std::size_t i = 0; i < bins; ++i) {
                sum +=
                    std::complex<double>(out[block * bins + i]) *
                    std::polar(1.0, -2.0 * pi * static_cast<double>(k * i % bins) / bins);
            }
            power[k] += std::norm(sum) / (blocks * bins * 2 * 0.2);
        }
    }
    for (std::size_t k = 0; k < bins; ++k) { // 1,250 periodograms: 3 % of spread
        BOOST_TEST_CONTEXT("bin " << k)
        BOOST_TEST(std::fabs(power[k] - 1.0) < 0.15);
    }
}

BOOST_AUTO_TEST_CASE(one_to_one_and_unshifted_nothing_is_touched)
{
    band_resampler resampler;
    const samples in = sampled(3000, 0.1, 0.39);
    samples out = through(resampler, in, 100);
    resampler.finish(out);
    BOOST_TEST(out.size() == in.size());
    double worst = 0.0;
    for (std::size_t i = 0; i < out.size(); ++i) {
        worst = std::max<double>(worst, std::abs(out[i] - in[i]));
    }
    BOOST_TEST(worst < 1e-6);
}

BOOST_AUTO_TEST_CASE(chunks_of_any_size_give_the_same_samples)
{
    const samples in = sampled(9000, 0.05, 0.1);
    samples whole;
    for (const std::size_t chunk :
         { std::size_t(9000), std::size_t(1), std::size_t(1023) }) {
        band_resampler resampler;
        resampler.set_mapping({ 0.4321, 0.05 });
        samples out = through(resampler, in, chunk);
        resampler.finish(out);
        if (whole.empty()) {
            whole = out;
            BOOST_TEST(out.size() == static_cast<std::size_t>(std::ceil(9000 * 0.4321)));
        }
        BOOST_TEST_REQUIRE(out.size() == whole.size());
        double worst = 0.0;
        for (std::size_t i = 0; i < out.size(); ++i) {
            worst = std::max<double>(worst, std::abs(out[i] - whole[i]));
        }
        BOOST_TEST(worst < 1e-4); // the rotation is turned on from chunk to chunk
    }
}

BOOST_AUTO_TEST_CASE(a_long_stream_at_the_lowest_rates_looks_at_its_own_samples_alone)
{
    const samples in = sampled(60000, 0.05, 0.005);
    for (const double ratio : { band_resampler::least_ratio, 1.0 / 40, 1.0 / 25 }) {
        band_resampler at_once, in_parts;
        at_once.set_mapping({ ratio, 0.05 });
        in_parts.set_mapping({ ratio, 0.05 });
        const samples whole = through(at_once, in, in.size());
        const samples parts = through(in_parts, in, 8192);
        BOOST_TEST_REQUIRE(parts.size() == whole.size());
        float worst = 0.0f;
        for (std::size_t i = 0; i < whole.size(); ++i) {
            worst = std::max(worst, std::abs(parts[i] - whole[i]));
        }
        BOOST_TEST_CONTEXT("ratio " << ratio)
        BOOST_TEST(worst < 1e-4);
    }
}

BOOST_AUTO_TEST_CASE(mappings_beyond_their_limits_are_refused)
{
    band_resampler resampler;
    for (const double ratio : { 0.0, -1.0, 1.0 / 65, 8.1, std::nan("") }) {
        BOOST_CHECK_THROW(resampler.set_mapping({ ratio, 0.0 }), std::invalid_argument);
    }
    BOOST_CHECK_THROW(resampler.set_mapping({ 1.0, INFINITY }), std::invalid_argument);
    BOOST_TEST(resampler.mapping().ratio == 1.0);
}

BOOST_AUTO_TEST_CASE(a_band_is_found_where_it_lies_and_noise_holds_none)
{
    std::mt19937 random(1);
    const std::size_t bins = 1024;
    const double averages = 30.0;
    std::gamma_distribution<float> periodogram(averages, 1.0 / averages);
    int wrong = 0;
    for (int trial = 0; trial < 200; ++trial) {
        std::vector<float> power(bins);
        for (float& value : power) {
            value = periodogram(random);
        }
        wrong += find_band(power, averages).found;
    }
    BOOST_TEST(wrong <= 2);
    for (const double width : { 0.02, 0.1, 0.5 }) {
        for (const double center : { -0.2, 0.0, 0.13 }) {
            std::vector<float> power(bins);
            for (std::size_t i = 0; i < bins; ++i) {
                const double f = (static_cast<double>(i) - bins / 2.0) / bins;
                const bool inside = std::fabs(f - center) < width / 2;
                power[i] = periodogram(random) * (inside ? 11.0f : 1.0f);
            }
            const occupied_band band = find_band(power, averages);
            BOOST_TEST_CONTEXT("width " << width << " center " << center)
            {
                BOOST_TEST(band.found);
                BOOST_TEST(std::fabs(band.center - center) < 0.05 * width + 1.0 / bins);
                BOOST_TEST(std::fabs(band.bandwidth - 0.9 * width) <
                           0.05 * width + 2.0 / bins);
                BOOST_TEST(std::fabs(band.snr_db - 10.0) < 1.0);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(two_tones_of_one_signal_are_one_band_and_a_neighbour_is_not)
{
    std::vector<float> power(1024, 1.0f);
    for (const std::size_t begin : { 480u, 520u, 800u }) {
        for (std::size_t i = begin; i < begin + 25; ++i) {
            power[i] = 50.0f;
        }
    }
    const occupied_band band = find_band(power, 100.0); // 480 to 545, not 800
    BOOST_TEST(band.found);
    BOOST_TEST(std::fabs(band.bandwidth - 60.0 / 1024) < 2.0 / 1024);
    BOOST_TEST(std::fabs(band.center) < 1.0 / 1024);
    BOOST_TEST(std::fabs(band.power - 50 * 49.0) < 5.0);
}

BOOST_AUTO_TEST_CASE(a_follower_takes_the_first_band_and_later_ones_only_twice_told)
{
    band_follower follower;
    const auto band = [](double center, double bandwidth) {
        return occupied_band{ true, center, bandwidth, 1.0, 20.0 };
    };
    BOOST_TEST(!follower.follow(occupied_band(), 0.15));
    BOOST_TEST(follower.follow(band(0.1, 0.03), 0.15));
    BOOST_TEST(std::fabs(follower.mapping().ratio - 0.2) < 1e-12);
    BOOST_TEST(follower.mapping().shift == 0.1);
    BOOST_TEST(!follower.follow(band(0.102, 0.033), 0.15)); // the same
    BOOST_TEST(!follower.follow(band(0.1, 0.06), 0.15));    // once
    BOOST_TEST(!follower.follow(occupied_band(), 0.15));
    BOOST_TEST(!follower.follow(band(0.1, 0.06), 0.15)); // once again
    BOOST_TEST(!follower.follow(band(-0.2, 0.06), 0.15));
    BOOST_TEST(follower.follow(band(-0.2, 0.061), 0.15)); // and twice
    BOOST_TEST(follower.mapping().shift == -0.2);
    BOOST_TEST(follower.follow(band(0.0, 1e-5), 0.15) == false);
    BOOST_TEST(follower.follow(band(0.0, 1e-5), 0.15));
    BOOST_TEST(follower.mapping().ratio == band_resampler::least_ratio);
}

BOOST_AUTO_TEST_CASE(a_follower_ignores_what_lies_between_bursts_for_a_time)
{
    band_follower follower;
    const occupied_band burst{ true, 0.1, 0.03, 100.0, 30.0 };
    const occupied_band between{ true, 0.0, 0.3, 1.0, 5.0 };
    BOOST_TEST(follower.follow(between, 0.15)); // all there was at first
    BOOST_TEST(follower.follow(burst, 0.15));   // a hundred times as strong: at once
    int ignored = 0;
    while (!follower.follow(between, 0.15)) {
        BOOST_TEST_REQUIRE(++ignored < 1000);
    }
    BOOST_TEST(ignored > 100);
    BOOST_TEST(follower.mapping().shift == 0.0);
}

BOOST_AUTO_TEST_SUITE_END()
