/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "frame_sink_impl.h"
#include <algorithm>
#include <chrono>
#include <cmath>
#include <gnuradio/io_signature.h>
#include <stdexcept>
#include <string>

namespace gr {
namespace denomae {

namespace {

// No longer than this at a time inside work(): a flowgraph that stops can only wait for it.
constexpr auto blocking_slice = std::chrono::milliseconds(20);
constexpr double longest_wait_s = 86400.0;

const pmt::pmt_t& time_key()
{
    static const pmt::pmt_t key = pmt::mp("rx_time");
    return key;
}

const pmt::pmt_t& rate_key()
{
    static const pmt::pmt_t key = pmt::mp("rx_rate");
    return key;
}

const pmt::pmt_t& band_key()
{
    static const pmt::pmt_t key = pmt::mp("denomae_band");
    return key;
}

const pmt::pmt_t& frequency_key()
{
    static const pmt::pmt_t key = pmt::mp("rx_freq");
    return key;
}

std::int64_t at_least_one(const char* name, std::int64_t value, const char* unit)
{
    if (value < 1) {
        throw std::invalid_argument(std::string(name) + " is " + std::to_string(value) +
                                    ", wanted at least 1 " + unit);
    }
    return value;
}

std::int64_t monotonic_ns()
{
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

double valid_rate(double rate_hz)
{
    if (!std::isnan(rate_hz) && !(std::isfinite(rate_hz) && rate_hz > 0.0)) {
        throw std::invalid_argument("rate_hz is " + std::to_string(rate_hz) +
                                    ", wanted Hz above 0, or NaN for the tags'");
    }
    return rate_hz;
}

double valid_frequency(double frequency_hz)
{
    if (std::isinf(frequency_hz)) {
        throw std::invalid_argument("frequency_hz is " + std::to_string(frequency_hz) +
                                    ", wanted Hz, or NaN for the tags'");
    }
    return frequency_hz;
}

std::uint64_t valid_settle(std::int64_t settle_samples)
{
    if (settle_samples < 0) {
        throw std::invalid_argument("settle_samples is " +
                                    std::to_string(settle_samples) +
                                    ", wanted at least 0 samples");
    }
    return static_cast<std::uint64_t>(settle_samples);
}

bool read_time(const pmt::pmt_t& value, kernel::stream_event& event)
{
    if (!pmt::is_tuple(value) || pmt::length(value) != 2) {
        return false;
    }
    const pmt::pmt_t seconds = pmt::tuple_ref(value, 0);
    const pmt::pmt_t fraction = pmt::tuple_ref(value, 1);
    const bool whole = pmt::is_uint64(seconds) ||
                       (pmt::is_integer(seconds) && pmt::to_long(seconds) >= 0);
    if (!whole || !pmt::is_real(fraction) || !std::isfinite(pmt::to_double(fraction))) {
        return false;
    }
    event.has_time = true;
    event.time_seconds = pmt::to_uint64(seconds);
    event.time_fraction = pmt::to_double(fraction);
    return true;
}

bool read_number(const pmt::pmt_t& value, bool& has, double& number)
{
    double found;
    if (pmt::is_uint64(value)) { // pmt::to_double() would throw
        found = static_cast<double>(pmt::to_uint64(value));
    } else if (pmt::is_integer(value) || pmt::is_real(value)) {
        found = pmt::to_double(value);
    } else {
        return false;
    }
    if (!std::isfinite(found)) {
        return false;
    }
    has = true;
    number = found;
    return true;
}

bool read_band(const pmt::pmt_t& value, kernel::stream_event& event)
{
    static const pmt::pmt_t ratio_key = pmt::mp("ratio");
    static const pmt::pmt_t origin_key = pmt::mp("origin");
    if (!pmt::is_dict(value)) {
        return false;
    }
    const pmt::pmt_t ratio = pmt::dict_ref(value, ratio_key, pmt::PMT_NIL);
    const pmt::pmt_t origin = pmt::dict_ref(value, origin_key, pmt::PMT_NIL);
    if (!pmt::is_real(ratio) || !pmt::is_uint64(origin) ||
        !std::isfinite(pmt::to_double(ratio)) || !(pmt::to_double(ratio) > 0.0)) {
        return false;
    }
    event.has_band = true;
    event.ratio = pmt::to_double(ratio);
    event.origin = pmt::to_uint64(origin);
    return true;
}

} // namespace

frame_sink::sptr frame_sink::make(std::int64_t frame_length,
                                  std::int64_t hop,
                                  std::int64_t queue_frames,
                                  drop_policy policy,
                                  double gate_db,
                                  double hysteresis_db)
{
    return gnuradio::make_block_sptr<frame_sink_impl>(
        frame_length, hop, queue_frames, policy, gate_db, hysteresis_db);
}

frame_sink_impl::frame_sink_impl(std::int64_t frame_length,
                                 std::int64_t hop,
                                 std::int64_t queue_frames,
                                 drop_policy policy,
                                 double gate_db,
                                 double hysteresis_db)
    : gr::sync_block("frame_sink",
                     gr::io_signature::make(1, 1, sizeof(gr_complex)),
                     gr::io_signature::make(0, 0, 0)),
      d_hop(at_least_one("hop", hop, "sample")),
      d_queue(at_least_one("frame_length", frame_length, "sample"),
              at_least_one("queue_frames", queue_frames, "frame"),
              policy),
      d_gate(gate_db, hysteresis_db),
      d_framer(d_queue, d_hop, d_gate)
{
}

void frame_sink_impl::set_sample_rate(double rate_hz, std::int64_t settle_samples)
{
    say(&kernel::stream_parameters::rate_hz, valid_rate(rate_hz), settle_samples);
}

void frame_sink_impl::set_center_frequency(double frequency_hz,
                                           std::int64_t settle_samples)
{
    say(&kernel::stream_parameters::frequency_hz,
        valid_frequency(frequency_hz),
        settle_samples);
}

void frame_sink_impl::say(double kernel::stream_parameters::*parameter,
                          double value,
                          std::int64_t settle_samples)
{
    const std::uint64_t settle = valid_settle(settle_samples);
    std::lock_guard<std::mutex> lock(d_parameters_mutex);
    d_parameters.*parameter = value;
    d_settle = std::max(d_settle, settle);
    d_parameters_said = true;
}

void frame_sink_impl::hold()
{
    std::lock_guard<std::mutex> lock(d_parameters_mutex);
    d_hold_said = d_held = true;
    d_parameters_said = true;
}

void frame_sink_impl::release(double rate_hz,
                              double frequency_hz,
                              std::int64_t settle_samples)
{
    const kernel::stream_parameters parameters{ valid_rate(rate_hz),
                                                valid_frequency(frequency_hz) };
    const std::uint64_t settle = valid_settle(settle_samples);
    std::lock_guard<std::mutex> lock(d_parameters_mutex);
    d_parameters = parameters;
    d_settle = std::max(d_settle, settle);
    d_held = false;
    d_parameters_said = true;
}

void frame_sink_impl::take_parameters()
{
    if (!d_parameters_said.load(std::memory_order_relaxed)) {
        return; // work() takes no lock that it does not need
    }
    std::lock_guard<std::mutex> lock(d_parameters_mutex);
    if (d_hold_said) {
        d_framer.hold();
        d_hold_said = false;
    }
    d_framer.set_parameters(d_parameters, d_settle);
    if (!d_held) {
        d_framer.release(d_settle);
    }
    d_settle = 0;
    d_parameters_said = false;
}

frame_batch frame_sink_impl::pop(std::int64_t max_frames, double timeout_s)
{
    at_least_one("max_frames", max_frames, "frame");
    if (!(timeout_s >= 0.0)) {
        throw std::invalid_argument("timeout_s is " + std::to_string(timeout_s) +
                                    ", wanted a number of seconds that is at least 0");
    }
    const std::chrono::duration<double> timeout(std::min(timeout_s, longest_wait_s));
    return kernel::take_batch(
        d_queue,
        max_frames,
        std::chrono::duration_cast<kernel::frame_queue::duration>(timeout));
}

std::uint64_t frame_sink_impl::run() const
{
    std::lock_guard<std::mutex> lock(d_run_mutex);
    return d_run;
}

std::uint64_t frame_sink_impl::current_run() const
{
    std::lock_guard<std::mutex> lock(d_run_mutex);
    return d_run == d_stopped_run ? d_run + 1 : d_run;
}

bool frame_sink_impl::finished(std::uint64_t run) const
{
    std::lock_guard<std::mutex> lock(d_run_mutex);
    return run < d_run || (run == d_stopped_run && d_queue.empty());
}

bool frame_sink_impl::start()
{
    std::lock_guard<std::mutex> lock(d_run_mutex);
    d_queue.reset();
    d_work_times.clear();
    d_begun = false;
    ++d_run;
    d_queue.wake(); // whoever was there before
    return true;
}

bool frame_sink_impl::stop()
{
    d_framer.end();
    {
        std::lock_guard<std::mutex> lock(d_run_mutex);
        d_stopped_run = d_run;
    }
    d_queue.wake();
    return true;
}

int frame_sink_impl::work(int noutput_items,
                          gr_vector_const_void_star& input_items,
                          gr_vector_void_star&)
{
    const auto samples = static_cast<const gr_complex*>(input_items[0]);
    const std::int64_t arrival_ns = monotonic_ns();
    if (!d_begun) {
        d_framer.begin(nitems_read(0));
        d_begun = true;
    }
    take_parameters();
    read_tags(noutput_items);

    std::size_t consumed = d_framer.consume(samples, noutput_items, d_events, arrival_ns);
    if (consumed == 0 && d_queue.wait_for_room(blocking_slice)) {
        consumed = d_framer.consume(samples, noutput_items, d_events, arrival_ns);
    }
    d_work_times.record(monotonic_ns() - arrival_ns);
    return static_cast<int>(consumed);
}

void frame_sink_impl::read_tags(int count)
{
    const std::uint64_t begin = nitems_read(0);
    d_events.clear();
    get_tags_in_range(d_tags, 0, begin, begin + count);
    if (d_tags.empty()) {
        return;
    }
    std::stable_sort(d_tags.begin(), d_tags.end(), tag_t::offset_compare);
    for (const tag_t& tag : d_tags) {
        kernel::stream_event event;
        if (!d_events.empty() && d_events.back().offset == tag.offset) {
            event = d_events.back();
        }
        event.offset = tag.offset;
        if (pmt::eq(tag.key, time_key())) {
            if (!read_time(tag.value, event)) {
                warn_of(tag,
                        "a tuple of whole seconds (uint64) and their fraction (double)");
                continue;
            }
        } else if (pmt::eq(tag.key, rate_key())) {
            if (!read_number(tag.value, event.has_rate, event.rate_hz)) {
                warn_of(tag, "a finite number of Hz");
                continue;
            }
        } else if (pmt::eq(tag.key, frequency_key())) {
            if (!read_number(tag.value, event.has_frequency, event.frequency_hz)) {
                warn_of(tag, "a finite number of Hz");
                continue;
            }
        } else if (pmt::eq(tag.key, band_key())) {
            if (!read_band(tag.value, event)) {
                warn_of(tag, "a dictionary of ratio (double > 0) and origin (uint64)");
                continue;
            }
        } else {
            continue;
        }
        if (!d_events.empty() && d_events.back().offset == tag.offset) {
            d_events.back() = event;
        } else {
            d_events.push_back(event);
        }
    }
}

void frame_sink_impl::warn_of(const tag_t& tag, const char* wanted)
{
    if (d_warned) {
        return;
    }
    d_warned = true;
    d_logger->warn(
        "tag {} at sample {} is {}, wanted {}; it and others like it are ignored",
        pmt::symbol_to_string(tag.key),
        tag.offset,
        pmt::write_string(tag.value),
        wanted);
}

} // namespace denomae
} // namespace gr
