/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "stretch_sink_impl.h"
#include <gnuradio/io_signature.h>
#include <stdexcept>
#include <string>

namespace gr {
namespace denomae {

namespace {

constexpr std::size_t most_events = 4096;

std::size_t valid_capacity(std::int64_t capacity)
{
    if (capacity < 1) {
        throw std::invalid_argument("capacity is " + std::to_string(capacity) +
                                    ", wanted at least 1 sample");
    }
    return static_cast<std::size_t>(capacity);
}

} // namespace

stretch_sink::sptr stretch_sink::make(std::int64_t capacity)
{
    return gnuradio::make_block_sptr<stretch_sink_impl>(capacity);
}

stretch_sink_impl::stretch_sink_impl(std::int64_t capacity)
    : gr::sync_block("stretch_sink",
                     gr::io_signature::make(1, 1, sizeof(gr_complex)),
                     gr::io_signature::make(0, 0, 0)),
      d_ring(valid_capacity(capacity)),
      d_writer(d_ring)
{
}

void stretch_sink_impl::set_capacity(std::int64_t capacity)
{
    d_ring.set_capacity(valid_capacity(capacity));
}

void stretch_sink_impl::set_bell(std::shared_ptr<doorbell> bell)
{
    d_writer.set_bell(bell);
    std::lock_guard<std::mutex> lock(d_mutex);
    d_bell = std::move(bell);
}

void stretch_sink_impl::ring_bell()
{
    std::shared_ptr<doorbell> bell;
    {
        std::lock_guard<std::mutex> lock(d_mutex);
        bell = d_bell;
    }
    if (bell) {
        bell->ring();
    }
}

std::vector<stream_event> stretch_sink_impl::take_events()
{
    std::lock_guard<std::mutex> lock(d_mutex);
    std::vector<stream_event> taken(d_told.begin(), d_told.end());
    d_told.clear();
    return taken;
}

std::uint64_t stretch_sink_impl::set_boundary()
{
    const std::uint64_t here = d_ring.head();
    d_writer.set_boundary(here);
    return here;
}

std::uint64_t stretch_sink_impl::run() const
{
    std::lock_guard<std::mutex> lock(d_mutex);
    return d_runs.run();
}

std::uint64_t stretch_sink_impl::current_run() const
{
    std::lock_guard<std::mutex> lock(d_mutex);
    return d_runs.current();
}

bool stretch_sink_impl::ended(std::uint64_t run) const
{
    std::lock_guard<std::mutex> lock(d_mutex);
    return d_runs.has_ended(run);
}

bool stretch_sink_impl::start()
{
    d_begun = false;
    d_first = 0;
    d_rate_hz = std::numeric_limits<double>::quiet_NaN();
    d_ring.begin(0);
    d_writer.clear_boundaries();
    d_writer.start();
    std::lock_guard<std::mutex> lock(d_mutex);
    d_told.clear();
    d_runs.begin();
    return true;
}

bool stretch_sink_impl::stop()
{
    {
        std::lock_guard<std::mutex> lock(d_mutex);
        d_runs.end();
    }
    d_writer.notify();
    ring_bell();
    return true;
}

int stretch_sink_impl::work(int noutput_items,
                            gr_vector_const_void_star& input_items,
                            gr_vector_void_star&)
{
    const auto samples = static_cast<const gr_complex*>(input_items[0]);
    const bool first = !d_begun;
    if (first) {
        d_first = nitems_read(0);
        d_ring.begin(nitems_read(0));
        d_begun = true;
    }
    read_tags(noutput_items);
    const std::uint64_t before = d_ring.head() / kernel::sample_ring::block_samples;
    d_ring.push(samples, noutput_items);
    if (d_ring.head() / kernel::sample_ring::block_samples != before) {
        d_writer.notify();
    }
    if (first) {
        ring_bell();
    }
    return noutput_items;
}

void stretch_sink_impl::read_tags(int count)
{
    const std::uint64_t begin = nitems_read(0);
    get_tags_in_range(d_tags, 0, begin, begin + count);
    if (d_tags.empty()) {
        return;
    }
    d_events.clear();
    d_reader.read(d_tags, d_events, *d_logger);
    for (const stream_event& event : d_events) {
        // NaN differs from every rate
        if (event.has_rate && event.rate_hz != d_rate_hz) {
            d_rate_hz = event.rate_hz;
            if (d_rate_boundaries) {
                d_writer.set_boundary(event.offset);
            }
        }
    }
    std::lock_guard<std::mutex> lock(d_mutex);
    d_told.insert(d_told.end(), d_events.begin(), d_events.end());
    while (d_told.size() > most_events) {
        d_told.pop_front();
    }
}

} // namespace denomae
} // namespace gr
