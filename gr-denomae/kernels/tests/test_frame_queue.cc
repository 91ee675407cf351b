/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <gnuradio/denomae/kernels/frame_batch.h>
#include <set>
#include <thread>
#include <vector>

using namespace gr::denomae::kernel;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t length = 16;

frame_ptr numbered(frame_ptr blank, std::uint64_t number)
{
    blank->place.sample_offset = number;
    for (std::size_t i = 0; i < length; ++i) {
        blank->samples()[i] = { static_cast<float>(number), static_cast<float>(i) };
    }
    return blank;
}

void push(frame_queue& queue, std::uint64_t number)
{
    queue.push(numbered(queue.acquire(), number));
}

std::vector<std::uint64_t> take_all(frame_queue& queue)
{
    return take_batch(queue, 1000, 0ns).sample_offset;
}

bool adds_up(const frame_counters& c)
{
    return c.seen == c.gated + c.invalid + c.dropped + c.delivered + c.queued;
}

bool is_whole(const frame_batch& batch, std::size_t i)
{
    for (std::size_t k = 0; k < length; ++k) {
        const std::complex<float> expected(static_cast<float>(batch.sample_offset[i]),
                                           static_cast<float>(k));
        if (batch.samples[i * length + k] != expected) {
            return false;
        }
    }
    return true;
}

} // namespace

BOOST_AUTO_TEST_SUITE(queue)

BOOST_AUTO_TEST_CASE(newest_drops_the_oldest_frame)
{
    frame_queue queue(length, 3, drop_policy::newest);
    for (std::uint64_t i = 0; i < 5; ++i) {
        push(queue, i);
    }
    const frame_counters c = queue.counters();
    BOOST_TEST(c.seen == 5u);
    BOOST_TEST(c.dropped == 2u);
    BOOST_TEST(c.queued == 3u);
    BOOST_TEST(take_all(queue) == (std::vector<std::uint64_t>{ 2, 3, 4 }));
    BOOST_TEST(queue.counters().delivered == 3u);
}

BOOST_AUTO_TEST_CASE(oldest_drops_the_arriving_frame)
{
    frame_queue queue(length, 3, drop_policy::oldest);
    for (std::uint64_t i = 0; i < 5; ++i) {
        push(queue, i);
    }
    BOOST_TEST(queue.counters().dropped == 2u);
    BOOST_TEST(take_all(queue) == (std::vector<std::uint64_t>{ 0, 1, 2 }));
}

BOOST_AUTO_TEST_CASE(block_drops_none_and_says_when_there_is_room)
{
    frame_queue queue(length, 2, drop_policy::block);
    push(queue, 0);
    BOOST_TEST(queue.has_room());
    push(queue, 1);
    BOOST_TEST(!queue.has_room());
    BOOST_TEST(!queue.wait_for_room(1ms));
    BOOST_CHECK_THROW(push(queue, 2), std::logic_error);
    BOOST_TEST(take_batch(queue, 1, 0ns).sample_offset[0] == 0u);
    BOOST_TEST(queue.wait_for_room(0ms));
    BOOST_TEST(queue.counters().dropped == 0u);
}

BOOST_AUTO_TEST_CASE(a_batch_is_taken_oldest_first_and_up_to_a_number)
{
    frame_queue queue(length, 10, drop_policy::newest);
    for (std::uint64_t i = 0; i < 7; ++i) {
        push(queue, i);
    }
    const frame_batch batch = take_batch(queue, 4, 0ns);
    BOOST_TEST(batch.size == 4u);
    for (std::size_t i = 0; i < batch.size; ++i) {
        BOOST_TEST(batch.sample_offset[i] == i);
        BOOST_TEST(is_whole(batch, i));
    }
    BOOST_TEST(queue.counters().queued == 3u);
}

BOOST_AUTO_TEST_CASE(a_timeout_gives_an_empty_batch)
{
    frame_queue queue(length, 1, drop_policy::newest);
    const frame_batch batch = take_batch(queue, 4, 1ms);
    BOOST_TEST(batch.size == 0u);
    BOOST_TEST(batch.frame_length == length);
}

BOOST_AUTO_TEST_CASE(wake_ends_the_waiting_take)
{
    frame_queue queue(length, 1, drop_policy::newest);
    std::atomic<bool> returned{ false };
    std::thread consumer([&] {
        take_batch(queue, 1, std::chrono::hours(1));
        returned = true;
    });
    while (!returned) {
        queue.wake(); // until it has begun to wait
        std::this_thread::yield();
    }
    consumer.join();
}

BOOST_AUTO_TEST_CASE(discard_counts_what_it_throws_away)
{
    frame_queue queue(length, 5, drop_policy::newest);
    for (std::uint64_t i = 0; i < 4; ++i) {
        push(queue, i);
    }
    BOOST_TEST(queue.discard() == 4u);
    BOOST_TEST(queue.counters().dropped == 4u);
    BOOST_TEST(queue.empty());
    queue.reset();
    BOOST_TEST(queue.counters().seen == 0u);
}

BOOST_AUTO_TEST_CASE(frames_are_recycled)
{
    frame_queue queue(length, 4, drop_policy::newest);
    std::set<const void*> memory;
    frame_ptr blank = queue.acquire();
    for (std::uint64_t i = 0; i < 1000; ++i) {
        memory.insert(blank->samples());
        blank = queue.push(numbered(std::move(blank), i));
        if (i % 3 == 0) {
            take_batch(queue, 2, 0ns);
        }
    }
    BOOST_TEST(memory.size() <= 6u);
}

BOOST_AUTO_TEST_CASE(queues_without_sense_are_refused)
{
    BOOST_CHECK_THROW((frame_queue(0, 1, drop_policy::newest)), std::invalid_argument);
    BOOST_CHECK_THROW((frame_queue(1, 0, drop_policy::newest)), std::invalid_argument);
    BOOST_CHECK_THROW(
        (frame_queue(std::size_t(1) << 40, std::size_t(1) << 40, drop_policy::newest)),
        std::invalid_argument);
    BOOST_CHECK_THROW(parse_drop_policy("newst"), std::invalid_argument);
    BOOST_TEST((parse_drop_policy("block") == drop_policy::block));
}

BOOST_AUTO_TEST_CASE(counters_stay_exact_and_frames_whole_under_threads)
{
    constexpr std::uint64_t frames = 20000;
    for (auto policy : { drop_policy::newest, drop_policy::oldest, drop_policy::block }) {
        frame_queue queue(length, 8, policy);
        std::atomic<bool> done{ false };
        std::atomic<std::uint64_t> received{ 0 };
        std::atomic<std::uint64_t> faults{ 0 };

        auto consume = [&] {
            std::uint64_t next = 0;
            for (;;) {
                const bool last = done;
                const frame_batch batch = take_batch(queue, 3, last ? 0ns : 1ms);
                for (std::size_t i = 0; i < batch.size; ++i) {
                    faults += batch.sample_offset[i] < next || !is_whole(batch, i);
                    next = batch.sample_offset[i] + 1;
                }
                received += batch.size;
                faults += !adds_up(queue.counters());
                if (last && batch.size == 0) {
                    return;
                }
            }
        };
        std::thread first(consume);
        std::thread second(consume);
        std::thread meddler([&] {
            while (!done) {
                faults += !adds_up(queue.counters());
                queue.wake();
                std::this_thread::yield();
            }
        });

        frame_ptr blank = queue.acquire();
        for (std::uint64_t i = 0; i < frames; ++i) {
            if (i % 7 == 0) {
                queue.count_gated();
            }
            if (policy == drop_policy::block) {
                while (!queue.wait_for_room(20ms)) {
                }
            }
            blank = queue.push(numbered(std::move(blank), i));
        }
        done = true;
        first.join();
        second.join();
        meddler.join();

        const frame_counters c = queue.counters();
        BOOST_TEST(faults == 0u);
        BOOST_TEST(adds_up(c));
        BOOST_TEST(c.queued == 0u);
        BOOST_TEST(c.delivered == received);
        BOOST_TEST(c.seen == frames + (frames + 6) / 7);
        if (policy == drop_policy::block) {
            BOOST_TEST(c.delivered == frames);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_bell_is_rung_at_each_frame_that_waits_and_at_a_wake)
{
    const auto bell = std::make_shared<doorbell>();
    frame_queue one(length, 2, drop_policy::newest), two(length, 2, drop_policy::oldest);
    one.set_bell(bell);
    two.set_bell(bell);
    BOOST_TEST(!bell->wait(bell->rings(), 0ns));
    const std::uint64_t before = bell->rings();
    push(one, 0);
    push(two, 0);
    BOOST_TEST(bell->rings() == before + 2);
    BOOST_TEST(bell->wait(before, 0ns)); // rung already: it does not wait for another
    two.wake();
    BOOST_TEST(bell->rings() == before + 3);
    one.set_bell(nullptr);
    push(one, 1);
    BOOST_TEST(bell->rings() == before + 3);
}

BOOST_AUTO_TEST_CASE(one_consumer_of_four_queues_misses_no_frame)
{
    constexpr std::uint64_t frames = 5000;
    const auto bell = std::make_shared<doorbell>();
    std::vector<std::unique_ptr<frame_queue>> queues;
    std::vector<std::thread> producers;
    for (int i = 0; i < 4; ++i) {
        queues.push_back(std::make_unique<frame_queue>(length, 4, drop_policy::block));
        queues.back()->set_bell(bell);
    }
    for (auto& queue : queues) {
        producers.emplace_back([&queue] {
            for (std::uint64_t i = 0; i < frames; ++i) {
                while (!queue->wait_for_room(20ms)) {
                }
                push(*queue, i);
            }
        });
    }
    std::vector<std::uint64_t> next(4, 0);
    bool in_order = true, idle = false;
    while (next != std::vector<std::uint64_t>(4, frames) && in_order && !idle) {
        const std::uint64_t rings = bell->rings();
        bool any = false;
        for (std::size_t i = 0; i < 4; ++i) {
            for (const std::uint64_t number :
                 take_batch(*queues[i], 1000, 0ns).sample_offset) {
                in_order = in_order && number == next[i]++;
                any = true;
            }
        }
        // a ring that was missed would leave all four producers waiting for room, and us here
        idle = !any && !bell->wait(rings, 60s);
    }
    for (auto& producer : producers) {
        producer.join();
    }
    BOOST_TEST(in_order);
    BOOST_TEST(!idle);
}

BOOST_AUTO_TEST_SUITE_END()
