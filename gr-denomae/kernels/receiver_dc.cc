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
constexpr double below =
    1.2; // times the interval's mean power: a pause is not its loud part
constexpr double steady =
    0.02; // of the constant's power, its change from window to window
constexpr double uncertain = 4.0; // times what noise does to the line of a window
constexpr double followed = 0.25; // of a difference, with each interval
constexpr double stays = 0.5;     // of the constant, while there is a signal
constexpr double in_phase = 0.9;  // in phase less in quadrature, of a signal's power
constexpr double deviations = 5.0;
constexpr double independent = 0.67; // of the bins behind a Hann window
constexpr double same_phase = 0.1;   // squared sine of the angle between two constants

// What stands around a constant, its line and the bins beside it.
struct surroundings {
    double power = 0.0;
    double along = 0.0; // in phase with the constant, less in quadrature
    double line = 0.0;  // the constant's share that is there, 1 of all of it
};

surroundings around(const std::vector<window_levels>& windows,
                    std::complex<double> constant)
{
    surroundings found;
    const std::complex<double> back =
        std::norm(constant) > 0.0 ? std::conj(constant * constant) / std::norm(constant)
                                  : 0.0; // turns the constant's axis to the real one
    for (const window_levels& window : windows) {
        const std::complex<double> off = window.line - constant;
        found.power += receiver_dc::pairs * window.beside + std::norm(off);
        found.along += std::real(
            (static_cast<double>(receiver_dc::pairs) * window.mirrored + off * off) *
            back);
        found.line += 1.0;
        if (std::norm(constant) > 0.0) {
            found.line += std::real(off * std::conj(constant)) / std::norm(constant);
        }
    }
    return found;
}

} // namespace

void receiver_dc::reset() { *this = receiver_dc(); }

std::complex<double> receiver_dc::follow(const std::vector<window_levels>& windows,
                                         double floor)
{
    double power = 0.0, loudest = 0.0;
    for (const window_levels& window : windows) {
        power += window.power / static_cast<double>(windows.size());
        loudest = std::max(loudest, window.beside);
        if (!std::isfinite(window.power) || !std::isfinite(window.beside)) {
            return d_value;
        }
    }
    d_loudest = std::max(remembered * d_loudest, loudest);
    std::vector<window_levels> quiet, loud;
    for (const window_levels& window : windows) {
        const bool alone = window.beside <= std::max(noisy * floor, hushed * d_loudest);
        (alone && window.power <= below * power ? quiet : loud).push_back(window);
    }
    take(quiet);
    if (d_value != 0.0) {
        const surroundings signal = around(loud, d_value);
        const double noise = pairs * d_noise * static_cast<double>(loud.size());
        const bool gone = signal.line < stays * static_cast<double>(loud.size());
        const bool modulated = signal.along > in_phase * (signal.power - noise);
        if (signal.power > 2.0 * noise && (gone || modulated)) {
            d_carrier = d_value;
            d_value = 0.0;
            d_known = false;
        }
    }
    return d_value;
}

void receiver_dc::take(const std::vector<window_levels>& quiet)
{
    if (quiet.size() < 2) {
        return;
    }
    const auto count = static_cast<double>(quiet.size());
    std::complex<double> constant = 0.0;
    for (const window_levels& window : quiet) {
        constant += window.line / count;
    }
    double spread = 0.0, noise = 0.0;
    for (const window_levels& window : quiet) {
        spread += std::norm(window.line - constant) / count;
        noise += window.beside / count;
    }
    if (spread > std::max(uncertain * noise, steady * std::norm(constant))) {
        return;
    }
    const surroundings rest = around(quiet, constant);
    // of circular noise the sum in phase is 0, and this its deviation
    const double chance = rest.power / std::sqrt(2.0 * independent * pairs * count);
    if (rest.along > deviations * chance) {
        d_carrier = constant;
    }
    const double across = std::imag(constant * std::conj(d_carrier));
    if (d_carrier != 0.0 &&
        across * across <= same_phase * std::norm(constant) * std::norm(d_carrier)) {
        return;
    }
    d_value = d_known ? d_value + followed * (constant - d_value) : constant;
    d_noise = noise;
    d_known = true;
}

} // namespace kernel
} // namespace denomae
} // namespace gr
