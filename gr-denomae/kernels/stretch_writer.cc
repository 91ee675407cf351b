/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/denomae/kernels/stretch_writer.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <poll.h>
#include <stdexcept>
#include <string>
#include <unistd.h>
#include <utility>

namespace gr {
namespace denomae {
namespace kernel {

namespace {

using clock = std::chrono::steady_clock;
constexpr std::size_t sample_bytes = sizeof(sample_ring::sample);
constexpr auto longest_wait = std::chrono::milliseconds(50); // of a sample that has come
constexpr int pipe_wait_ms = 20;
constexpr std::size_t most_boundaries = 4096;

} // namespace

struct stretch_writer::stretch {
    int fd;
    std::uint64_t to;
    std::uint64_t limit;
    bool finishing = false;
    bool at_end = false; // and the bell has told so
    std::atomic<bool> abandoned{ false };
    clock::time_point written_at = clock::now();
    stretch_state state;
};

stretch_writer::stretch_writer(sample_ring& ring) : d_ring(ring) {}

stretch_writer::~stretch_writer() { stop(); }

void stretch_writer::set_bell(std::shared_ptr<doorbell> bell)
{
    std::lock_guard<std::mutex> lock(d_mutex);
    d_bell = std::move(bell);
}

void stretch_writer::start()
{
    stop();
    d_stopping = false;
    d_thread = std::thread([this] { run(); });
}

void stretch_writer::stop()
{
    {
        std::lock_guard<std::mutex> lock(
            d_mutex); // or the thread may just be about to wait
        d_stopping = true;
    }
    d_wake.notify_one();
    if (d_thread.joinable()) {
        d_thread.join();
    }
    std::unique_lock<std::mutex> lock(d_mutex);
    for (const auto& [number, current] : d_stretches) {
        settle(*current);
    }
    ring_bell(lock);
}

std::uint64_t stretch_writer::open(int fd,
                                   std::uint64_t from,
                                   std::uint64_t to,
                                   std::uint64_t limit)
{
    auto made = std::make_shared<stretch>();
    made->fd = fd;
    made->to = std::min(to, limit);
    made->limit = limit;
    made->state.from = made->state.position = std::max(from, d_ring.oldest());
    std::lock_guard<std::mutex> lock(d_mutex);
    d_stretches.emplace(d_next, std::move(made));
    d_wake.notify_one();
    return d_next++;
}

void stretch_writer::extend(std::uint64_t number, std::uint64_t to)
{
    std::lock_guard<std::mutex> lock(d_mutex);
    const auto found = d_stretches.find(number);
    if (found != d_stretches.end()) {
        stretch& current = *found->second;
        current.to = std::max(current.to, std::min(to, current.limit));
        current.at_end = false;
        d_wake.notify_one();
    }
}

void stretch_writer::finish(std::uint64_t number, std::uint64_t end)
{
    std::lock_guard<std::mutex> lock(d_mutex);
    const auto found = d_stretches.find(number);
    if (found != d_stretches.end()) {
        stretch& current = *found->second;
        current.to = std::min(current.to, std::max(end, current.state.position));
        current.finishing = true;
        d_wake.notify_one();
    }
}

void stretch_writer::abandon(std::uint64_t number)
{
    std::lock_guard<std::mutex> lock(d_mutex);
    const auto found = d_stretches.find(number);
    if (found != d_stretches.end()) {
        found->second->abandoned = true;
        d_wake.notify_one();
    }
}

stretch_state stretch_writer::state(std::uint64_t number) const
{
    std::lock_guard<std::mutex> lock(d_mutex);
    const auto found = d_stretches.find(number);
    if (found == d_stretches.end()) {
        throw std::invalid_argument("number is " + std::to_string(number) +
                                    ", wanted that of a stretch");
    }
    return found->second->state;
}

void stretch_writer::forget(std::uint64_t number)
{
    std::lock_guard<std::mutex> lock(d_mutex);
    d_stretches.erase(number);
}

void stretch_writer::set_boundary(std::uint64_t offset)
{
    std::lock_guard<std::mutex> lock(d_mutex);
    const auto place = std::lower_bound(d_boundaries.begin(), d_boundaries.end(), offset);
    if (place == d_boundaries.end() || *place != offset) {
        d_boundaries.insert(place, offset);
    }
    if (d_boundaries.size() > most_boundaries) {
        d_boundaries.erase(d_boundaries.begin());
    }
}

void stretch_writer::clear_boundaries()
{
    std::lock_guard<std::mutex> lock(d_mutex);
    d_boundaries.clear();
}

// Where the stretch must stop for now: never before its position.
std::uint64_t stretch_writer::end_of(const stretch& current) const
{
    const auto boundary =
        std::lower_bound(d_boundaries.begin(),
                         d_boundaries.end(),
                         std::max(current.state.position, current.state.from + 1));
    const std::uint64_t end =
        boundary == d_boundaries.end() ? current.to : std::min(current.to, *boundary);
    return std::max(end, current.state.position);
}

// Ends a stretch as it is.
void stretch_writer::settle(stretch& current)
{
    stretch_state& state = current.state;
    if (!state.done) {
        const std::uint64_t end = std::min(current.to, d_ring.head());
        if (end > state.position) {
            state.dropped += end - state.position;
            state.position = end;
        }
        state.done = true;
    }
}

void stretch_writer::ring_bell(std::unique_lock<std::mutex>& lock)
{
    const auto bell = d_bell;
    if (bell) {
        lock.unlock();
        bell->ring();
        lock.lock();
    }
}

void stretch_writer::run()
{
    std::unique_lock<std::mutex> lock(d_mutex);
    while (!d_stopping) {
        bool busy = false, waiting = false;
        std::vector<stretch_ptr> stretches;
        for (const auto& [number, current] : d_stretches) {
            stretches.push_back(current);
        }
        for (const stretch_ptr& current : stretches) {
            if (!current->state.done) {
                busy |= advance(current, lock);
                waiting = true;
            }
        }
        if (!busy && !d_stopping) {
            if (waiting) {
                d_wake.wait_for(lock, longest_wait);
            } else {
                d_wake.wait_for(lock, 10 * longest_wait); // notify() may fall between
            }
        }
    }
}

// One step; whether there was something to do.
bool stretch_writer::advance(const stretch_ptr& current,
                             std::unique_lock<std::mutex>& lock)
{
    stretch_state& state = current->state;
    const std::uint64_t end = end_of(*current);
    if (current->abandoned) {
        settle(*current);
    } else if (state.position >= end &&
               (current->finishing || end < current->to || end >= current->limit)) {
        state.done = true;
    } else if (state.position >= end && !current->at_end) {
        current->at_end = true;
        ring_bell(lock);
    }
    if (state.done) {
        ring_bell(lock);
        return true;
    }
    const std::uint64_t head = d_ring.head();
    const std::uint64_t here = std::min(head, end);
    if (here <= state.position ||
        (here < end && here - state.position < sample_ring::block_samples &&
         clock::now() - current->written_at < longest_wait)) {
        return false;
    }

    const sample_ring::span span = d_ring.pin(state.position, end);
    if (span.offset > state.position) {
        d_ring.unpin();
        const std::uint64_t half = d_ring.capacity() / 2;
        const std::uint64_t next =
            std::min(std::max(span.offset, head > half ? head - half : 0), end);
        const std::uint64_t count = next - state.position;
        state.position = next;
        state.dropped += count;
        if (!state.gaps.empty() && state.gaps.back().file_sample == state.written) {
            state.gaps.back().offset = next;
            state.gaps.back().count += count;
        } else {
            state.gaps.push_back({ state.written, next, count });
        }
        return true;
    }
    int error = 0;
    lock.unlock();
    const std::size_t bytes = write(*current,
                                    reinterpret_cast<const char*>(span.samples),
                                    span.count * sample_bytes,
                                    error);
    d_ring.unpin();
    const std::size_t samples = bytes / sample_bytes;
    if (bytes % sample_bytes !=
        0) { // whole samples only; a pipe cannot be cut, and stays so
        const auto whole = static_cast<off_t>((state.written + samples) * sample_bytes);
        if (::ftruncate(current->fd, whole) != 0 && error == 0 && errno != EINVAL) {
            error = errno;
        }
    }
    lock.lock();
    state.position += samples;
    state.written += samples;
    current->written_at = clock::now();
    if (bytes < span.count * sample_bytes) {
        state.error = error;
        settle(*current);
        ring_bell(lock);
    }
    return true;
}

// Writes all, or less where it fails or is given up; how many bytes.
std::size_t stretch_writer::write(const stretch& current,
                                  const char* bytes,
                                  std::size_t count,
                                  int& error)
{
    std::size_t done = 0;
    while (done < count) {
        const ssize_t written = ::write(current.fd, bytes + done, count - done);
        if (written > 0) {
            done += static_cast<std::size_t>(written);
        } else if (written < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            if (current.abandoned || d_stopping) {
                break;
            }
            pollfd waited{ current.fd, POLLOUT, 0 };
            ::poll(&waited, 1, pipe_wait_ms);
        } else if (written == 0 || errno != EINTR) {
            error = written == 0 ? ENOSPC : errno;
            break;
        }
    }
    return done;
}

} // namespace kernel
} // namespace denomae
} // namespace gr
