/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A receiver's tags, whose values may be anything.
 */
#ifndef INCLUDED_DENOMAE_STREAM_TAGS_H
#define INCLUDED_DENOMAE_STREAM_TAGS_H

#include <gnuradio/denomae/kernels/framer.h>
#include <gnuradio/logger.h>
#include <gnuradio/tags.h>
#include <vector>

namespace gr {
namespace denomae {

/*!
 * \brief Makes events of `rx_time`, `rx_rate`, `rx_freq` and `denomae_band` tags, one a tagged sample.
 *
 * The first tag whose value cannot be is reported in the log; it and others like it are left out.
 */
class stream_tags
{
public:
    //! Appends to `events`, in order; sorts `tags`.
    void read(std::vector<tag_t>& tags,
              std::vector<kernel::stream_event>& events,
              gr::logger& logger);

private:
    void warn_of(const tag_t& tag, const char* wanted, gr::logger& logger);

    bool d_warned = false;
};

} // namespace denomae
} // namespace gr

#endif
