/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <gnuradio/denomae/kernels/power_gate.h>
#include <limits>
#include <vector>

using namespace gr::denomae::kernel;
using samples_t = std::vector<std::complex<float>>;

namespace {

samples_t constant(float amplitude, std::size_t count = 37)
{
    return samples_t(count, { 0.0f, amplitude });
}

samples_t at_db(double level_db)
{
    return constant(static_cast<float>(std::pow(10.0, level_db / 20.0)));
}

gate_verdict judge(power_gate& gate, const samples_t& samples)
{
    return gate.judge(samples.data(), samples.size());
}

} // namespace

BOOST_AUTO_TEST_SUITE(gate)

BOOST_AUTO_TEST_CASE(power_is_exact_over_the_whole_range_of_a_float)
{
    for (float amplitude : { 1e-45f, 1e-20f, 1.0f, 1e30f, 3.4e38f }) {
        for (std::size_t count : { 1u, 7u, 8u, 1024u, 1031u }) {
            const samples_t samples = constant(amplitude, count);
            const double expected = static_cast<double>(amplitude) * amplitude * count;
            BOOST_TEST(sum_of_squares(samples.data(), count) == expected,
                       boost::test_tools::tolerance(1e-12));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_sample_that_is_not_finite_makes_the_frame_invalid_wherever_it_is)
{
    power_gate gate;
    for (float bad : { std::numeric_limits<float>::quiet_NaN(),
                       std::numeric_limits<float>::infinity(),
                       -std::numeric_limits<float>::infinity() }) {
        for (std::size_t place = 0; place < 37; ++place) {
            samples_t samples = constant(1.0f);
            samples[place].imag(bad);
            BOOST_TEST((judge(gate, samples) == gate_verdict::invalid));
        }
    }
}

BOOST_AUTO_TEST_CASE(the_largest_floats_are_valid)
{
    power_gate gate;
    BOOST_TEST(
        (judge(gate, constant(std::numeric_limits<float>::max())) == gate_verdict::pass));
}

BOOST_AUTO_TEST_CASE(without_a_gate_all_but_zeros_pass)
{
    power_gate gate;
    BOOST_TEST((judge(gate, constant(1e-45f)) == gate_verdict::pass));
    BOOST_TEST((judge(gate, constant(0.0f)) == gate_verdict::gated));
    BOOST_TEST((judge(gate, constant(-0.0f)) == gate_verdict::gated));
}

BOOST_AUTO_TEST_CASE(the_gate_opens_at_its_level_and_closes_below_the_hysteresis)
{
    power_gate gate(-20.0, 3.0);
    BOOST_TEST((judge(gate, at_db(-20.1)) == gate_verdict::gated));
    BOOST_TEST((judge(gate, at_db(-19.9)) == gate_verdict::pass));
    BOOST_TEST((judge(gate, at_db(-22.9)) == gate_verdict::pass));
    BOOST_TEST((judge(gate, at_db(-23.1)) == gate_verdict::gated));
    BOOST_TEST((judge(gate, at_db(-22.9)) == gate_verdict::gated));
    BOOST_TEST((judge(gate, at_db(-20.1)) == gate_verdict::gated));
    BOOST_TEST((judge(gate, at_db(-19.9)) == gate_verdict::pass));
}

BOOST_AUTO_TEST_CASE(an_invalid_frame_leaves_the_gate_as_it_was)
{
    power_gate gate(-20.0, 3.0);
    samples_t broken = constant(1.0f);
    broken[5].real(std::numeric_limits<float>::quiet_NaN());
    judge(gate, at_db(-19.0));
    judge(gate, broken);
    BOOST_TEST((judge(gate, at_db(-22.0)) == gate_verdict::pass));
}

BOOST_AUTO_TEST_CASE(exactly_the_gate_passes)
{
    power_gate gate(0.0, 0.0);
    BOOST_TEST((judge(gate, constant(1.0f)) == gate_verdict::pass));
    BOOST_TEST((judge(gate, constant(0.9999f)) == gate_verdict::gated));
}

BOOST_AUTO_TEST_CASE(levels_without_meaning_are_refused)
{
    power_gate gate;
    const double nan = std::numeric_limits<double>::quiet_NaN();
    BOOST_CHECK_THROW(gate.set_gate_db(nan), std::invalid_argument);
    BOOST_CHECK_THROW(gate.set_hysteresis_db(nan), std::invalid_argument);
    BOOST_CHECK_THROW(gate.set_hysteresis_db(-0.1), std::invalid_argument);
    BOOST_CHECK_THROW(gate.set_hysteresis_db(std::numeric_limits<double>::infinity()),
                      std::invalid_argument);
    gate.set_gate_db(std::numeric_limits<double>::infinity());
    BOOST_TEST((judge(gate, constant(1e30f)) == gate_verdict::gated));
}

BOOST_AUTO_TEST_SUITE_END()
