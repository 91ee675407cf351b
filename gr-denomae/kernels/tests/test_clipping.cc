/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <gnuradio/denomae/kernels/band_finder.h>
#include <gnuradio/denomae/kernels/clipping.h>
#include <random>

using namespace gr::denomae::kernel;

namespace {

using samples = std::vector<std::complex<float>>;

// A tone with noise 30 dB below it, through a converter of 8 bits that takes -1 to 127/128.
samples converted(double drive)
{
    std::mt19937 random(1);
    std::normal_distribution<float> normal(0.0f, 0.022f);
    samples out(20000);
    for (std::size_t i = 0; i < out.size(); ++i) {
        const auto part = [&](double value) {
            const double step = std::round(128 * drive * (value + normal(random)));
            return static_cast<float>(std::clamp(step, -128.0, 127.0) / 128);
        };
        out[i] = { part(std::cos(0.1 * i)), part(std::sin(0.1 * i)) };
    }
    return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(clipping)

BOOST_AUTO_TEST_CASE(a_tone_that_the_converter_takes_is_not_clipped_and_a_larger_one_is)
{
    for (const double drive : { 0.1, 0.5, 0.9 }) {
        const samples tone = converted(drive);
        BOOST_TEST(!is_clipped(tone.data(), tone.size()));
    }
    for (const double drive : { 1.3, 2.0, 20.0 }) {
        const samples tone = converted(drive);
        BOOST_TEST(is_clipped(tone.data(), tone.size()));
    }
}

BOOST_AUTO_TEST_CASE(pauses_do_not_hide_it_and_noise_and_silence_are_not_clipped)
{
    samples keyed = converted(2.0);
    std::fill(keyed.begin() + 2000, keyed.end(), 0.01f);
    BOOST_TEST(is_clipped(keyed.data(), keyed.size()));
    std::mt19937 random(2);
    std::normal_distribution<float> normal;
    samples noise(10000), silence(10000);
    std::generate(noise.begin(), noise.end(), [&] {
        return std::complex<float>(normal(random), normal(random));
    });
    BOOST_TEST(!is_clipped(noise.data(), noise.size()));
    BOOST_TEST(!is_clipped(silence.data(), silence.size()));
    BOOST_TEST(!is_clipped(nullptr, 0));
}

BOOST_AUTO_TEST_CASE(the_images_of_a_clipped_band_do_not_count)
{
    // 20 bins at 3 f0 .. and their images, as wide as clipping makes them, above a skirt
    std::vector<float> power(1024, 1.0f);
    std::fill(power.begin() + 300, power.begin() + 700, 30.0f);
    const double f0 = 40.0;
    for (const int order : { 1, -3, 5, -7 }) {
        const double width = 20.0 * std::abs(order);
        for (std::size_t i = 0; i < power.size(); ++i) {
            const double from = static_cast<double>(i) - 512.0 - order * f0;
            if (std::fabs(from) <= width / 2) {
                power[i] += static_cast<float>(2e5 / (order * order) / width);
            }
        }
    }
    const occupied_band all = find_band(power, 30.0);
    const occupied_band band = find_band(power, 30.0, true);
    BOOST_TEST(all.bandwidth > 0.15);
    BOOST_TEST(std::fabs(band.center - f0 / 1024) < 2.0 / 1024);
    BOOST_TEST(std::fabs(band.bandwidth - 0.9 * 20 / 1024) < 3.0 / 1024);
}

BOOST_AUTO_TEST_CASE(both_tones_of_a_clipped_pair_count)
{
    std::vector<float> power(1024, 1.0f);
    std::fill(power.begin() + 480, power.begin() + 490, 1000.0f);
    std::fill(power.begin() + 500, power.begin() + 510, 1000.0f);
    const occupied_band band = find_band(power, 30.0, true);
    BOOST_TEST(std::fabs(band.bandwidth - 28.0 / 1024) < 2.0 / 1024);
    BOOST_TEST(std::fabs(band.center - (494.5 - 512.0) / 1024) < 1.0 / 1024);
}

BOOST_AUTO_TEST_SUITE_END()
