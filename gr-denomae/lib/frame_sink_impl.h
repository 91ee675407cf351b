/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_DENOMAE_FRAME_SINK_IMPL_H
#define INCLUDED_DENOMAE_FRAME_SINK_IMPL_H

#include "stream_tags.h"
#include <atomic>
#include <gnuradio/denomae/frame_sink.h>
#include <gnuradio/denomae/kernels/duration_histogram.h>
#include <gnuradio/denomae/kernels/framer.h>
#include <gnuradio/denomae/kernels/run_count.h>
#include <gnuradio/tags.h>
#include <mutex>
#include <vector>

namespace gr {
namespace denomae {

class frame_sink_impl : public frame_sink
{
public:
    frame_sink_impl(std::int64_t frame_length,
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

    void set_sample_rate(double rate_hz, std::int64_t settle_samples) override;
    void set_center_frequency(double frequency_hz, std::int64_t settle_samples) override;
    void hold() override;
    void release(double rate_hz,
                 double frequency_hz,
                 std::int64_t settle_samples) override;

    frame_batch pop(std::int64_t max_frames, double timeout_s) override;
    void set_bell(std::shared_ptr<doorbell> bell) override
    {
        d_queue.set_bell(std::move(bell));
    }
    std::uint64_t discard() override { return d_queue.discard(); }
    frame_counters counters() const override { return d_queue.counters(); }
    double work_time_s(double share) const override
    {
        return 1e-9 * d_work_times.quantile(share);
    }
    std::uint64_t work_calls() const override { return d_work_times.count(); }
    std::uint64_t run() const override;
    std::uint64_t current_run() const override;
    bool finished(std::uint64_t run) const override;

    bool start() override;
    bool stop() override;
    int work(int noutput_items,
             gr_vector_const_void_star& input_items,
             gr_vector_void_star& output_items) override;

private:
    void say(double kernel::stream_parameters::*parameter,
             double value,
             std::int64_t settle_samples);
    void take_parameters();
    void read_tags(int count);

    const std::int64_t d_hop;
    kernel::frame_queue d_queue;
    kernel::power_gate d_gate;
    kernel::framer d_framer;

    kernel::duration_histogram d_work_times;

    // Of the flowgraph's thread alone.
    bool d_begun = false;
    stream_tags d_tags_reader;
    std::vector<tag_t> d_tags;
    std::vector<kernel::stream_event> d_events;

    // What the next work() is to tell the framer.
    std::mutex d_parameters_mutex;
    std::atomic<bool> d_parameters_said{ false };
    kernel::stream_parameters d_parameters;
    std::uint64_t d_settle = 0;
    bool d_hold_said = false; // since the last work(), be it released or not
    bool d_held = false;

    mutable std::mutex d_run_mutex;
    kernel::run_count d_runs;
};

} // namespace denomae
} // namespace gr

#endif
