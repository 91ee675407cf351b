/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The last samples of a stream, for somebody who learns only later which of them are wanted.
 */
#ifndef INCLUDED_DENOMAE_KERNELS_SAMPLE_RING_H
#define INCLUDED_DENOMAE_KERNELS_SAMPLE_RING_H

#include <complex>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>

namespace gr {
namespace denomae {
namespace kernel {

/*!
 * \brief Blocks of samples; the oldest makes room for the newest.
 *
 * One thread pushes. One thread at a time looks at samples with pin(): the block that it looks at
 * stays as it is for as long as it likes, and the pushing thread takes another instead, so that
 * neither waits for the other longer than it takes to swap a pointer.
 */
class sample_ring
{
public:
    using sample = std::complex<float>;
    static constexpr std::size_t block_samples = 32768;
    static constexpr std::size_t most_samples = std::size_t{ 1 } << 31; // 16 GiB

    //! Samples without a gap, in the ring.
    struct span {
        std::uint64_t offset;
        const sample* samples;
        std::size_t count;
    };

    //! \param capacity samples that are kept at least, 1..most_samples
    //! \throws std::invalid_argument
    explicit sample_ring(std::size_t capacity);

    //! Any thread, at any time; memory is taken when samples come. \throws as above
    void set_capacity(std::size_t capacity);
    std::size_t capacity() const;

    //! The pushing thread: forgets all samples; the next one pushed has that offset.
    void begin(std::uint64_t offset);

    //! The pushing thread.
    void push(const sample* samples, std::size_t count);

    //! The offset of the oldest sample that is kept, and the one behind the newest. Any thread.
    std::uint64_t oldest() const;
    std::uint64_t head() const;

    /*!
     * Holds the samples from `from` on, before `to`, as many as lie in one block.
     *
     * Its offset is above `from` where the samples from there on are gone; its count is 0 where
     * none has come yet. Valid until unpin(); the looking thread.
     */
    span pin(std::uint64_t from, std::uint64_t to);
    void unpin();

private:
    using block = std::shared_ptr<float[]>;

    block next_block();

    mutable std::mutex d_mutex;
    std::size_t d_blocks_wanted;
    std::deque<block> d_blocks; // d_blocks[i] begins at d_first + i * block_samples
    std::uint64_t d_first = 0;
    std::uint64_t d_head = 0;
    block d_pinned;
    block d_spare;

    // Of the pushing thread alone.
    float* d_fill = nullptr;
    std::size_t d_room = 0; // samples
};

} // namespace kernel
} // namespace denomae
} // namespace gr

#endif
