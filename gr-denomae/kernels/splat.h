/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The hottest loops of the raster: add the tabulated window of every sample inside the image.
 */
#ifndef INCLUDED_DENOMAE_KERNELS_SPLAT_H
#define INCLUDED_DENOMAE_KERNELS_SPLAT_H

#include "canvas.h"
#include "phase_table.h"
#include "pixel_samples.h"

namespace gr {
namespace denomae {
namespace kernel {

/*!
 * Adds windows to a canvas that has room for them at its sides.
 *
 * \param border rows and columns of the canvas before the samples' first ones
 */
void add_windows(canvas& to,
                 const pixel_samples& samples,
                 const phase_table& table,
                 int border = 0);

/*!
 * Adds windows of 3 x 3 pixels, and to the pixel that contains each sample a value of its own.
 *
 * \param middles [samples.inside()]
 */
void add_inner(canvas& to,
               const pixel_samples& samples,
               const phase_table& table,
               const float* middles);

} // namespace kernel
} // namespace denomae
} // namespace gr

#endif
