/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_DENOMAE_STRETCH_SINK_IMPL_H
#define INCLUDED_DENOMAE_STRETCH_SINK_IMPL_H

#include "stream_tags.h"
#include <atomic>
#include <deque>
#include <gnuradio/denomae/kernels/run_count.h>
#include <gnuradio/denomae/stretch_sink.h>
#include <limits>
#include <mutex>

namespace gr {
namespace denomae {

class stretch_sink_impl : public stretch_sink
{
public:
    explicit stretch_sink_impl(std::int64_t capacity);

    void set_capacity(std::int64_t capacity) override;
    std::int64_t capacity() const override { return d_ring.capacity(); }
    void set_bell(std::shared_ptr<doorbell> bell) override;

    std::uint64_t oldest() const override { return d_ring.oldest(); }
    std::uint64_t head() const override { return d_ring.head(); }
    std::uint64_t first() const override { return d_first; }

    std::vector<stream_event> take_events() override;
    void set_rate_boundaries(bool wanted) override { d_rate_boundaries = wanted; }
    std::uint64_t set_boundary() override;

    std::uint64_t open(int fd,
                       std::uint64_t from,
                       std::uint64_t to,
                       std::uint64_t limit) override
    {
        return d_writer.open(fd, from, to, limit);
    }
    void extend(std::uint64_t number, std::uint64_t to) override
    {
        d_writer.extend(number, to);
    }
    void finish(std::uint64_t number, std::uint64_t end) override
    {
        d_writer.finish(number, end);
    }
    void abandon(std::uint64_t number) override { d_writer.abandon(number); }
    stretch_state state(std::uint64_t number) const override
    {
        return d_writer.state(number);
    }
    void forget(std::uint64_t number) override { d_writer.forget(number); }
    void halt() override { d_writer.stop(); }

    std::uint64_t run() const override;
    std::uint64_t current_run() const override;
    bool ended(std::uint64_t run) const override;

    bool start() override;
    bool stop() override;
    int work(int noutput_items,
             gr_vector_const_void_star& input_items,
             gr_vector_void_star& output_items) override;

private:
    void read_tags(int count);
    void ring_bell();

    kernel::sample_ring d_ring;
    kernel::stretch_writer d_writer;
    std::atomic<std::uint64_t> d_first{ 0 };
    std::atomic<bool> d_rate_boundaries{ true };

    // Of the flowgraph's thread alone.
    bool d_begun = false;
    double d_rate_hz = std::numeric_limits<double>::quiet_NaN();
    stream_tags d_reader;
    std::vector<tag_t> d_tags;
    std::vector<stream_event> d_events;

    mutable std::mutex d_mutex; // of all below
    std::shared_ptr<doorbell> d_bell;
    std::deque<stream_event> d_told;
    kernel::run_count d_runs;
};

} // namespace denomae
} // namespace gr

#endif
