/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "overlap_adder_impl.h"
#include <algorithm>
#include <gnuradio/io_signature.h>

namespace gr {
namespace denomae {

namespace {

// The frame sink may read ahead of this block by as much as the buffer between holds.
constexpr std::int64_t ahead_samples = std::int64_t(1) << 20;

} // namespace

overlap_adder::sptr overlap_adder::make(std::int64_t delay_samples,
                                        std::int64_t frame_length,
                                        std::int64_t hop)
{
    return gnuradio::make_block_sptr<overlap_adder_impl>(
        delay_samples, frame_length, hop);
}

overlap_adder_impl::overlap_adder_impl(std::int64_t delay_samples,
                                       std::int64_t frame_length,
                                       std::int64_t hop)
    : gr::sync_block("overlap_adder",
                     gr::io_signature::make(1, 1, sizeof(gr_complex)),
                     gr::io_signature::make(0, 1, sizeof(gr_complex))),
      d_line(delay_samples, frame_length, hop),
      d_moved(delay_samples),
      d_most((delay_samples + frame_length + ahead_samples) / hop),
      d_mail(d_most)
{
    set_tag_propagation_policy(TPP_DONT); // they move
}

void overlap_adder_impl::add(std::uint64_t run,
                             std::uint64_t sample_offset,
                             const std::complex<float>* samples)
{
    using box = kernel::mailbox<kernel::overlap_frame>;
    const auto length = static_cast<std::size_t>(frame_length());
    kernel::overlap_frame frame;
    frame.sample_offset = sample_offset;
    frame.samples.reset(new std::complex<float>[length]);
    std::copy_n(samples, length, frame.samples.get());
    switch (d_mail.post(run, std::move(frame))) {
    case box::answer::taken:
        break;
    case box::answer::full:
        ++d_dropped;
        break;
    case box::answer::over:
        ++d_late;
    }
}

bool overlap_adder_impl::start()
{
    d_used = d_late = d_dropped = 0;
    d_begun = false;
    d_moved.clear();
    d_mail.open();
    return true;
}

bool overlap_adder_impl::stop()
{
    d_late += d_mail.close();
    return true;
}

int overlap_adder_impl::work(int noutput_items,
                             gr_vector_const_void_star& input_items,
                             gr_vector_void_star& output_items)
{
    if (!d_begun) {
        d_line.begin(nitems_read(0));
        d_begun = true;
    }
    take_frames();
    if (output_items.empty()) { // nobody listens
        d_line.begin(nitems_read(0) + noutput_items);
        return noutput_items;
    }
    d_line.pass(static_cast<const gr_complex*>(input_items[0]),
                static_cast<gr_complex*>(output_items[0]),
                noutput_items);
    get_tags_in_window(d_tags, 0, 0, noutput_items);
    d_moved.add(d_tags);
    d_moved.leave(nitems_read(0),
                  nitems_written(0),
                  noutput_items,
                  [this](const tag_t& tag) { add_item_tag(0, tag); });
    return noutput_items;
}

void overlap_adder_impl::take_frames()
{
    d_mail.take(d_taken);
    for (kernel::overlap_frame& frame : d_taken) {
        if (d_line.waiting() >= d_most) {
            ++d_dropped;
        } else if (d_line.add(std::move(frame))) {
            ++d_used;
        } else {
            ++d_late;
        }
    }
    d_taken.clear();
}

} // namespace denomae
} // namespace gr
