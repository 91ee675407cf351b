/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_DENOMAE_FRAME_SAMPLER_IMPL_H
#define INCLUDED_DENOMAE_FRAME_SAMPLER_IMPL_H

#include <gnuradio/denomae/frame_sampler.h>
#include <gnuradio/denomae/kernels/framer.h>
#include <gnuradio/tags.h>
#include <mutex>
#include <vector>

namespace gr {
namespace denomae {

class frame_sampler_impl : public frame_sampler
{
public:
    frame_sampler_impl(std::int64_t frame_length,
                       std::int64_t hop,
                       std::int64_t queue_frames,
                       drop_policy policy,
                       double gate_db,
                       double hysteresis_db);

    std::int64_t frame_length() const override { return d_queue.frame_length(); }
    std::int64_t hop() const override { return d_hop; }
    std::int64_t queue_frames() const override { return d_queue.capacity(); }
    drop_policy policy() const override { return d_queue.policy(); }

    void set_gate_db(double gate_db) override { d_gate.set_gate_db(gate_db); }
    double gate_db() const override { return d_gate.gate_db(); }
    void set_hysteresis_db(double db) override { d_gate.set_hysteresis_db(db); }
    double hysteresis_db() const override { return d_gate.hysteresis_db(); }

    frame_batch pop(std::int64_t max_frames, double timeout_s) override;
    std::uint64_t discard() override { return d_queue.discard(); }
    frame_counters counters() const override { return d_queue.counters(); }
    std::uint64_t run() const override;
    bool finished(std::uint64_t run) const override;

    bool start() override;
    bool stop() override;
    int work(int noutput_items,
             gr_vector_const_void_star& input_items,
             gr_vector_void_star& output_items) override;

private:
    void read_tags(int count);
    void warn_of(const tag_t& tag, const char* wanted);

    const std::int64_t d_hop;
    kernel::frame_queue d_queue;
    kernel::power_gate d_gate;
    kernel::framer d_framer;

    // Of the flowgraph's thread alone.
    bool d_begun = false;
    bool d_warned = false;
    std::vector<tag_t> d_tags;
    std::vector<kernel::stream_event> d_events;

    mutable std::mutex d_run_mutex;
    std::uint64_t d_run = 0;
    std::uint64_t d_stopped_run = 0;
};

} // namespace denomae
} // namespace gr

#endif
