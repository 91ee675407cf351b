/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_DENOMAE_INTERVAL_SPECTRA_H
#define INCLUDED_DENOMAE_INTERVAL_SPECTRA_H

#include <gnuradio/denomae/kernels/receiver_dc.h>
#include <gnuradio/fft/fft.h>
#include <gnuradio/gr_complex.h>
#include <vector>

namespace gr {
namespace denomae {

/*!
 * \brief The spectra of an interval's windows, from which a constant can be taken off afterwards.
 *
 * Windows of Hann that overlap by half. Each one's own constant is kept beside the spectrum of what
 * it leaves, so that strong DC leaks nowhere.
 */
class interval_spectra
{
public:
    static constexpr int bins = 1024;

    interval_spectra();

    //! Takes the place of the interval before: at least `bins` samples.
    void look(const std::vector<gr_complex>& samples);

    //! Independent periodograms in the sum of all windows.
    double averages() const;

    //! The sum over all windows of what is left without `dc`; -0.5 cycles a sample first.
    std::vector<float> periodogram(gr_complex dc) const;

    //! What each window tells of its constant.
    std::vector<kernel::window_levels> levels() const;

    //! Of noise, on the scale of levels().
    double floor() const;

private:
    gr::fft::fft<gr_complex, true> d_fft;
    std::vector<float> d_window;
    std::vector<gr_complex> d_window_spectrum; // what a constant of 1 becomes
    std::vector<gr_complex> d_spectra;         // [windows][bins], 0 Hz first
    std::vector<gr_complex> d_lines; // [windows], the constant that was taken off
    std::vector<double> d_power;     // [windows], of the samples
};

} // namespace denomae
} // namespace gr

#endif
