/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whether a receiver was overdriven.
 */
#ifndef INCLUDED_DENOMAE_KERNELS_CLIPPING_H
#define INCLUDED_DENOMAE_KERNELS_CLIPPING_H

#include <complex>
#include <cstddef>

namespace gr {
namespace denomae {
namespace kernel {

/*!
 * Whether most of the strong samples lie at the rail: their I or their Q within 1 % of the largest
 * that there is. (Of a tone as large as the converter takes 18 % do, of one 7 % larger half.)
 *
 * I and Q that are cut off apart turn a tone at f into one at f and its images at -3 f, 5 f, -7 f,
 * ..., up to 1 - 8 / pi^2 = 19 % of the power in all, and so each part of a signal: what looks like
 * several tones is one.
 */
bool is_clipped(const std::complex<float>* samples, std::size_t count);

} // namespace kernel
} // namespace denomae
} // namespace gr

#endif
