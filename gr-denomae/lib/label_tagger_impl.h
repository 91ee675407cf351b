/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_DENOMAE_LABEL_TAGGER_IMPL_H
#define INCLUDED_DENOMAE_LABEL_TAGGER_IMPL_H

#include "delayed_tags.h"
#include <atomic>
#include <gnuradio/denomae/kernels/delay_line.h>
#include <gnuradio/denomae/kernels/mailbox.h>
#include <gnuradio/denomae/label_tagger.h>
#include <map>
#include <utility>
#include <vector>

namespace gr {
namespace denomae {

class label_tagger_impl : public label_tagger
{
public:
    label_tagger_impl(std::int64_t delay_samples, std::int64_t most_labels);

    std::int64_t delay_samples() const override { return d_delay.delay_samples(); }
    void add(std::uint64_t run,
             std::uint64_t sample_offset,
             const pmt::pmt_t& label) override;
    std::uint64_t current_run() const override { return d_mail.current_run(); }
    std::uint64_t tagged_labels() const override { return d_tagged; }
    std::uint64_t late_labels() const override { return d_late; }
    std::uint64_t dropped_labels() const override { return d_dropped; }

    bool start() override;
    bool stop() override;
    int work(int noutput_items,
             gr_vector_const_void_star& input_items,
             gr_vector_void_star& output_items) override;

private:
    using entry = std::pair<std::uint64_t, pmt::pmt_t>; // offset in the input, label

    //! Where a sample of the input leaves, counted from the first that leaves with this call.
    std::int64_t leaves_at(std::uint64_t sample_offset)
    {
        return static_cast<std::int64_t>(sample_offset - nitems_read(0)) +
               d_delay.delay_samples();
    }

    const std::size_t d_most;
    kernel::mailbox<entry> d_mail;
    std::atomic<std::uint64_t> d_tagged{ 0 }, d_late{ 0 }, d_dropped{ 0 };

    // Of the flowgraph's thread alone.
    kernel::delay_line d_delay;
    delayed_tags d_moved;
    std::multimap<std::uint64_t, pmt::pmt_t> d_labels; // that wait for their samples
    std::vector<entry> d_taken;
    std::vector<tag_t> d_tags;
    bool d_begun = false;
    std::uint64_t d_begin = 0; // offset of the run's first sample
};

} // namespace denomae
} // namespace gr

#endif
