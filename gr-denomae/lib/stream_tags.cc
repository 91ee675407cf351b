/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "stream_tags.h"
#include <algorithm>
#include <cmath>
#include <pmt/pmt.h>

namespace gr {
namespace denomae {

using kernel::stream_event;

namespace {

bool read_time(const pmt::pmt_t& value, stream_event& event)
{
    if (!pmt::is_tuple(value) || pmt::length(value) != 2) {
        return false;
    }
    const pmt::pmt_t seconds = pmt::tuple_ref(value, 0);
    const pmt::pmt_t fraction = pmt::tuple_ref(value, 1);
    const bool whole = pmt::is_uint64(seconds) ||
                       (pmt::is_integer(seconds) && pmt::to_long(seconds) >= 0);
    if (!whole || !pmt::is_real(fraction) || !std::isfinite(pmt::to_double(fraction))) {
        return false;
    }
    event.has_time = true;
    event.time_seconds = pmt::to_uint64(seconds);
    event.time_fraction = pmt::to_double(fraction);
    return true;
}

bool read_number(const pmt::pmt_t& value, bool& has, double& number)
{
    double found;
    if (pmt::is_uint64(value)) { // pmt::to_double() would throw
        found = static_cast<double>(pmt::to_uint64(value));
    } else if (pmt::is_integer(value) || pmt::is_real(value)) {
        found = pmt::to_double(value);
    } else {
        return false;
    }
    if (!std::isfinite(found)) {
        return false;
    }
    has = true;
    number = found;
    return true;
}

bool read_band(const pmt::pmt_t& value, stream_event& event)
{
    static const pmt::pmt_t ratio_key = pmt::mp("ratio");
    static const pmt::pmt_t origin_key = pmt::mp("origin");
    if (!pmt::is_dict(value)) {
        return false;
    }
    const pmt::pmt_t ratio = pmt::dict_ref(value, ratio_key, pmt::PMT_NIL);
    const pmt::pmt_t origin = pmt::dict_ref(value, origin_key, pmt::PMT_NIL);
    if (!pmt::is_real(ratio) || !pmt::is_uint64(origin) ||
        !std::isfinite(pmt::to_double(ratio)) || !(pmt::to_double(ratio) > 0.0)) {
        return false;
    }
    event.has_band = true;
    event.ratio = pmt::to_double(ratio);
    event.origin = pmt::to_uint64(origin);
    return true;
}

} // namespace

void stream_tags::read(std::vector<tag_t>& tags,
                       std::vector<stream_event>& events,
                       gr::logger& logger)
{
    static const pmt::pmt_t time_key = pmt::mp("rx_time");
    static const pmt::pmt_t rate_key = pmt::mp("rx_rate");
    static const pmt::pmt_t frequency_key = pmt::mp("rx_freq");
    static const pmt::pmt_t band_key = pmt::mp("denomae_band");

    std::stable_sort(tags.begin(), tags.end(), tag_t::offset_compare);
    for (const tag_t& tag : tags) {
        const bool same = !events.empty() && events.back().offset == tag.offset;
        stream_event event = same ? events.back() : stream_event{};
        event.offset = tag.offset;
        if (pmt::eq(tag.key, time_key)) {
            if (!read_time(tag.value, event)) {
                warn_of(tag,
                        "a tuple of whole seconds (uint64) and their fraction (double)",
                        logger);
                continue;
            }
        } else if (pmt::eq(tag.key, rate_key)) {
            if (!read_number(tag.value, event.has_rate, event.rate_hz)) {
                warn_of(tag, "a finite number of Hz", logger);
                continue;
            }
        } else if (pmt::eq(tag.key, frequency_key)) {
            if (!read_number(tag.value, event.has_frequency, event.frequency_hz)) {
                warn_of(tag, "a finite number of Hz", logger);
                continue;
            }
        } else if (pmt::eq(tag.key, band_key)) {
            if (!read_band(tag.value, event)) {
                warn_of(tag,
                        "a dictionary of ratio (double > 0) and origin (uint64)",
                        logger);
                continue;
            }
        } else {
            continue;
        }
        if (same) {
            events.back() = event;
        } else {
            events.push_back(event);
        }
    }
}

void stream_tags::warn_of(const tag_t& tag, const char* wanted, gr::logger& logger)
{
    if (d_warned) {
        return;
    }
    d_warned = true;
    logger.warn("tag {} at sample {} is {}, wanted {}; it and others like it are ignored",
                pmt::symbol_to_string(tag.key),
                tag.offset,
                pmt::write_string(tag.value),
                wanted);
}

} // namespace denomae
} // namespace gr
