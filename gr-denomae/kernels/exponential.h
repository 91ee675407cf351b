/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The exponential function, for loops that vectors are made of.
 */
#ifndef INCLUDED_DENOMAE_KERNELS_EXPONENTIAL_H
#define INCLUDED_DENOMAE_KERNELS_EXPONENTIAL_H

#include "multiversion.h"
#include <algorithm>
#include <cstdint>
#include <cstring>

namespace gr {
namespace denomae {
namespace kernel {

//! exp(x) for x <= 0, to 1e-7 of its value but never below 2^-125; branch-free.
DENOMAE_INLINE float exponential(float x)
{
    const float scaled = std::max(x * 1.44269504f, -125.0f);
    const int whole = static_cast<int>(scaled - 0.5f);
    const float part = scaled - static_cast<float>(whole); // -0.5 .. 0.5
    float power = 1.3333558e-3f;
    power = power * part + 9.6181291e-3f;
    power = power * part + 5.5504109e-2f;
    power = power * part + 2.4022651e-1f;
    power = power * part + 6.9314718e-1f;
    power = power * part + 1.0f;
    const std::int32_t bits = (whole + 127) << 23;
    float scale;
    std::memcpy(&scale, &bits, sizeof scale);
    return power * scale;
}

} // namespace kernel
} // namespace denomae
} // namespace gr

#endif
