/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_DENOMAE_OVERLAP_ADDER_IMPL_H
#define INCLUDED_DENOMAE_OVERLAP_ADDER_IMPL_H

#include "delayed_tags.h"
#include <atomic>
#include <gnuradio/denomae/kernels/mailbox.h>
#include <gnuradio/denomae/kernels/overlap_line.h>
#include <gnuradio/denomae/overlap_adder.h>
#include <vector>

namespace gr {
namespace denomae {

class overlap_adder_impl : public overlap_adder
{
public:
    overlap_adder_impl(std::int64_t delay_samples,
                       std::int64_t frame_length,
                       std::int64_t hop);

    std::int64_t delay_samples() const override { return d_line.delay_samples(); }
    std::int64_t frame_length() const override { return d_line.frame_length(); }
    std::int64_t hop() const override { return d_line.hop(); }
    void add(std::uint64_t run,
             std::uint64_t sample_offset,
             const std::complex<float>* samples) override;
    std::uint64_t current_run() const override { return d_mail.current_run(); }
    std::uint64_t used_frames() const override { return d_used; }
    std::uint64_t late_frames() const override { return d_late; }
    std::uint64_t dropped_frames() const override { return d_dropped; }

    bool start() override;
    bool stop() override;
    int work(int noutput_items,
             gr_vector_const_void_star& input_items,
             gr_vector_void_star& output_items) override;

private:
    void take_frames();

    // Of the flowgraph's thread alone, less what never changes.
    kernel::overlap_line d_line;
    delayed_tags d_moved;
    std::vector<kernel::overlap_frame> d_taken;
    std::vector<tag_t> d_tags;
    bool d_begun = false;

    const std::size_t d_most; // frames that wait
    kernel::mailbox<kernel::overlap_frame> d_mail;
    std::atomic<std::uint64_t> d_used{ 0 }, d_late{ 0 }, d_dropped{ 0 };
};

} // namespace denomae
} // namespace gr

#endif
