/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <algorithm>
#include <cmath>
#include <gnuradio/denomae/kernels/receiver_dc.h>

namespace gr {
namespace denomae {
namespace kernel {

namespace {

constexpr double remembered = 0.98; // of what was loud, from one interval to the next
constexpr double hushed = 0.1;      // of it, in a pause
constexpr double noisy = 2.0;       // times the floor, at most, where there is noise only
constexpr double below = 1.2;  // times the interval's mean power: a pause is not its loud part
constexpr double steady = 0.02; // of the constant's power, its change from window to window
constexpr double uncertain = 4.0; // times what noise does to the mean of a window
constexpr double followed = 0.25; // of a difference, with each interval
constexpr double stays = 0.5;     // of the constant, while there is a signal
constexpr double in_phase = 0.9;  // in phase less in quadrature, of the signal's power
constexpr double alike = 0.1;     // of the power, the difference to what was refused

double power_about(const window_levels& window, std::complex<double> constant)
{
    return window.power - 2.0 * std::real(std::conj(constant) * window.average) +
           std::norm(constant);
}

std::complex<double> square_about(const window_levels& window,
                                  std::complex<double> constant)
{
    return window.square - 2.0 * constant * window.average + constant * constant;
}

} // namespace

void receiver_dc::reset() { *this = receiver_dc(); }

std::complex<double> receiver_dc::follow(const std::vector<window_levels>& windows,
                                         double floor)
{
    double power = 0.0;
    d_loudest *= remembered;
    for (const window_levels& window : windows) {
        if (!std::isfinite(window.power) || !std::isfinite(window.beside)) {
            return d_value;
        }
        power += window.power / static_cast<double>(windows.size());
        d_loudest = std::max(d_loudest, window.beside);
    }
    std::vector<window_levels> quiet, loud;
    for (const window_levels& window : windows) {
        const bool alone =
            window.beside <= std::max(noisy * floor, hushed * d_loudest);
        (alone && window.power <= below * power ? quiet : loud).push_back(window);
    }
    if (quiet.size() >= 2) {
        const auto count = static_cast<double>(quiet.size());
        std::complex<double> constant = 0.0;
        double spread = 0.0, noise = 0.0, left = 0.0;
        for (const window_levels& window : quiet) {
            constant += window.line / count;
        }
        for (const window_levels& window : quiet) {
            spread += std::norm(window.line - constant) / count;
            noise += window.beside / count;
            left += power_about(window, constant) / count;
        }
        const bool same =
            spread <= std::max(uncertain * noise, steady * std::norm(constant));
        const bool refused = d_carrier != 0.0 && std::norm(constant - d_carrier) <=
                                                     alike * std::norm(d_carrier);
        if (same && !refused) {
            d_value = d_known ? d_value + followed * (constant - d_value) : constant;
            d_noise = left;
            d_known = true;
        }
    }
    if (d_value != 0.0 && is_signal(loud, d_value)) {
        d_carrier = d_value;
        d_value = 0.0;
        d_known = false;
    }
    return d_value;
}

bool receiver_dc::is_signal(const std::vector<window_levels>& loud,
                            std::complex<double> constant) const
{
    double power = 0.0, stayed = 0.0, along = 0.0;
    for (const window_levels& window : loud) {
        power += power_about(window, constant) - d_noise;
        along += std::real(square_about(window, constant) *
                           std::conj(constant * constant)) /
                 std::norm(constant);
        stayed += std::real(std::conj(constant) * window.average) / std::norm(constant);
    }
    if (!(power > d_noise * static_cast<double>(loud.size()))) {
        return false; // no signal, or too little of it to tell
    }
    return stayed < stays * static_cast<double>(loud.size()) || along > in_phase * power;
}

} // namespace kernel
} // namespace denomae
} // namespace gr
