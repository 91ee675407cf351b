/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <gnuradio/denomae/kernels/frame_batch.h>
#include <gnuradio/denomae/kernels/framer.h>
#include <limits>
#include <random>
#include <set>
#include <vector>

using namespace gr::denomae::kernel;
using namespace std::chrono_literals;
using samples_t = std::vector<std::complex<float>>;

namespace {

// Sample k of every stream here is (k + 1, -k), counted from the stream's first sample.
samples_t ramp(std::size_t count)
{
    samples_t samples(count);
    for (std::size_t k = 0; k < count; ++k) {
        samples[k] = { static_cast<float>(k + 1), -static_cast<float>(k) };
    }
    return samples;
}

stream_event time_event(std::uint64_t offset, std::uint64_t seconds)
{
    stream_event event;
    event.offset = offset;
    event.has_time = true;
    event.time_seconds = seconds;
    event.time_fraction = 0.25;
    return event;
}

stream_event rate_event(std::uint64_t offset, double rate_hz)
{
    stream_event event;
    event.offset = offset;
    event.has_rate = true;
    event.rate_hz = rate_hz;
    return event;
}

struct rig {
    rig(std::size_t length, std::uint64_t hop, drop_policy policy, std::size_t capacity)
        : queue(length, capacity, policy), cutter(queue, hop, gate)
    {
    }
    frame_queue queue;
    power_gate gate;
    framer cutter;
};

void feed(rig& r, const samples_t& samples, const std::vector<stream_event>& events)
{
    BOOST_TEST(r.cutter.consume(samples.data(), samples.size(), events, 1) ==
               samples.size());
}

// Offsets at which frames must begin, by the definition: from every point where framing
// begins, every `hop` samples, as long as the frame fits before the next such point.
std::vector<std::uint64_t> expected_starts(std::uint64_t begin,
                                           std::uint64_t count,
                                           const std::set<std::uint64_t>& breaks,
                                           std::uint64_t length,
                                           std::uint64_t hop)
{
    std::vector<std::uint64_t> points{ begin };
    points.insert(points.end(), breaks.begin(), breaks.end());
    points.push_back(begin + count);
    std::vector<std::uint64_t> starts;
    for (std::size_t i = 0; i + 1 < points.size(); ++i) {
        for (std::uint64_t s = points[i]; s + length <= points[i + 1]; s += hop) {
            starts.push_back(s);
        }
    }
    return starts;
}

} // namespace

BOOST_AUTO_TEST_SUITE(framing)

BOOST_AUTO_TEST_CASE(no_sample_is_lost_or_repeated_over_random_chunks_hops_and_tags)
{
    std::mt19937 random(1);
    auto draw = [&](std::uint64_t low, std::uint64_t high) {
        return std::uniform_int_distribution<std::uint64_t>(low, high)(random);
    };
    const std::uint64_t begins[] = { 0, 12345, (1ull << 32) - 150, (1ull << 53) + 1 };

    for (int round = 0; round < 400; ++round) {
        const std::uint64_t begin = begins[round % 4];
        const std::uint64_t length = draw(1, 20);
        const std::uint64_t hop = draw(1, 30);
        const std::uint64_t count = draw(0, 300);
        const samples_t stream = ramp(count);

        std::vector<stream_event> events;
        std::set<std::uint64_t> breaks;
        for (std::uint64_t k = 0; k < count; k += draw(1, 80)) {
            if (!events.empty()) {
                breaks.insert(begin + k);
            }
            events.push_back(time_event(begin + k, k));
        }

        const bool blocking = round % 2;
        rig r(length,
              hop,
              blocking ? drop_policy::block : drop_policy::newest,
              blocking ? draw(1, 3) : 1000);
        r.cutter.begin(begin);
        std::vector<std::uint64_t> starts;
        auto collect = [&] {
            const frame_batch batch = take_batch(r.queue, 1000, 0ns);
            for (std::size_t i = 0; i < batch.size; ++i) {
                starts.push_back(batch.sample_offset[i]);
                for (std::size_t k = 0; k < length; ++k) {
                    const std::uint64_t at = batch.sample_offset[i] - begin + k;
                    BOOST_TEST_REQUIRE((batch.samples[i * length + k] == stream[at]));
                }
                // The tag in force is the last one at or before the frame's first sample.
                const stream_event* last = nullptr;
                for (const auto& event : events) {
                    if (event.offset <= batch.sample_offset[i]) {
                        last = &event;
                    }
                }
                BOOST_TEST_REQUIRE(bool(batch.time_valid[i]) == (last != nullptr));
                if (last) {
                    BOOST_TEST_REQUIRE(batch.time_offset[i] == last->offset);
                    BOOST_TEST_REQUIRE(batch.time_seconds[i] == last->time_seconds);
                }
            }
        };
        std::uint64_t done = 0;
        while (done < count) {
            const std::uint64_t chunk =
                draw(1, std::min<std::uint64_t>(count - done, 90));
            const std::size_t consumed =
                r.cutter.consume(stream.data() + done, chunk, events, 0);
            BOOST_TEST_REQUIRE((consumed == chunk || blocking));
            done += consumed;
            if (consumed == 0 || draw(0, 3) == 0) {
                collect();
            }
        }
        collect();
        r.cutter.end();

        BOOST_TEST_REQUIRE(starts == expected_starts(begin, count, breaks, length, hop));
        BOOST_TEST_REQUIRE(r.queue.counters().discontinuities == breaks.size());
        if (hop == length) {
            BOOST_TEST_REQUIRE(r.queue.counters().tail_samples ==
                               count - starts.size() * length);
        }
    }
}

BOOST_AUTO_TEST_CASE(only_a_changed_rate_breaks_the_stream)
{
    rig r(10, 10, drop_policy::newest, 100);
    r.cutter.begin(0);
    feed(r, ramp(100), { rate_event(3, 1e6), rate_event(25, 1e6), rate_event(47, 2e6) });
    r.cutter.end();
    const frame_batch batch = take_batch(r.queue, 100, 0ns);
    BOOST_TEST(batch.sample_offset ==
               (std::vector<std::uint64_t>{ 0, 10, 20, 30, 47, 57, 67, 77, 87 }));
    BOOST_TEST(std::isnan(batch.rate_hz[0]));
    BOOST_TEST(batch.rate_hz[1] == 1e6);
    BOOST_TEST(batch.rate_hz[3] == 1e6);
    BOOST_TEST(batch.rate_hz[4] == 2e6);
    BOOST_TEST(r.queue.counters().discontinuities == 1u);
    BOOST_TEST(r.queue.counters().tail_samples == 7u + 3u);
}

BOOST_AUTO_TEST_CASE(a_changed_rate_ends_the_time_until_it_is_told_anew)
{
    stream_event both = time_event(60, 9);
    both.has_rate = true;
    both.rate_hz = 4e6;
    rig r(10, 10, drop_policy::newest, 100);
    r.cutter.begin(0);
    feed(r,
         ramp(80),
         { time_event(0, 7),
           rate_event(10, 1e6), // the first one, and a repeated one, change nothing
           rate_event(20, 1e6),
           rate_event(30, 2e6),
           time_event(45, 8),
           both });
    const frame_batch batch = take_batch(r.queue, 100, 0ns);
    BOOST_TEST(batch.sample_offset ==
               (std::vector<std::uint64_t>{ 0, 10, 20, 30, 45, 60, 70 }));
    BOOST_TEST(batch.time_valid == (std::vector<std::uint8_t>{ 1, 1, 1, 0, 1, 1, 1 }));
    BOOST_TEST(batch.time_offset[2] == 0u);
    BOOST_TEST(batch.time_offset[4] == 45u);
    BOOST_TEST(batch.time_offset[5] == 60u);
    BOOST_TEST(r.queue.counters().discontinuities == 3u);
}

BOOST_AUTO_TEST_CASE(
    a_first_tag_is_not_in_force_for_an_overlapping_frame_that_began_before)
{
    rig r(8, 4, drop_policy::newest, 100);
    r.cutter.begin(0);
    stream_event event = time_event(6, 77);
    event.has_rate = event.has_frequency = true;
    event.rate_hz = 1e6;
    event.frequency_hz = 1e8;
    feed(r, ramp(20), { event });
    const frame_batch batch = take_batch(r.queue, 100, 0ns);
    BOOST_TEST(batch.sample_offset == (std::vector<std::uint64_t>{ 0, 4, 8, 12 }));
    for (std::size_t i = 0; i < batch.size; ++i) {
        const bool in_force = batch.sample_offset[i] >= 6;
        BOOST_TEST(bool(batch.time_valid[i]) == in_force);
        BOOST_TEST(std::isnan(batch.rate_hz[i]) == !in_force);
        BOOST_TEST(std::isnan(batch.frequency_hz[i]) == !in_force);
    }
}

BOOST_AUTO_TEST_CASE(an_overlapping_tail_counts_only_samples_of_no_frame)
{
    rig r(8, 2, drop_policy::newest, 100);
    r.cutter.begin(0);
    feed(r, ramp(11), {}); // frames at 0 and 2 end before 10
    r.cutter.end();
    BOOST_TEST(r.queue.counters().seen == 2u);
    BOOST_TEST(r.queue.counters().tail_samples == 1u);
}

BOOST_AUTO_TEST_CASE(a_frame_knows_how_many_samples_of_its_last_chunk_lie_behind_it)
{
    rig r(8, 4, drop_policy::newest, 100);
    r.cutter.begin(0);
    feed(r, ramp(10), {}); // the frame at 0 ends at 8
    feed(r, ramp(20), {}); // those at 4, 8, 12, 16 and 20 in the chunk from 10 to 30
    BOOST_TEST(take_batch(r.queue, 100, 0ns).samples_behind ==
               (std::vector<std::uint64_t>{ 2, 18, 14, 10, 6, 2 }));
}

BOOST_AUTO_TEST_CASE(gated_and_invalid_frames_are_counted_and_framing_goes_on)
{
    rig r(4, 2, drop_policy::newest, 100);
    r.cutter.begin(0);
    samples_t samples = ramp(16);
    std::fill(samples.begin(), samples.begin() + 6, 0.0f);    // frames at 0 and 2
    samples[11].real(std::numeric_limits<float>::infinity()); // frames at 8 and 10
    feed(r, samples, {});
    const frame_counters c = r.queue.counters();
    BOOST_TEST(c.seen == 7u);
    BOOST_TEST(c.gated == 2u);
    BOOST_TEST(c.invalid == 2u);
    BOOST_TEST(take_batch(r.queue, 100, 0ns).sample_offset ==
               (std::vector<std::uint64_t>{ 4, 6, 12 }));
}

BOOST_AUTO_TEST_CASE(under_block_the_last_frame_of_a_stream_is_never_left_behind)
{
    rig r(4, 4, drop_policy::block, 1);
    r.cutter.begin(0);
    const samples_t samples = ramp(8);
    BOOST_TEST(r.cutter.consume(samples.data(), 8, {}, 0) == 7u);
    BOOST_TEST(r.cutter.consume(samples.data() + 7, 1, {}, 0) == 0u);
    BOOST_TEST(take_batch(r.queue, 1, 0ns).size == 1u);
    BOOST_TEST(r.cutter.consume(samples.data() + 7, 1, {}, 0) == 1u);
    BOOST_TEST(take_batch(r.queue, 1, 0ns).sample_offset[0] == 4u);
}

BOOST_AUTO_TEST_CASE(a_tag_on_a_sample_that_has_to_wait_is_applied_once)
{
    rig r(1, 1, drop_policy::block, 1);
    r.cutter.begin(0);
    const samples_t samples = ramp(3);
    const std::vector<stream_event> events{ time_event(0, 1), time_event(1, 2) };
    BOOST_TEST(r.cutter.consume(samples.data(), 3, events, 0) == 1u);
    for (int again = 0; again < 5; ++again) {
        BOOST_TEST(r.cutter.consume(samples.data() + 1, 2, events, 0) == 0u);
    }
    BOOST_TEST(r.queue.counters().discontinuities == 1u);
}

BOOST_AUTO_TEST_CASE(a_run_that_goes_on_keeps_its_tags_and_a_new_one_forgets_them)
{
    rig r(4, 4, drop_policy::newest, 100);
    r.cutter.begin(0);
    feed(r, ramp(6), { time_event(0, 9) });
    r.cutter.end();
    r.cutter.begin(6);
    feed(r, ramp(4), {});
    r.cutter.end();
    r.cutter.begin(0);
    feed(r, ramp(4), {});
    const frame_batch batch = take_batch(r.queue, 100, 0ns);
    BOOST_TEST(batch.sample_offset == (std::vector<std::uint64_t>{ 0, 6, 0 }));
    BOOST_TEST(batch.time_valid == (std::vector<std::uint8_t>{ 1, 1, 0 }));
    BOOST_TEST(r.queue.counters().tail_samples == 2u);
}

BOOST_AUTO_TEST_CASE(
    what_the_user_says_wins_over_the_tags_and_is_kept_from_a_frames_start)
{
    stream_event tags = time_event(0, 7);
    tags.has_rate = tags.has_frequency = true;
    tags.rate_hz = 8e6;
    tags.frequency_hz = 1e8;
    rig r(10, 10, drop_policy::newest, 100);
    r.cutter.begin(0);
    r.cutter.set_parameters({ 1e6, 2e8 }, 1000); // at the start nothing is on its way
    feed(r, ramp(25), { tags });
    r.cutter.set_parameters({ 1e6, 2e8 }, 1000); // no change
    feed(r, ramp(10), {});
    r.cutter.set_parameters({ 1e6, 3e8 }, 7); // a retune amid the frame at 30
    feed(r, ramp(25), {});
    const double unknown = std::numeric_limits<double>::quiet_NaN();
    r.cutter.set_parameters({ unknown, unknown },
                            0); // amid the one at 52: the tags' again
    feed(r, ramp(10), {});
    const frame_batch batch = take_batch(r.queue, 100, 0ns);
    BOOST_TEST(batch.sample_offset == (std::vector<std::uint64_t>{ 0, 10, 20, 42, 60 }));
    BOOST_TEST(batch.frequency_hz == (std::vector<double>{ 2e8, 2e8, 2e8, 3e8, 1e8 }));
    BOOST_TEST(batch.rate_hz == (std::vector<double>{ 1e6, 1e6, 1e6, 1e6, 8e6 }));
    // the rate changed, and with it the time's count of samples
    BOOST_TEST(batch.time_valid == (std::vector<std::uint8_t>{ 1, 1, 1, 1, 0 }));
    BOOST_TEST(r.queue.counters().discontinuities == 2u);
    BOOST_TEST(r.queue.counters().tail_samples == 5u + 8u);
}

BOOST_AUTO_TEST_CASE(a_tag_does_not_cut_the_settling_short_and_is_heeded)
{
    rig r(10, 10, drop_policy::newest, 100);
    r.cutter.begin(0);
    feed(r, ramp(15), { time_event(0, 7) });
    r.cutter.set_parameters({ 1e6, 1e8 }, 20);
    feed(r, ramp(5), {});
    feed(r, ramp(40), { time_event(25, 8) });
    const frame_batch batch = take_batch(r.queue, 100, 0ns);
    BOOST_TEST(batch.sample_offset == (std::vector<std::uint64_t>{ 0, 35, 45 }));
    BOOST_TEST(batch.time_seconds[1] == 8u);
    BOOST_TEST(batch.time_offset[1] == 25u);
    // a new run does not wait for what the last one had on its way
    r.cutter.set_parameters({ 1e6, 2e8 }, 1000);
    r.cutter.end();
    r.cutter.begin(0);
    feed(r, ramp(10), {});
    BOOST_TEST(take_batch(r.queue, 100, 0ns).frequency_hz ==
               (std::vector<double>{ 2e8 }));
}

BOOST_AUTO_TEST_CASE(the_gate_closes_at_a_tag_a_retune_and_a_hold)
{
    // 4 samples at 0 dB, then 8 at 2 dB below the gate and within its hysteresis
    samples_t samples(12, { std::pow(10.0f, -0.6f), 0.0f });
    std::fill(samples.begin(), samples.begin() + 4, 1.0f);
    const std::vector<stream_event> none, time{ time_event(4, 1) }, frequency = [] {
        stream_event event;
        event.offset = 4;
        event.has_frequency = true;
        event.frequency_hz = 2e8;
        return std::vector<stream_event>{ event };
    }();
    const stream_parameters retuned{ 1e6, 1e8 };
    const auto passed = [&](const std::vector<stream_event>& events, auto change) {
        rig r(4, 4, drop_policy::newest, 100);
        r.gate.set_gate_db(-10.0);
        r.gate.set_hysteresis_db(3.0);
        r.cutter.begin(0);
        stream_event first = time_event(0, 0);
        first.has_frequency = true;
        first.frequency_hz = 1e8;
        BOOST_TEST(r.cutter.consume(samples.data(), 4, { first }, 0) == 4u);
        change(r.cutter);
        BOOST_TEST(r.cutter.consume(samples.data() + 4, 8, events, 0) == 8u);
        return take_batch(r.queue, 100, 0ns).size;
    };
    const auto nothing = [](framer&) {};
    BOOST_TEST(passed(none, nothing) == 3u);
    BOOST_TEST(passed(time, nothing) == 1u);
    BOOST_TEST(passed(frequency, nothing) == 1u);
    BOOST_TEST(passed(none, [&](framer& f) { f.set_parameters(retuned, 0); }) == 1u);
    BOOST_TEST(passed(none, [&](framer& f) {
                   f.hold();
                   f.release(0);
               }) == 1u);
}

BOOST_AUTO_TEST_CASE(nothing_is_cut_from_a_hold_to_the_end_of_the_settling_behind_it)
{
    rig r(10, 10, drop_policy::newest, 100);
    r.cutter.begin(0);
    r.cutter.hold(); // before the first sample it costs none
    r.cutter.set_parameters({ 1e6, 1e8 }, 1000);
    r.cutter.release(1000);
    feed(r, ramp(15), {});
    r.cutter.hold(); // amid the frame at 10
    feed(r, ramp(30), {});
    r.cutter.set_parameters({ 1e6, 2e8 }, 3); // said while it is held
    feed(r, ramp(30), {});
    r.cutter.hold(); // held already
    r.cutter.set_parameters({ 1e6, 3e8 }, 7);
    r.cutter.release(7); // at 75
    feed(r, ramp(20), {});
    r.cutter.release(1000); // not held: nothing
    feed(r, ramp(10), {});
    const frame_batch batch = take_batch(r.queue, 100, 0ns);
    BOOST_TEST(batch.sample_offset == (std::vector<std::uint64_t>{ 0, 82, 92 }));
    BOOST_TEST(batch.frequency_hz == (std::vector<double>{ 1e8, 3e8, 3e8 }));
    BOOST_TEST(r.queue.counters().discontinuities == 1u);
    BOOST_TEST(r.queue.counters().tail_samples == 5u);
}

BOOST_AUTO_TEST_CASE(
    a_time_told_during_a_hold_outlives_the_change_of_rate_and_no_other_does)
{
    for (const bool told : { true, false }) {
        rig r(10, 10, drop_policy::newest, 100);
        r.cutter.begin(0);
        r.cutter.set_parameters({ 1e6, 1e8 }, 0);
        feed(r, ramp(15), { time_event(0, 7) });
        r.cutter.hold();
        feed(r,
             ramp(15),
             told ? std::vector{ time_event(20, 8) } : std::vector<stream_event>{});
        r.cutter.set_parameters({ 2e6, 1e8 }, 0);
        r.cutter.release(0);
        feed(r, ramp(10), {});
        r.cutter.set_parameters({ 4e6, 1e8 }, 0); // and this one nobody announced
        feed(r, ramp(10), {});
        const frame_batch batch = take_batch(r.queue, 100, 0ns);
        BOOST_TEST(batch.sample_offset == (std::vector<std::uint64_t>{ 0, 30, 40 }));
        BOOST_TEST(batch.time_valid == (std::vector<std::uint8_t>{ 1, told, 0 }));
        if (told) {
            BOOST_TEST(batch.time_offset[1] == 20u);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_repeated_time_breaks_a_frame_where_it_disagrees_by_half_a_sample)
{
    const auto starts = [](double samples_off, std::uint64_t seconds, bool by_tag) {
        rig r(10, 10, drop_policy::newest, 100);
        r.cutter.begin(0);
        stream_event first = time_event(0, seconds);
        if (by_tag) {
            first.has_rate = true;
            first.rate_hz = 1e3;
        } else {
            r.cutter.set_parameters({ 1e3, 1e8 }, 0);
        }
        stream_event again = time_event(1005, seconds + 1);
        again.time_fraction += (5.0 + samples_off) / 1e3;
        std::vector<stream_event> events{ first, again };
        feed(r, ramp(1020), events);
        const frame_batch batch = take_batch(r.queue, 200, 0ns);
        for (std::size_t i = 0; i < batch.size; ++i) {
            const bool anew = samples_off != 0.0 && std::fabs(samples_off) > 0.5;
            const bool behind = batch.sample_offset[i] >= 1005;
            BOOST_TEST(batch.time_offset[i] == (anew && behind ? 1005u : 0u));
        }
        return batch.sample_offset.back();
    };
    for (const bool by_tag : { true, false }) {
        for (const std::uint64_t seconds : { 0ull, 1772366400ull, 1ull << 62 }) {
            for (const double off : { 0.0, 0.49, -0.49 }) {
                BOOST_TEST(starts(off, seconds, by_tag) == 1000u + 10u);
            }
            for (const double off : { 0.51, -0.51, 1e6, -1000.0 }) {
                BOOST_TEST(starts(off, seconds, by_tag) == 1005u);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(a_hop_of_zero_is_refused)
{
    frame_queue queue(4, 4, drop_policy::newest);
    power_gate gate;
    BOOST_CHECK_THROW((framer(queue, 0, gate)), std::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()
