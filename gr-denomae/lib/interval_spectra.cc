/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "interval_spectra.h"
#include <algorithm>
#include <gnuradio/denomae/kernels/band_finder.h>
#include <gnuradio/fft/window.h>

namespace gr {
namespace denomae {

namespace {

constexpr int beside = 3; // the first bin that a constant does not reach
constexpr double overlapped =
    0.947; // windows of Hann that overlap by half, as independent ones

} // namespace

interval_spectra::interval_spectra() : d_fft(bins), d_window(gr::fft::window::hann(bins))
{
    std::copy(d_window.begin(), d_window.end(), d_fft.get_inbuf());
    d_fft.execute();
    d_window_spectrum.assign(d_fft.get_outbuf(), d_fft.get_outbuf() + bins);
}

void interval_spectra::look(const std::vector<gr_complex>& samples)
{
    d_spectra.clear();
    d_lines.clear();
    d_power.clear();
    for (std::size_t begin = 0; begin + bins <= samples.size(); begin += bins / 2) {
        const gr_complex* from = samples.data() + begin;
        gr_complex constant = 0.0f;
        double power = 0.0;
        for (int i = 0; i < bins; ++i) {
            constant += from[i] * d_window[i];
            power += std::norm(from[i]);
        }
        constant /= d_window_spectrum[0].real();
        for (int i = 0; i < bins; ++i) {
            d_fft.get_inbuf()[i] = (from[i] - constant) * d_window[i];
        }
        d_fft.execute();
        d_spectra.insert(d_spectra.end(), d_fft.get_outbuf(), d_fft.get_outbuf() + bins);
        d_lines.push_back(constant);
        d_power.push_back(power / bins);
    }
}

double interval_spectra::averages() const
{
    return overlapped * static_cast<double>(d_lines.size());
}

std::vector<float> interval_spectra::periodogram(gr_complex dc) const
{
    std::vector<float> power(bins, 0.0f);
    for (std::size_t window = 0; window < d_lines.size(); ++window) {
        const gr_complex* spectrum = d_spectra.data() + window * bins;
        const gr_complex constant = d_lines[window] - dc;
        for (int i = 0; i < bins; ++i) {
            power[(i + bins / 2) % bins] +=
                std::norm(spectrum[i] + constant * d_window_spectrum[i]);
        }
    }
    return power;
}

std::vector<kernel::window_levels> interval_spectra::levels() const
{
    constexpr int pairs = kernel::receiver_dc::pairs;
    const double scale = 1.0 / (pairs * std::norm(d_window_spectrum[0]));
    std::vector<kernel::window_levels> found(d_lines.size());
    for (std::size_t window = 0; window < found.size(); ++window) {
        kernel::window_levels& levels = found[window];
        levels.line = std::complex<double>(d_lines[window]);
        levels.power = d_power[window];
        const gr_complex* spectrum = d_spectra.data() + window * bins;
        for (int i = beside; i < beside + pairs; ++i) {
            const std::complex<double> above(spectrum[i]), below(spectrum[bins - i]);
            levels.beside += 0.5 * (std::norm(above) + std::norm(below));
            levels.mirrored += above * below;
        }
        levels.beside *= scale;
        levels.mirrored *= scale;
    }
    return found;
}

double interval_spectra::floor() const
{
    return kernel::noise_floor(periodogram(0.0f), averages()) /
           (static_cast<double>(d_lines.size()) * std::norm(d_window_spectrum[0]));
}

} // namespace denomae
} // namespace gr
