/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rate_adapter_impl.h"
#include <algorithm>
#include <cmath>
#include <gnuradio/denomae/kernels/clipping.h>
#include <gnuradio/io_signature.h>
#include <stdexcept>
#include <string>

namespace gr {
namespace denomae {

namespace {

constexpr int bins = interval_spectra::bins;

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
      d_remove_dc(remove_dc)
{
    set_tag_propagation_policy(TPP_DONT); // they move with their samples
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
        d_spectra.look(d_stretch);
    }
    if (remove_dc) {
        d_receiver_dc.follow(d_spectra.levels(), d_spectra.floor());
    } else {
        d_receiver_dc.reset();
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

kernel::occupied_band rate_adapter_impl::measure() const
{
    return kernel::find_band(d_spectra.periodogram(gr_complex(d_receiver_dc.value())),
                             d_spectra.averages(),
                             kernel::is_clipped(d_stretch.data(), d_stretch.size()));
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
