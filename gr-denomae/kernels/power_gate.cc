/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "multiversion.h"
#include <cmath>
#include <gnuradio/denomae/kernels/power_gate.h>
#include <stdexcept>
#include <string>

namespace gr {
namespace denomae {
namespace kernel {

DENOMAE_MULTIVERSION
double sum_of_squares(const std::complex<float>* samples, std::size_t count)
{
    constexpr std::size_t lanes = 16; // independent sums, so that they vectorise
    const float* values = reinterpret_cast<const float*>(samples);
    const std::size_t total = 2 * count;
    const std::size_t whole = total - total % lanes;

    double sums[lanes] = {};
    for (std::size_t i = 0; i < whole; i += lanes) {
        for (std::size_t lane = 0; lane < lanes; ++lane) {
            const double value = values[i + lane];
            sums[lane] += value * value;
        }
    }
    double sum = 0.0;
    for (std::size_t i = whole; i < total; ++i) {
        const double value = values[i];
        sum += value * value;
    }
    for (double part : sums) {
        sum += part;
    }
    return sum;
}

power_gate::power_gate(double gate_db, double hysteresis_db)
{
    set_gate_db(gate_db);
    set_hysteresis_db(hysteresis_db);
}

void power_gate::set_gate_db(double gate_db)
{
    if (std::isnan(gate_db)) {
        throw std::invalid_argument("gate_db is NaN, wanted a level in dB relative to "
                                    "full scale, or -inf for no gate");
    }
    d_gate_db.store(gate_db, std::memory_order_relaxed);
}

void power_gate::set_hysteresis_db(double hysteresis_db)
{
    if (!std::isfinite(hysteresis_db) || hysteresis_db < 0.0) {
        throw std::invalid_argument("hysteresis_db is " + std::to_string(hysteresis_db) +
                                    ", wanted a finite number of dB that is at least 0");
    }
    d_hysteresis_db.store(hysteresis_db, std::memory_order_relaxed);
}

gate_verdict power_gate::judge(const std::complex<float>* samples, std::size_t count)
{
    const double sum = sum_of_squares(samples, count);
    if (!std::isfinite(sum)) {
        return gate_verdict::invalid;
    }
    const double level_db = 10.0 * std::log10(sum / static_cast<double>(count));
    const double threshold_db = d_open ? gate_db() - hysteresis_db() : gate_db();
    d_open = level_db >= threshold_db;
    return d_open && sum > 0.0 ? gate_verdict::pass : gate_verdict::gated;
}

} // namespace kernel
} // namespace denomae
} // namespace gr
