/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rate_adapter_impl.h"
#include <algorithm>
#include <cmath>
#include <gnuradio/denomae/kernels/clipping.h>
#include <gnuradio/fft/window.h>
#include <gnuradio/io_signature.h>
#include <stdexcept>
#include <string>

namespace gr {
namespace denomae {

namespace {

constexpr int bins = 1024;
constexpr int line = 3;    // bins to either side that a constant reaches, and its own
constexpr int beside = 32; // bins to either side that a signal around it would fill
constexpr double overlapped =
    0.947; // windows of Hann that overlap by half, as independent ones

double valid_target(double target_bandwidth)
{
    if (!(target_bandwidth >= 0.01 && target_bandwidth <= 0.8)) {
        throw std::invalid_argument("target_bandwidth is " +
                                    std::to_string(target_bandwidth) +
                                    ", wanted 0.01 to 0.8 cycles a sample");
    }
    return target_bandwidth;
}

std::int64_t valid_interval(std::int64_t interval)
{
    if (interval < 2 * bins || interval > (1 << 22)) {
        throw std::invalid_argument("interval is " + std::to_string(interval) +
                                    ", wanted 2048 to 4194304 samples");
    }
    return interval;
}

} // namespace

rate_adapter::sptr rate_adapter::make(double target_bandwidth,
                                      std::int64_t interval,
                                      bool adapting,
                                      bool remove_dc)
{
    return gnuradio::make_block_sptr<rate_adapter_impl>(
        target_bandwidth, interval, adapting, remove_dc);
}

rate_adapter_impl::rate_adapter_impl(double target_bandwidth,
                                     std::int64_t interval,
                                     bool adapting,
                                     bool remove_dc)
    : gr::block("rate_adapter",
                gr::io_signature::make(1, 1, sizeof(gr_complex)),
                gr::io_signature::make(1, 1, sizeof(gr_complex))),
      d_target_bandwidth(valid_target(target_bandwidth)),
      d_interval(valid_interval(interval)),
      d_adapting(adapting),
      d_remove_dc(remove_dc),
      d_fft(bins),
      d_window(gr::fft::window::hann(bins))
{
    set_tag_propagation_policy(TPP_DONT); // they move with their samples
    std::copy(d_window.begin(), d_window.end(), d_fft.get_inbuf());
    d_fft.execute();
    d_window_spectrum.assign(d_fft.get_outbuf(), d_fft.get_outbuf() + bins);
}

void rate_adapter_impl::set_target_bandwidth(double target_bandwidth)
{
    d_target_bandwidth = valid_target(target_bandwidth);
}

bool rate_adapter_impl::start()
{
    d_begun = false;
    d_stretch.clear();
    d_tags.clear();
    d_ready.clear();
    d_given = 0;
    d_follower.reset();
    d_receiver_dc.reset();
    d_resampler.reset();
    d_ratio = 1.0;
    d_shift = 0.0;
    d_changes = 0;
    return true;
}

void rate_adapter_impl::forecast(int, gr_vector_int& ninput_items_required)
{
    ninput_items_required[0] = d_given < d_ready.size() ? 0 : 1;
}

int rate_adapter_impl::general_work(int noutput_items,
                                    gr_vector_int& ninput_items,
                                    gr_vector_const_void_star& input_items,
                                    gr_vector_void_star& output_items)
{
    if (!d_begun) {
        d_begun = true;
        d_input_begin = nitems_read(0);
        d_output_begin = nitems_written(0);
        tag_mapping();
    }
    const auto in = static_cast<const gr_complex*>(input_items[0]);
    const auto out = static_cast<gr_complex*>(output_items[0]);
    int taken = 0, given = 0;
    for (;;) {
        const auto ready = static_cast<std::ptrdiff_t>(d_ready.size() - d_given);
        const auto count = std::min<std::ptrdiff_t>(ready, noutput_items - given);
        std::copy_n(d_ready.data() + d_given, count, out + given);
        given += static_cast<int>(count);
        d_given += static_cast<std::size_t>(count);
        if (count < ready || taken == ninput_items[0]) {
            break; // no more room, or nothing more to fill it with
        }
        d_ready.clear();
        d_given = 0;
        const int more = std::min(
            ninput_items[0] - taken,
            static_cast<int>(d_interval - static_cast<std::int64_t>(d_stretch.size())));
        const std::uint64_t from = nitems_read(0) + static_cast<std::uint64_t>(taken);
        std::vector<tag_t> tags;
        get_tags_in_range(tags, 0, from, from + static_cast<std::uint64_t>(more));
        d_tags.insert(d_tags.end(), tags.begin(), tags.end());
        d_stretch.insert(d_stretch.end(), in + taken, in + taken + more);
        taken += more;
        if (static_cast<std::int64_t>(d_stretch.size()) == d_interval) {
            adapt_stretch();
        }
    }
    consume(0, taken);
    return given;
}

void rate_adapter_impl::adapt_stretch()
{
    const bool adapting = d_adapting, remove_dc = d_remove_dc;
    if (adapting || remove_dc) {
        look();
    }
    if (!remove_dc) {
        d_receiver_dc.reset();
    } else {
        const auto windows = static_cast<double>(d_lines.size());
        const double floor =
            kernel::noise_floor(periodogram(0.0f), overlapped * windows) / windows;
        d_receiver_dc.follow(levels(), floor / std::norm(d_window_spectrum[0]));
    }
    if (adapting && d_follower.follow(measure(), d_target_bandwidth)) {
        d_resampler.finish(d_ready);
        d_output_begin += d_resampler.produced();
        d_resampler.set_mapping(d_follower.mapping());
        d_ratio = d_follower.mapping().ratio;
        d_shift = d_follower.mapping().shift;
        ++d_changes;
        tag_mapping();
    }
    take_off_dc();
    d_resampler.push(d_stretch.data(), d_stretch.size(), d_ready);
    move_tags();
    d_stretch.clear();
}

void rate_adapter_impl::look()
{
    d_spectra.clear();
    d_lines.clear();
    const float sum = d_window_spectrum[0].real();
    for (std::size_t begin = 0; begin + bins <= d_stretch.size(); begin += bins / 2) {
        gr_complex constant = 0.0f;
        for (int i = 0; i < bins; ++i) {
            constant += d_stretch[begin + i] * d_window[i];
        }
        constant /= sum;
        for (int i = 0; i < bins; ++i) {
            d_fft.get_inbuf()[i] = (d_stretch[begin + i] - constant) * d_window[i];
        }
        d_fft.execute();
        d_spectra.insert(d_spectra.end(), d_fft.get_outbuf(), d_fft.get_outbuf() + bins);
        d_lines.push_back(constant);
    }
}

// The sum over all windows, of what is left without `dc`; -0.5 cycles a sample first.
std::vector<float> rate_adapter_impl::periodogram(gr_complex dc) const
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

kernel::occupied_band rate_adapter_impl::measure() const
{
    return kernel::find_band(periodogram(gr_complex(d_receiver_dc.value())),
                             overlapped * static_cast<double>(d_lines.size()),
                             kernel::is_clipped(d_stretch.data(), d_stretch.size()));
}

std::vector<kernel::window_levels> rate_adapter_impl::levels() const
{
    std::vector<kernel::window_levels> found(d_lines.size());
    for (std::size_t window = 0; window < found.size(); ++window) {
        kernel::window_levels& levels = found[window];
        levels.line = std::complex<double>(d_lines[window]);
        const gr_complex* samples = d_stretch.data() + window * (bins / 2);
        for (int i = 0; i < bins; ++i) {
            const std::complex<double> sample(samples[i]);
            levels.average += sample / static_cast<double>(bins);
            levels.power += std::norm(sample) / bins;
            levels.square += sample * sample / static_cast<double>(bins);
        }
        const gr_complex* spectrum = d_spectra.data() + window * bins;
        for (int i = line; i <= beside; ++i) {
            levels.beside += std::norm(spectrum[i]) + std::norm(spectrum[bins - i]);
        }
        levels.beside /= 2.0 * (beside - line + 1) * std::norm(d_window_spectrum[0]);
    }
    return found;
}

void rate_adapter_impl::take_off_dc()
{
    const gr_complex dc(d_receiver_dc.value());
    if (dc == 0.0f) {
        return;
    }
    for (gr_complex& sample : d_stretch) {
        sample -= dc;
    }
}

void rate_adapter_impl::tag_mapping()
{
    static const pmt::pmt_t key = pmt::mp("denomae_band");
    const std::uint64_t origin = d_input_begin + d_resampler.origin();
    pmt::pmt_t value = pmt::make_dict();
    value = pmt::dict_add(
        value, pmt::mp("ratio"), pmt::from_double(d_resampler.mapping().ratio));
    value = pmt::dict_add(
        value, pmt::mp("shift"), pmt::from_double(d_resampler.mapping().shift));
    value = pmt::dict_add(value, pmt::mp("origin"), pmt::from_uint64(origin));
    add_item_tag(0, d_output_begin, key, value, alias_pmt());
}

void rate_adapter_impl::move_tags()
{
    const std::uint64_t origin = d_input_begin + d_resampler.origin();
    for (tag_t& tag : d_tags) {
        const double past = static_cast<double>(tag.offset - origin);
        const double moved = std::round(past * d_resampler.mapping().ratio);
        tag.offset = d_output_begin + static_cast<std::uint64_t>(moved);
        add_item_tag(0, tag);
    }
    d_tags.clear();
}

} // namespace denomae
} // namespace gr
