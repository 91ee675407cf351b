/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <gnuradio/denomae/kernels/stretch_writer.h>
#include <limits>
#include <memory>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace gr::denomae::kernel;
using namespace std::chrono_literals;

namespace {

using sample = sample_ring::sample;
constexpr std::size_t block = sample_ring::block_samples;
constexpr auto guard = 20s; // of a test that hangs
constexpr std::uint64_t forever = std::numeric_limits<std::uint64_t>::max();

// A sample that tells its offset, exactly.
sample numbered(std::uint64_t offset)
{
    return { static_cast<float>(offset >> 16), static_cast<float>(offset & 0xffff) };
}

std::uint64_t offset_of(sample value)
{
    return (static_cast<std::uint64_t>(value.real()) << 16) +
           static_cast<std::uint64_t>(value.imag());
}

// A ring that is filled with numbered samples, and its writer.
struct bench {
    sample_ring ring;
    stretch_writer writer;
    std::shared_ptr<doorbell> bell = std::make_shared<doorbell>();

    explicit bench(std::size_t capacity) : ring(capacity), writer(ring)
    {
        writer.set_bell(bell);
        ring.begin(0);
    }

    void push(std::size_t count)
    {
        std::vector<sample> samples(count);
        for (std::size_t i = 0; i < count; ++i) {
            samples[i] = numbered(ring.head() + i);
        }
        ring.push(samples.data(), count);
        writer.notify();
    }

    stretch_state done(std::uint64_t number)
    {
        for (;;) {
            const std::uint64_t rings = bell->rings();
            if (writer.state(number).done) {
                return writer.state(number);
            }
            BOOST_REQUIRE(bell->wait(rings, guard));
        }
    }
};

struct scratch_file {
    std::FILE* file = std::tmpfile();
    ~scratch_file() { std::fclose(file); }
    int fd() const { return ::fileno(file); }

    std::vector<std::uint64_t> offsets() const
    {
        const off_t bytes = ::lseek(fd(), 0, SEEK_END);
        BOOST_REQUIRE(bytes % sizeof(sample) == 0);
        std::vector<sample> samples(bytes / sizeof(sample));
        BOOST_REQUIRE(::pread(fd(), samples.data(), bytes, 0) == bytes);
        std::vector<std::uint64_t> found;
        std::transform(
            samples.begin(), samples.end(), std::back_inserter(found), offset_of);
        return found;
    }
};

// What a file must hold, by what its stretch says.
std::vector<std::uint64_t> told(const stretch_state& state)
{
    std::vector<std::uint64_t> offsets;
    std::uint64_t next = state.from;
    std::size_t gap = 0;
    while (offsets.size() < state.written) {
        if (gap < state.gaps.size() && state.gaps[gap].file_sample == offsets.size()) {
            next = state.gaps[gap++].offset;
        }
        offsets.push_back(next++);
    }
    return offsets;
}

} // namespace

BOOST_AUTO_TEST_SUITE(stretches)

BOOST_AUTO_TEST_CASE(a_ring_keeps_the_last_samples_and_says_what_is_gone)
{
    bench b(2 * block);
    b.push(5 * block + 7);
    BOOST_TEST(b.ring.head() == 5 * block + 7);
    BOOST_TEST(b.ring.oldest() <= b.ring.head() - 2 * block);
    const auto old = b.ring.pin(0, forever);
    BOOST_TEST(old.offset == b.ring.oldest());
    BOOST_TEST(offset_of(old.samples[3]) == old.offset + 3);
    b.ring.unpin();
    BOOST_TEST(b.ring.pin(b.ring.head(), forever).count == 0u);
    b.ring.unpin();
}

BOOST_AUTO_TEST_CASE(a_block_that_is_looked_at_does_not_change_and_holds_nobody)
{
    bench b(2 * block);
    b.push(block);
    const auto held = b.ring.pin(10, 20);
    BOOST_TEST(held.count == 10u);
    b.push(9 * block);
    for (std::size_t i = 0; i < held.count; ++i) {
        BOOST_TEST(offset_of(held.samples[i]) == 10 + i);
    }
    b.ring.unpin();
}

BOOST_AUTO_TEST_CASE(stretches_hold_exactly_what_was_asked_for)
{
    bench b(8 * block);
    scratch_file past, coming;
    b.push(3 * block);
    b.writer.start();
    const auto first = b.writer.open(past.fd(), 100, block + 5, block + 5);
    const auto second = b.writer.open(coming.fd(), 2 * block + 1, 2 * block + 2, forever);
    b.writer.extend(second, 4 * block);
    b.push(2 * block);
    b.writer.finish(second, forever);
    const auto one = b.done(first), two = b.done(second);
    b.writer.stop();
    BOOST_TEST((past.offsets() == told(one) && coming.offsets() == told(two)));
    BOOST_TEST(one.from == 100u);
    BOOST_TEST(one.written == block + 5 - 100);
    BOOST_TEST(two.written == 2 * block - 1);
    BOOST_TEST(one.dropped + two.dropped == 0u);
}

BOOST_AUTO_TEST_CASE(a_stretch_ends_at_a_boundary_and_the_next_goes_on_there)
{
    bench b(8 * block);
    scratch_file before, behind;
    b.push(1000);
    b.writer.set_boundary(1000);
    b.push(1000);
    b.writer.start();
    const auto first = b.done(b.writer.open(before.fd(), 0, forever, forever));
    BOOST_TEST(first.position == 1000u);
    const auto number = b.writer.open(behind.fd(), first.position, forever, forever);
    b.writer.finish(number, 2000);
    const auto second = b.done(number);
    BOOST_TEST(second.from == 1000u);
    BOOST_TEST(second.written == 1000u);
    BOOST_TEST((behind.offsets() == told(second)));
}

BOOST_AUTO_TEST_CASE(a_slow_file_drops_whole_gaps_and_every_sample_is_accounted_for)
{
    bench b(4 * block);
    int ends[2];
    BOOST_REQUIRE(::pipe2(ends, O_NONBLOCK) == 0);
    b.writer.start();
    b.push(10); // so that the stretch begins at 0
    const auto number = b.writer.open(ends[1], 0, forever, forever);
    std::vector<char> received;
    std::vector<char> piece(1 << 16);
    const auto read = [&] {
        const ssize_t count = ::read(ends[0], piece.data(), piece.size());
        if (count > 0) {
            received.insert(received.end(), piece.begin(), piece.begin() + count);
        }
        return count > 0;
    };
    for (int i = 0; i < 30; ++i) { // nobody reads a block in the time that one is pushed
        b.push(block);
        read();
    }
    b.writer.finish(number, b.ring.head());
    while (!b.writer.state(number).done) {
        if (!read()) {
            std::this_thread::yield();
        }
    }
    while (read()) {
    }
    const auto state = b.writer.state(number);
    b.writer.stop();
    ::close(ends[0]);
    ::close(ends[1]);
    BOOST_TEST(state.dropped > 0u);
    BOOST_TEST(state.written + state.dropped == 30 * block + 10);
    BOOST_TEST(received.size() == state.written * sizeof(sample));
    const auto samples = reinterpret_cast<const sample*>(received.data());
    std::vector<std::uint64_t> found;
    std::transform(
        samples, samples + state.written, std::back_inserter(found), offset_of);
    BOOST_TEST((found == told(state)));
}

BOOST_AUTO_TEST_CASE(a_pipe_that_nobody_reads_can_be_given_up)
{
    bench b(4 * block);
    int ends[2];
    BOOST_REQUIRE(::pipe2(ends, O_NONBLOCK) == 0);
    b.writer.start();
    b.push(3 * block);
    const auto number = b.writer.open(ends[1], 0, forever, forever);
    b.push(20 * block);
    b.writer.abandon(number);
    const auto state = b.done(number);
    BOOST_TEST(state.error == 0);
    BOOST_TEST(state.written + state.dropped == state.position);
    BOOST_TEST(state.position == 23 * block);
    ::close(ends[0]);
    ::close(ends[1]);
}

BOOST_AUTO_TEST_CASE(a_full_disk_ends_the_stretch_with_its_error)
{
    bench b(4 * block);
    const int full = ::open("/dev/full", O_WRONLY);
    BOOST_REQUIRE(full >= 0);
    b.push(block);
    b.writer.start();
    const auto state = b.done(b.writer.open(full, 0, forever, forever));
    BOOST_TEST(state.error == ENOSPC);
    BOOST_TEST(state.written == 0u);
    BOOST_TEST(state.dropped == block);
    ::close(full);
}

BOOST_AUTO_TEST_SUITE_END()
