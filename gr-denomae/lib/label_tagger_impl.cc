/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "label_tagger_impl.h"
#include <gnuradio/io_signature.h>
#include <stdexcept>
#include <string>

namespace gr {
namespace denomae {

namespace {

const pmt::pmt_t& label_key()
{
    static const pmt::pmt_t key = pmt::mp("denomae_label");
    return key;
}

std::size_t valid_most(std::int64_t most_labels)
{
    if (most_labels < 1) {
        throw std::invalid_argument("most_labels is " + std::to_string(most_labels) +
                                    ", wanted at least 1 label");
    }
    return static_cast<std::size_t>(most_labels);
}

} // namespace

label_tagger::sptr label_tagger::make(std::int64_t delay_samples,
                                      std::int64_t most_labels)
{
    return gnuradio::make_block_sptr<label_tagger_impl>(delay_samples, most_labels);
}

label_tagger_impl::label_tagger_impl(std::int64_t delay_samples, std::int64_t most_labels)
    : gr::sync_block("label_tagger",
                     gr::io_signature::make(1, 1, sizeof(gr_complex)),
                     gr::io_signature::make(0, 1, sizeof(gr_complex))),
      d_most(valid_most(most_labels)),
      d_mail(d_most),
      d_delay(delay_samples),
      d_moved(delay_samples)
{
    set_tag_propagation_policy(TPP_DONT); // they move
}

void label_tagger_impl::add(std::uint64_t run,
                            std::uint64_t sample_offset,
                            const pmt::pmt_t& label)
{
    switch (d_mail.post(run, { sample_offset, label })) {
    case kernel::mailbox<entry>::answer::taken:
        break;
    case kernel::mailbox<entry>::answer::full:
        ++d_dropped;
        break;
    case kernel::mailbox<entry>::answer::over:
        ++d_late;
    }
}

bool label_tagger_impl::start()
{
    d_tagged = d_late = d_dropped = 0;
    d_begun = false;
    d_delay.clear();
    d_moved.clear();
    d_mail.open();
    return true;
}

bool label_tagger_impl::stop()
{
    d_late += d_mail.close() + d_labels.size();
    d_labels.clear();
    return true;
}

int label_tagger_impl::work(int noutput_items,
                            gr_vector_const_void_star& input_items,
                            gr_vector_void_star& output_items)
{
    if (!d_begun) {
        d_begin = nitems_read(0);
        d_begun = true;
    }
    d_mail.take(d_taken);
    for (entry& label : d_taken) {
        const bool before = static_cast<std::int64_t>(label.first - d_begin) < 0;
        if (before || leaves_at(label.first) < 0) {
            ++d_late;
        } else if (d_labels.size() >= d_most) {
            ++d_dropped;
        } else {
            d_labels.insert(std::move(label));
        }
    }
    d_taken.clear();
    if (output_items.empty()) { // nobody listens
        d_late += d_labels.size();
        d_labels.clear();
        return noutput_items;
    }
    d_delay.pass(static_cast<const gr_complex*>(input_items[0]),
                 static_cast<gr_complex*>(output_items[0]),
                 noutput_items);
    get_tags_in_window(d_tags, 0, 0, noutput_items);
    d_moved.add(d_tags);
    d_moved.leave(nitems_read(0),
                  nitems_written(0),
                  noutput_items,
                  [this](const tag_t& tag) { add_item_tag(0, tag); });
    while (!d_labels.empty() && leaves_at(d_labels.begin()->first) < noutput_items) {
        const auto first = d_labels.begin();
        add_item_tag(0,
                     nitems_written(0) + leaves_at(first->first),
                     label_key(),
                     first->second,
                     alias_pmt());
        d_labels.erase(first);
        ++d_tagged;
    }
    return noutput_items;
}

} // namespace denomae
} // namespace gr
