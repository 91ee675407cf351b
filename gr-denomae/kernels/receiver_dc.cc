/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <algorithm>
#include <cmath>
#include <gnuradio/denomae/kernels/receiver_dc.h>
#include <limits>

namespace gr {
namespace denomae {
namespace kernel {

namespace {

constexpr double remembered = 0.98; // of what was loud, from one interval to the next
constexpr double hushed = 0.1;      // of it, in a pause
constexpr double as_quiet = 3.0;    // times the quietest of the interval, in a pause
constexpr double noisy = 2.0;       // times the floor, at most, where there is noise only
constexpr double below =
    1.2; // times the interval's mean power: a pause is not its loud part
constexpr double steady =
    0.02; // of the constant's power, its change from window to window
constexpr double uncertain = 4.0; // times what noise does to the line of a window
constexpr double followed = 0.25; // of a difference, with each interval
constexpr double leaps =
    0.25;                     // of the constant's power, a difference that no drift makes
constexpr int patience = 16;  // intervals in a row, until such a one is believed
constexpr double stays = 0.8; // of the constant, while there is a signal
constexpr double as_loud =
    1.25;                    // as the pause, at most, what a tone at 0 Hz goes on with
constexpr double few = 3.0;  // windows tell how much that differs
constexpr double kept = 0.9; // of evidence, from one interval to the next
constexpr double in_phase = 0.9; // in phase less in quadrature, of a signal's power
constexpr double deviations = 5.0;
constexpr double independent = 0.67; // of the bins behind a Hann window
constexpr double same_phase = 0.1;   // squared sine of the angle between two constants

bool belongs(const receiver_dc::evidence& signal, double pause_power)
{
    const double line = signal.line / signal.windows;
    const double spread = signal.line_squared / signal.windows - line * line;
    const double doubt = 3.0 * std::sqrt(std::max(0.0, spread) / signal.windows);
    const bool gone = signal.windows >= few && line + doubt < stays &&
                      signal.total < as_loud * signal.windows * pause_power;
    return gone || signal.along > in_phase * signal.power;
}

} // namespace

void receiver_dc::reset() { *this = receiver_dc(); }

std::complex<double> receiver_dc::follow(const std::vector<window_levels>& windows,
                                         double floor)
{
    double power = 0.0, loudest = 0.0;
    double quietest = std::numeric_limits<double>::infinity();
    for (const window_levels& window : windows) {
        power += window.power / static_cast<double>(windows.size());
        loudest = std::max(loudest, window.beside);
        quietest = std::min(quietest, window.beside);
        if (!std::isfinite(window.power) || !std::isfinite(window.beside)) {
            return d_value;
        }
    }
    d_loudest = std::max(remembered * d_loudest, loudest);
    const double hush =
        std::max(noisy * floor, std::min(hushed * d_loudest, as_quiet * quietest));
    std::vector<window_levels> quiet, loud;
    for (const window_levels& window : windows) {
        const bool alone = window.beside <= hush;
        (alone && window.power <= below * power ? quiet : loud).push_back(window);
    }
    take(quiet);
    const std::complex<double> constant = d_value != 0.0 ? d_value : d_carrier;
    evidence told = around(loud, constant);
    told.power -= pairs * d_noise * told.windows;
    if (constant == 0.0 || !(told.power > pairs * d_noise * told.windows)) {
        return d_value; // no signal, or too little of it to tell
    }
    d_evidence.add(told);
    if (!belongs(d_evidence, d_power)) {
        d_carrier = 0.0;
    } else if (d_value != 0.0) {
        d_carrier = d_value;
        d_value = 0.0;
        d_known = false;
    }
    return d_value;
}

receiver_dc::evidence receiver_dc::around(const std::vector<window_levels>& windows,
                                          std::complex<double> constant)
{
    evidence found;
    const double power = std::norm(constant);
    for (const window_levels& window : windows) {
        const std::complex<double> off = window.line - constant;
        found.windows += 1.0;
        found.total += window.power;
        found.power += pairs * window.beside + std::norm(off);
        if (power > 0.0) {
            const std::complex<double> square =
                static_cast<double>(pairs) * window.mirrored + off * off;
            const double line = std::real(window.line * std::conj(constant)) / power;
            found.along += std::real(square * std::conj(constant * constant)) / power;
            found.line += line;
            found.line_squared += line * line;
        }
    }
    return found;
}

void receiver_dc::evidence::add(const evidence& more)
{
    windows = kept * windows + more.windows;
    total = kept * total + more.total;
    power = kept * power + more.power;
    along = kept * along + more.along;
    line = kept * line + more.line;
    line_squared = kept * line_squared + more.line_squared;
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
    double spread = 0.0, noise = 0.0, power = 0.0;
    for (const window_levels& window : quiet) {
        spread += std::norm(window.line - constant) / count;
        noise += window.beside / count;
        power += window.power / count;
    }
    if (spread > std::max(uncertain * noise, steady * std::norm(constant))) {
        return;
    }
    if (std::norm(constant) < deviations * deviations * noise / count) {
        constant = 0.0; // noise has as much of its own
    } else {
        const evidence rest = around(quiet, constant);
        // of circular noise the sum in phase is 0, and this its deviation
        const double chance = rest.power / std::sqrt(2.0 * independent * pairs * count);
        if (rest.along > deviations * chance) {
            d_carrier = constant;
            d_evidence = evidence();
        }
        const double across = std::imag(constant * std::conj(d_carrier));
        if (d_carrier != 0.0 &&
            across * across <= same_phase * std::norm(constant) * std::norm(d_carrier)) {
            return;
        }
    }
    const bool leap =
        d_known && std::norm(constant - d_value) >
                       leaps * std::max(std::norm(constant),
                                        deviations * deviations * noise / count);
    d_leaps = leap ? d_leaps + 1 : 0;
    if (leap && d_leaps < patience) {
        return;
    }
    if (!d_known || leap) {
        d_evidence = evidence();
    }
    d_value = d_known && !leap ? d_value + followed * (constant - d_value) : constant;
    d_noise = noise;
    d_power = power;
    d_known = true;
    d_leaps = 0;
}

} // namespace kernel
} // namespace denomae
} // namespace gr
