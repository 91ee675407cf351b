/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Adds exp(-d / decay) evaluated pixel by pixel: where a table would not do.
 */
#ifndef INCLUDED_DENOMAE_KERNELS_EXACT_SPLAT_H
#define INCLUDED_DENOMAE_KERNELS_EXACT_SPLAT_H

#include "canvas.h"
#include "pixel_samples.h"

namespace gr {
namespace denomae {
namespace kernel {

//! Of each sample inside the image exp(-d / decay) at the pixel `column` right of and `row` below
//! its own: values[samples.inside()].
void shifted_exponentials(
    const pixel_samples& samples, double decay_px, int column, int row, float* values);

//! Adds such values to those pixels.
void add_shifted(
    canvas& to, const pixel_samples& samples, int column, int row, const float* values);

//! Adds what the windows of the samples outside the image reach of it.
void add_outside(canvas& to,
                 const pixel_samples& samples,
                 double decay_px,
                 int half_size_px);

} // namespace kernel
} // namespace denomae
} // namespace gr

#endif
