/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A stream, a constant number of samples later.
 */
#ifndef INCLUDED_DENOMAE_KERNELS_DELAY_LINE_H
#define INCLUDED_DENOMAE_KERNELS_DELAY_LINE_H

#include <complex>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace gr {
namespace denomae {
namespace kernel {

/*!
 * \brief Delays complex samples by a constant number, in memory of its own.
 *
 * Of one thread. What comes out does not depend on how the stream is cut into calls.
 */
class delay_line
{
public:
    static constexpr std::int64_t longest = std::int64_t(1) << 30; // 8 GiB

    /*!
     * \param delay_samples 0 .. `longest`; 8 bytes of memory each
     * \throws std::invalid_argument
     */
    explicit delay_line(std::int64_t delay_samples);

    std::int64_t delay_samples() const
    {
        return static_cast<std::int64_t>(d_ring.size());
    }

    //! The next delay_samples() to come out are zeros again.
    void clear();

    //! Takes `count` samples and gives as many; `in` and `out` must not overlap.
    void pass(const std::complex<float>* in, std::complex<float>* out, std::size_t count);

private:
    std::vector<std::complex<float>> d_ring;
    std::size_t d_at = 0; // of the oldest sample
};

} // namespace kernel
} // namespace denomae
} // namespace gr

#endif
