/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <algorithm>
#include <cmath>
#include <cstring>
#include <gnuradio/denomae/kernels/framer.h>
#include <stdexcept>

namespace gr {
namespace denomae {
namespace kernel {

namespace {

void copy(std::complex<float>* to, const std::complex<float>* from, std::size_t count)
{
    std::memmove(static_cast<void*>(to), from, count * sizeof(std::complex<float>));
}

bool same(double one, double other)
{
    return one == other || (std::isnan(one) && std::isnan(other));
}

} // namespace

framer::framer(frame_queue& queue, std::uint64_t hop, power_gate& gate)
    : d_queue(queue), d_gate(gate), d_length(queue.frame_length()), d_hop(hop)
{
    if (hop < 1) {
        throw std::invalid_argument("hop is 0, wanted at least 1 sample");
    }
    d_current = d_queue.acquire();
    d_spare = d_queue.acquire();
}

void framer::begin(std::uint64_t offset)
{
    if (offset == 0 || offset != d_position) {
        d_anchor = stream_anchor();
        d_time_heard = false;
        d_band_since = d_band_origin = 0;
        d_events_from = offset;
    }
    d_begin = d_position = d_held_from = offset;
    d_settle = 0;
    forget_partial();
    d_gate.reset();
}

void framer::set_parameters(const stream_parameters& parameters,
                            std::uint64_t settle_samples)
{
    const bool rate_changed = !same(parameters.rate_hz, d_parameters.rate_hz);
    if (!rate_changed && same(parameters.frequency_hz, d_parameters.frequency_hz)) {
        return;
    }
    if (d_position != d_begin && !d_held) {
        break_frame();
        d_settle = std::max(d_settle, settle_samples);
    }
    if (rate_changed && !(d_held && d_time_since >= d_held_from)) {
        d_anchor.time_valid = false; // samples since the time tag went by at two rates
    }
    d_parameters = parameters;
}

void framer::hold()
{
    if (d_position != d_begin && !d_held) {
        break_frame();
    }
    d_held = true;
    d_held_from = d_position;
}

void framer::release(std::uint64_t settle_samples)
{
    if (d_position != d_begin && d_held) {
        d_settle = std::max(d_settle, settle_samples);
    }
    d_held = false;
}

std::size_t framer::consume(const std::complex<float>* samples,
                            std::size_t count,
                            const std::vector<stream_event>& events,
                            std::int64_t arrival_ns)
{
    const std::uint64_t end = d_position + count;
    auto event = std::lower_bound(
        events.begin(),
        events.end(),
        d_events_from,
        [](const stream_event& e, std::uint64_t offset) { return e.offset < offset; });

    while (d_position < end) {
        if (event != events.end() && event->offset <= d_position) {
            apply(*event++);
            continue;
        }
        const std::uint64_t stretch_end =
            event != events.end() ? std::min(event->offset, end) : end;
        const std::uint64_t stretch = stretch_end - d_position;
        if (d_held) {
            d_position += stretch;
            continue;
        }
        if (d_settle > 0 || d_skip > 0) {
            std::uint64_t& left = d_settle > 0 ? d_settle : d_skip;
            const std::uint64_t skipped = std::min(left, stretch);
            left -= skipped;
            d_position += skipped;
            continue;
        }
        if (d_filled == 0) {
            start_frame(d_position);
        }
        const std::size_t missing = d_length - d_filled;
        std::size_t taken = std::min<std::uint64_t>(missing, stretch);
        // A frame is completed only once it has somewhere to go, so that nothing is left
        // waiting here when the stream ends.
        if (taken == missing && d_queue.policy() == drop_policy::block &&
            !d_queue.has_room()) {
            if (--taken == 0) {
                break;
            }
        }
        copy(d_current->samples() + d_filled,
             samples + (count - (end - d_position)),
             taken);
        d_filled += taken;
        d_position += taken;
        if (d_filled == d_length) {
            complete(arrival_ns, end - d_position);
        }
    }
    return count - (end - d_position);
}

void framer::end()
{
    d_queue.count_tail(fresh_samples());
    forget_partial();
}

void framer::apply(const stream_event& event)
{
    const bool time_again = event.has_time && d_time_heard && !agrees(event);
    const bool rate_changed = event.has_rate && d_anchor.rate_hz == d_anchor.rate_hz &&
                              d_anchor.rate_hz != event.rate_hz;
    const bool frequency_changed = event.has_frequency &&
                                   d_anchor.frequency_hz == d_anchor.frequency_hz &&
                                   d_anchor.frequency_hz != event.frequency_hz;
    const bool moved = event.has_band && (event.ratio != d_anchor.ratio ||
                                          event.origin != source_of(event.offset));
    const bool broken = time_again || rate_changed || frequency_changed || moved;
    if (broken) {
        break_frame();
    }
    if (moved) {
        d_anchor.ratio = event.ratio;
        d_band_since = event.offset;
        d_band_origin = event.origin;
    }
    if (rate_changed) {
        // Samples since the time tag went by at two rates, and the old one's tag may have been
        // wrong in value, as it is behind a decimator: nobody knows the time from here on.
        d_anchor.time_valid = false;
    }
    // A time that agrees is not taken: a frame that began before it needs the one before.
    if (event.has_time && (broken || !d_time_heard)) {
        d_time_heard = true;
        d_anchor.time_valid = true;
        d_anchor.time_seconds = event.time_seconds;
        d_anchor.time_fraction = event.time_fraction;
        d_anchor.time_offset = source_of(event.offset);
        d_time_since = event.offset;
    }
    if (event.has_rate && d_anchor.rate_hz != event.rate_hz) {
        d_anchor.rate_hz = event.rate_hz;
        d_rate_since = event.offset;
    }
    if (event.has_frequency && d_anchor.frequency_hz != event.frequency_hz) {
        d_anchor.frequency_hz = event.frequency_hz;
        d_frequency_since = event.offset;
    }
    d_events_from = event.offset + 1;
}

bool framer::agrees(const stream_event& event) const
{
    double rate_hz = event.has_rate ? event.rate_hz : d_anchor.rate_hz;
    if (!std::isnan(d_parameters.rate_hz)) {
        rate_hz = d_parameters.rate_hz;
    }
    if (!d_anchor.time_valid || !(rate_hz > 0.0)) {
        return false;
    }
    // long double: seconds up to 2^64 keep all their digits
    const long double told_s = (static_cast<long double>(event.time_seconds) -
                                static_cast<long double>(d_anchor.time_seconds)) +
                               (event.time_fraction - d_anchor.time_fraction);
    const long double counted = source_of(event.offset) - d_anchor.time_offset;
    // behind an adapter a tag lies on the nearest sample there is
    const double slack = d_anchor.ratio == 1.0 ? 0.5 : 1.0 + 0.5 / d_anchor.ratio;
    return std::fabs(told_s * rate_hz - counted) <= slack;
}

std::uint64_t framer::source_of(std::uint64_t offset) const
{
    if (d_anchor.ratio == 1.0) {
        return d_band_origin + (offset - d_band_since);
    }
    const double past = static_cast<double>(offset - d_band_since) / d_anchor.ratio;
    return d_band_origin + static_cast<std::uint64_t>(std::llround(past));
}

void framer::break_frame()
{
    d_queue.count_discontinuity(fresh_samples());
    forget_partial();
    d_gate.reset(); // what came before says nothing of what comes now
}

void framer::start_frame(std::uint64_t offset)
{
    // The first tag of its kind does not break a frame, so a frame may begin before it: the
    // tag was not in force there.
    const stream_anchor unknown;
    frame_place& place = d_current->place;
    place.sample_offset = offset;
    place.source_offset = source_of(offset);
    place.anchor = d_anchor;
    if (d_anchor.time_valid && d_time_since > offset) {
        place.anchor = unknown;
        place.anchor.ratio = d_anchor.ratio;
        place.anchor.rate_hz = d_anchor.rate_hz;
        place.anchor.frequency_hz = d_anchor.frequency_hz;
    }
    if (d_rate_since > offset) {
        place.anchor.rate_hz = unknown.rate_hz;
    }
    if (d_frequency_since > offset) {
        place.anchor.frequency_hz = unknown.frequency_hz;
    }
    if (!std::isnan(d_parameters.rate_hz)) {
        place.anchor.rate_hz = d_parameters.rate_hz;
    }
    if (!std::isnan(d_parameters.frequency_hz)) {
        place.anchor.frequency_hz = d_parameters.frequency_hz;
    }
}

void framer::complete(std::int64_t arrival_ns, std::uint64_t samples_behind)
{
    const std::uint64_t next = d_current->place.sample_offset + d_hop;
    const std::size_t kept = d_hop < d_length ? d_length - d_hop : 0;
    const std::complex<float>* tail = d_current->samples() + (d_length - kept);

    switch (d_gate.judge(d_current->samples(), d_length)) {
    case gate_verdict::pass: {
        copy(d_spare->samples(), tail, kept);
        d_current->place.arrival_ns = arrival_ns;
        d_current->place.samples_behind = samples_behind;
        frame_ptr full = std::move(d_current);
        d_current = std::move(d_spare);
        d_spare = d_queue.push(std::move(full));
        break;
    }
    case gate_verdict::gated:
        copy(d_current->samples(), tail, kept);
        d_queue.count_gated();
        break;
    case gate_verdict::invalid:
        copy(d_current->samples(), tail, kept);
        d_queue.count_invalid();
        break;
    }

    d_filled = d_carried = kept;
    d_skip = d_hop > d_length ? d_hop - d_length : 0;
    if (kept > 0) {
        start_frame(next);
    }
}

void framer::forget_partial()
{
    d_filled = d_carried = 0;
    d_skip = 0;
}

} // namespace kernel
} // namespace denomae
} // namespace gr
