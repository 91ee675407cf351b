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
    return d_runs.run();
}

std::uint64_t frame_sink_impl::current_run() const
{
    std::lock_guard<std::mutex> lock(d_run_mutex);
    return d_runs.current();
}

bool frame_sink_impl::finished(std::uint64_t run) const
{
    std::lock_guard<std::mutex> lock(d_run_mutex);
    return d_runs.is_past(run) || (d_runs.has_ended(run) && d_queue.empty());
}

bool frame_sink_impl::start()
{
    std::lock_guard<std::mutex> lock(d_run_mutex);
    d_queue.reset();
    d_work_times.clear();
    d_begun = false;
    d_runs.begin();
    d_queue.wake(); // whoever was there before
    return true;
}

bool frame_sink_impl::stop()
{
    d_framer.end();
    {
        std::lock_guard<std::mutex> lock(d_run_mutex);
        d_runs.end();
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
    d_tags_reader.read(d_tags, d_events, *d_logger);
}

} // namespace denomae
} // namespace gr
