/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <gnuradio/denomae/kernels/receiver_dc.h>
#include <random>

using namespace gr::denomae::kernel;

namespace {

using windows = std::vector<window_levels>;
const std::complex<double> dc = std::polar(3.0, 1.9);
constexpr double noise = 1e-3; // of a bin

// One window of noise and of what is there besides: a line, and a signal around it whose part
// `in_phase` (0 to 1) of the power mirrors at 0 Hz along `axis`.
window_levels level(std::mt19937& random,
                    std::complex<double> line,
                    double around = 0.0,
                    double in_phase = 0.0,
                    std::complex<double> axis = 1.0)
{
    std::normal_distribution<double> normal;
    const auto draw = [&](double power) {
        return std::sqrt(power / 2) *
               std::complex<double>(normal(random), normal(random));
    };
    window_levels out;
    out.line = line + draw(noise);
    out.power = std::norm(line) + 1024 * noise;
    for (int k = 0; k < receiver_dc::pairs; ++k) {
        const std::complex<double> shared = draw(around * in_phase);
        const std::complex<double> above =
            draw(noise + around * (1 - in_phase)) + axis * shared;
        const std::complex<double> below =
            draw(noise + around * (1 - in_phase)) + axis * std::conj(shared);
        out.beside += (std::norm(above) + std::norm(below)) / (2 * receiver_dc::pairs);
        out.mirrored += above * below / static_cast<double>(receiver_dc::pairs);
        out.power += std::norm(above) + std::norm(below);
    }
    return out;
}

windows interval(std::mt19937& random,
                 std::complex<double> line,
                 double around = 0.0,
                 double in_phase = 0.0,
                 std::complex<double> axis = 1.0)
{
    windows out;
    for (int i = 0; i < 15; ++i) {
        out.push_back(level(random, line, around, in_phase, axis));
    }
    return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(dc_of_receivers)

BOOST_AUTO_TEST_CASE(what_stands_alone_and_stays_is_taken_and_kept_through_the_signal)
{
    std::mt19937 random(1);
    receiver_dc estimate;
    for (const double around : { 0.0, 0.05, 0.0, 5.0, 0.0 }) {
        estimate.follow(interval(random, dc, around), noise);
        BOOST_TEST(std::abs(estimate.value() - dc) < 0.03);
    }
    estimate.reset();
    BOOST_TEST(estimate.value() == 0.0);
}

BOOST_AUTO_TEST_CASE(pauses_within_an_interval_suffice_also_where_noise_is_coloured)
{
    std::mt19937 random(2);
    receiver_dc estimate;
    windows mixed = interval(random, dc, 1.0);
    for (std::size_t i = 4; i < 8; ++i) {
        mixed[i] = level(random, dc);
    }
    estimate.follow(mixed, noise / 20); // elsewhere in the spectrum there is less of it
    BOOST_TEST(std::abs(estimate.value() - dc) < 0.05);
}

BOOST_AUTO_TEST_CASE(it_follows_a_drift)
{
    std::mt19937 random(3);
    receiver_dc estimate;
    std::complex<double> drifting = dc;
    for (int i = 0; i < 100; ++i) {
        drifting *= std::polar(1.01, 0.01);
        estimate.follow(interval(random, drifting), noise);
    }
    BOOST_TEST(std::abs(estimate.value() - drifting) < 0.05 * std::abs(drifting));
}

BOOST_AUTO_TEST_CASE(it_believes_a_leap_that_lasts_and_no_slow_keying)
{
    std::mt19937 random(10);
    receiver_dc estimate;
    for (const std::complex<double> before : { std::complex<double>(0.0), dc }) {
        estimate.reset();
        estimate.follow(interval(random, before), noise);
        for (int i = 0; i < 40; ++i) { // three intervals on, two off
            estimate.follow(interval(random, before + (i % 5 < 3 ? 10.0 : 0.0)), noise);
            BOOST_TEST(std::abs(estimate.value() - before) < 0.05);
        }
        for (int i = 0; i < 20; ++i) {
            estimate.follow(interval(random, before + 10.0), noise);
        }
        BOOST_TEST(std::abs(estimate.value() - before - 10.0) < 0.05);
    }
}

BOOST_AUTO_TEST_CASE(a_signal_without_pauses_leaves_its_carrier_alone)
{
    std::mt19937 random(4);
    receiver_dc estimate;
    for (int i = 0; i < 20; ++i) {
        BOOST_TEST(estimate.follow(interval(random, dc, 0.05, i % 2), noise) == 0.0);
    }
}

BOOST_AUTO_TEST_CASE(a_carrier_beside_0_turns_and_is_left_alone)
{
    std::mt19937 random(5);
    receiver_dc estimate;
    windows turning;
    for (int i = 0; i < 15; ++i) {
        turning.push_back(level(random, std::polar(3.0, 0.1 * i)));
    }
    BOOST_TEST(estimate.follow(turning, noise) == 0.0);
}

BOOST_AUTO_TEST_CASE(a_tone_that_goes_when_the_signal_goes_on_is_given_back)
{
    std::mt19937 random(6);
    receiver_dc estimate;
    estimate.follow(interval(random, dc), noise);
    BOOST_TEST(std::abs(estimate.value()) > 2.9);
    for (int i = 0; i < 5; ++i) {
        BOOST_TEST(estimate.follow(interval(random, 0.0, 0.15), noise) == 0.0);
        BOOST_TEST(estimate.follow(interval(random, dc), noise) == 0.0); // not once more
    }
}

BOOST_AUTO_TEST_CASE(a_carrier_is_given_back_with_its_first_modulation_and_dc_is_not)
{
    for (const double angle :
         { 0.0, 0.6, 1.57 }) { // of the signal's phase to the constant's
        std::mt19937 random(7);
        receiver_dc estimate;
        const std::complex<double> axis = std::polar(1.0, 1.9 + angle);
        for (int i = 0; i < 6; ++i) {
            estimate.follow(interval(random, dc, i % 2 * 0.3, 1.0, axis), noise);
        }
        BOOST_TEST_CONTEXT("angle " << angle)
        BOOST_TEST(std::abs(estimate.value()) == (angle == 0.0 ? 0.0 : 3.0),
                   boost::test_tools::tolerance(0.02));
    }
}

BOOST_AUTO_TEST_CASE(modulation_as_weak_as_noise_is_seen_when_it_is_in_phase)
{
    std::mt19937 random(8);
    receiver_dc weak, none;
    const std::complex<double> axis = std::polar(1.0, 1.9);
    BOOST_TEST(weak.follow(interval(random, dc, 0.8 * noise, 1.0, axis), noise) == 0.0);
    BOOST_TEST(none.follow(interval(random, dc, 0.8 * noise), noise) != 0.0);
}

BOOST_AUTO_TEST_CASE(what_is_no_number_changes_nothing)
{
    std::mt19937 random(9);
    receiver_dc estimate;
    const std::complex<double> known = estimate.follow(interval(random, dc), noise);
    windows broken = interval(random, dc);
    broken[3].power = broken[3].beside = std::nan("");
    BOOST_TEST(estimate.follow(broken, noise) == known);
    BOOST_TEST(estimate.follow({}, noise) == known);
}

BOOST_AUTO_TEST_SUITE_END()
