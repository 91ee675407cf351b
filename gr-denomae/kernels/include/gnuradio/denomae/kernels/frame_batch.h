/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Frames of one pop(), laid out as the consumer wants them: one array a field.
 */
#ifndef INCLUDED_DENOMAE_KERNELS_FRAME_BATCH_H
#define INCLUDED_DENOMAE_KERNELS_FRAME_BATCH_H

#include <complex>
#include <cstdlib>
#include <gnuradio/denomae/kernels/frame_queue.h>
#include <memory>
#include <vector>

namespace gr {
namespace denomae {
namespace kernel {

//! B frames of N samples; every field has B entries. Owns its memory.
struct frame_batch {
    struct free_memory {
        void operator()(void* memory) const { std::free(memory); }
    };

    std::size_t size = 0;         //!< B
    std::size_t frame_length = 0; //!< N
    //! [B, N] in one piece, aligned to 64 bytes; null when B is 0.
    std::unique_ptr<std::complex<float>[], free_memory> samples;
    std::vector<std::uint64_t> sample_offset;
    std::vector<std::uint64_t> source_offset;
    std::vector<double> ratio;
    std::vector<std::int64_t> arrival_ns;
    std::vector<std::uint64_t> samples_behind;
    std::vector<double> rate_hz;      //!< NaN: unknown
    std::vector<double> frequency_hz; //!< NaN: unknown
    std::vector<std::uint8_t> time_valid;
    std::vector<std::uint64_t> time_seconds;
    std::vector<double> time_fraction;
    std::vector<std::uint64_t> time_offset;
};

/*!
 * Takes up to `max_frames` frames as frame_queue::take() does and copies them into a batch;
 * the queue's lock is not held while copying, and the frames go back to its pool.
 */
frame_batch take_batch(frame_queue& queue,
                       std::size_t max_frames,
                       frame_queue::duration timeout);

} // namespace kernel
} // namespace denomae
} // namespace gr

#endif
