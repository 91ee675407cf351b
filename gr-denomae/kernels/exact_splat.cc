/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "exact_splat.h"
#include "exponential.h"
#include "multiversion.h"
#include <algorithm>
#include <cmath>

namespace gr {
namespace denomae {
namespace kernel {

namespace {

DENOMAE_MULTIVERSION
void exponentials(const float* column_phase,
                  const float* row_phase,
                  std::size_t count,
                  float x,
                  float y,
                  float rate,
                  float* values)
{
    for (std::size_t i = 0; i < count; ++i) {
        const float dx = x - column_phase[i];
        const float dy = y - row_phase[i];
        values[i] = exponential(-rate * std::sqrt(dx * dx + dy * dy));
    }
}

// Adds a row of pixels, dx from the sample and further to the right, dy below it.
DENOMAE_MULTIVERSION
void add_row(float* to, int count, float dx, float dy, float rate)
{
    for (int i = 0; i < count; ++i) {
        const float x = dx + static_cast<float>(i);
        to[i] += exponential(-rate * std::sqrt(x * x + dy * dy));
    }
}

} // namespace

void shifted_exponentials(
    const pixel_samples& samples, double decay_px, int column, int row, float* values)
{
    exponentials(samples.column_phase(),
                 samples.row_phase(),
                 samples.inside(),
                 static_cast<float>(column) + 0.5f,
                 static_cast<float>(row) + 0.5f,
                 static_cast<float>(1.0 / decay_px),
                 values);
}

void add_shifted(
    canvas& to, const pixel_samples& samples, int column, int row, const float* values)
{
    for (std::size_t i = 0; i < samples.inside(); ++i) {
        *to.at(samples.row()[i] + row, samples.column()[i] + column) += values[i];
    }
}

void add_outside(canvas& to,
                 const pixel_samples& samples,
                 double decay_px,
                 int half_size_px)
{
    for (std::size_t i = samples.inside(); i < samples.size(); ++i) {
        const int column = samples.column()[i];
        const int row = samples.row()[i];
        const int left = std::max(0, column - half_size_px);
        const int right = std::min(to.width(), column + half_size_px + 1);
        const int bottom = std::min(to.height(), row + half_size_px + 1);
        for (int y = std::max(0, row - half_size_px); y < bottom && left < right; ++y) {
            add_row(to.at(y, left),
                    right - left,
                    static_cast<float>(left - column) + 0.5f - samples.column_phase()[i],
                    static_cast<float>(y - row) + 0.5f - samples.row_phase()[i],
                    static_cast<float>(1.0 / decay_px));
        }
    }
}

} // namespace kernel
} // namespace denomae
} // namespace gr
