/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Stream tags that leave a block with samples that it holds back.
 */
#ifndef INCLUDED_DENOMAE_DELAYED_TAGS_H
#define INCLUDED_DENOMAE_DELAYED_TAGS_H

#include <algorithm>
#include <cstdint>
#include <deque>
#include <gnuradio/tags.h>
#include <vector>

namespace gr {
namespace denomae {

//! Of the flowgraph's thread alone.
class delayed_tags
{
public:
    explicit delayed_tags(std::int64_t delay_samples) : d_delay(delay_samples) {}

    void clear() { d_tags.clear(); }

    //! Takes the tags of samples that enter.
    void add(std::vector<tag_t>& tags)
    {
        std::stable_sort(tags.begin(), tags.end(), tag_t::offset_compare);
        d_tags.insert(d_tags.end(), tags.begin(), tags.end());
    }

    /*!
     * Gives away the tags of the samples that leave.
     *
     * \param entered offset of the first of the `count` samples that entered with this call
     * \param left    offset of the first of as many that leave
     * \param give    takes a tag with its new offset
     */
    template <typename Give>
    void leave(std::uint64_t entered, std::uint64_t left, std::int64_t count, Give give)
    {
        while (!d_tags.empty()) {
            tag_t tag = d_tags.front();
            const auto at = static_cast<std::int64_t>(tag.offset - entered) + d_delay;
            if (at >= count) {
                return;
            }
            d_tags.pop_front();
            tag.offset = left + at;
            give(tag);
        }
    }

private:
    const std::int64_t d_delay;
    std::deque<tag_t> d_tags; // by offset
};

} // namespace denomae
} // namespace gr

#endif
