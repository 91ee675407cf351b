/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <algorithm>
#include <gnuradio/denomae/kernels/frame_queue.h>
#include <stdexcept>

namespace gr {
namespace denomae {
namespace kernel {

namespace {

constexpr std::size_t max_queue_samples = std::size_t(1) << 31;

std::size_t checked_capacity(std::size_t frame_length, std::size_t capacity)
{
    if (frame_length < 1) {
        throw std::invalid_argument("frame_length is 0, wanted at least 1 sample");
    }
    if (capacity < 1) {
        throw std::invalid_argument(
            "queue_frames is 0, wanted room for at least 1 frame");
    }
    if (frame_length > max_queue_samples || capacity > max_queue_samples / frame_length) {
        throw std::invalid_argument(
            "queue_frames " + std::to_string(capacity) + " times frame_length " +
            std::to_string(frame_length) +
            " is more than 2^31 samples (16 GiB): choose a shorter queue or frame");
    }
    return capacity;
}

} // namespace

drop_policy parse_drop_policy(const std::string& word)
{
    for (auto policy : { drop_policy::newest, drop_policy::oldest, drop_policy::block }) {
        if (word == drop_policy_name(policy)) {
            return policy;
        }
    }
    throw std::invalid_argument("policy is '" + word +
                                "', wanted 'newest', 'oldest' or 'block'");
}

const char* drop_policy_name(drop_policy policy)
{
    switch (policy) {
    case drop_policy::newest:
        return "newest";
    case drop_policy::oldest:
        return "oldest";
    case drop_policy::block:
        break;
    }
    return "block";
}

frame_queue::frame_queue(std::size_t frame_length,
                         std::size_t capacity,
                         drop_policy policy)
    : d_frame_length(frame_length),
      d_policy(policy),
      d_ring(checked_capacity(frame_length, capacity))
{
    d_pool.reserve(capacity + 1);
}

void frame_queue::set_bell(std::shared_ptr<doorbell> bell)
{
    std::lock_guard<std::mutex> lock(d_mutex);
    d_bell = std::move(bell);
}

void frame_queue::ring(const std::shared_ptr<doorbell>& bell)
{
    if (bell) {
        bell->ring();
    }
}

frame_ptr frame_queue::acquire()
{
    {
        std::lock_guard<std::mutex> lock(d_mutex);
        if (!d_pool.empty()) {
            frame_ptr blank = std::move(d_pool.back());
            d_pool.pop_back();
            return blank;
        }
    }
    return std::make_unique<frame>(d_frame_length);
}

frame_ptr frame_queue::push(frame_ptr full)
{
    frame_ptr blank;
    std::shared_ptr<doorbell> bell;
    {
        std::lock_guard<std::mutex> lock(d_mutex);
        bell = d_bell;
        if (d_counters.queued < d_ring.size()) {
            push_back(std::move(full));
            if (!d_pool.empty()) {
                blank = std::move(d_pool.back());
                d_pool.pop_back();
            }
        } else {
            switch (d_policy) {
            case drop_policy::newest:
                blank = pop_oldest();
                push_back(std::move(full));
                break;
            case drop_policy::oldest:
                blank = std::move(full);
                break;
            case drop_policy::block:
                throw std::logic_error(
                    "pushed a frame into a full queue that may drop none");
            }
            ++d_counters.dropped;
        }
        ++d_counters.seen;
    }
    d_filled.notify_one();
    ring(bell);
    return blank ? std::move(blank) : std::make_unique<frame>(d_frame_length);
}

bool frame_queue::has_room() const
{
    std::lock_guard<std::mutex> lock(d_mutex);
    return d_counters.queued < d_ring.size();
}

bool frame_queue::wait_for_room(duration timeout)
{
    std::unique_lock<std::mutex> lock(d_mutex);
    return d_drained.wait_for(
        lock, timeout, [this] { return d_counters.queued < d_ring.size(); });
}

void frame_queue::count_gated()
{
    std::lock_guard<std::mutex> lock(d_mutex);
    ++d_counters.seen;
    ++d_counters.gated;
}

void frame_queue::count_invalid()
{
    std::lock_guard<std::mutex> lock(d_mutex);
    ++d_counters.seen;
    ++d_counters.invalid;
}

void frame_queue::count_discontinuity(std::uint64_t tail_samples)
{
    std::lock_guard<std::mutex> lock(d_mutex);
    ++d_counters.discontinuities;
    d_counters.tail_samples += tail_samples;
}

void frame_queue::count_tail(std::uint64_t samples)
{
    std::lock_guard<std::mutex> lock(d_mutex);
    d_counters.tail_samples += samples;
}

std::size_t frame_queue::take(std::vector<frame_ptr>& out,
                              std::size_t max_frames,
                              duration timeout)
{
    std::size_t taken = 0;
    {
        std::unique_lock<std::mutex> lock(d_mutex);
        const std::uint64_t wakes = d_wakes;
        d_filled.wait_for(
            lock, timeout, [&] { return d_counters.queued > 0 || d_wakes != wakes; });
        taken = std::min<std::size_t>(max_frames, d_counters.queued);
        for (std::size_t i = 0; i < taken; ++i) {
            out.push_back(pop_oldest());
        }
        d_counters.delivered += taken;
    }
    if (taken > 0) {
        d_drained.notify_one();
    }
    return taken;
}

void frame_queue::recycle(std::vector<frame_ptr>& frames)
{
    {
        std::lock_guard<std::mutex> lock(d_mutex);
        for (auto& blank : frames) {
            keep(std::move(blank));
        }
    }
    frames.clear();
}

void frame_queue::wake()
{
    std::shared_ptr<doorbell> bell;
    {
        std::lock_guard<std::mutex> lock(d_mutex);
        ++d_wakes;
        bell = d_bell;
    }
    d_filled.notify_all();
    ring(bell);
}

std::size_t frame_queue::discard()
{
    std::size_t discarded = 0;
    {
        std::lock_guard<std::mutex> lock(d_mutex);
        discarded = d_counters.queued;
        while (d_counters.queued > 0) {
            keep(pop_oldest());
        }
        d_counters.dropped += discarded;
    }
    d_drained.notify_one();
    return discarded;
}

bool frame_queue::empty() const
{
    std::lock_guard<std::mutex> lock(d_mutex);
    return d_counters.queued == 0;
}

frame_counters frame_queue::counters() const
{
    std::lock_guard<std::mutex> lock(d_mutex);
    return d_counters;
}

void frame_queue::reset()
{
    {
        std::lock_guard<std::mutex> lock(d_mutex);
        while (d_counters.queued > 0) {
            keep(pop_oldest());
        }
        d_counters = frame_counters();
    }
    d_drained.notify_one();
}

frame_ptr frame_queue::pop_oldest()
{
    frame_ptr oldest = std::move(d_ring[d_head]);
    d_head = (d_head + 1) % d_ring.size();
    --d_counters.queued;
    return oldest;
}

void frame_queue::push_back(frame_ptr full)
{
    d_ring[(d_head + d_counters.queued) % d_ring.size()] = std::move(full);
    ++d_counters.queued;
}

void frame_queue::keep(frame_ptr blank)
{
    if (d_pool.size() < d_pool.capacity()) {
        d_pool.push_back(std::move(blank));
    }
}

} // namespace kernel
} // namespace denomae
} // namespace gr
