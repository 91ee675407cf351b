/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "canvas.h"
#include "multiversion.h"
#include <algorithm>

namespace gr {
namespace denomae {
namespace kernel {

namespace {

constexpr int rows_around = 1;
constexpr int window_padding = 8; // floats that are added beyond the pixels of a window

// So many floats that what begins with a vector of eight does so again after them.
int whole_vectors(int floats) { return (floats + 7) / 8 * 8; }

// Largest of `count` columns, and 0.
DENOMAE_INLINE float largest(const float* image,
                             int height,
                             std::ptrdiff_t step,
                             std::size_t count)
{
    constexpr std::size_t most = 64;
    float peaks[most] = {};
    for (int row = 0; row < height; ++row) {
        for (std::size_t i = 0; i < count; ++i) {
            peaks[i] =
                image[row * step + i] > peaks[i] ? image[row * step + i] : peaks[i];
        }
    }
    return *std::max_element(peaks, peaks + count);
}

DENOMAE_MULTIVERSION
void divide_by_peak(
    const float* from, int height, int width, std::ptrdiff_t step, float* image)
{
    constexpr int block = 64;
    float peak = 0.0f;
    int column = 0;
    for (; column + block <= width; column += block) {
        peak = std::max(peak, largest(from + column, height, step, block));
    }
    peak = std::max(peak, largest(from + column, height, step, width - column));
    const float scale = peak > 0.0f ? 1.0f / peak : 0.0f;
    for (int row = 0; row < height; ++row) {
        for (int i = 0; i < width; ++i) {
            image[i] = from[i] * scale;
        }
        from += step;
        image += width;
    }
}

} // namespace

void canvas::prepare(int height, int width, int reach)
{
    d_height = height;
    d_width = width;
    d_margin = whole_vectors(reach);
    d_row_floats = whole_vectors(d_margin + width + reach + window_padding);
    d_origin = rows_around * d_row_floats + d_margin;
    const auto floats = static_cast<std::size_t>(height + 2 * rows_around) * d_row_floats;
    if (d_pixels.size() < floats) { // never smaller: what a vector gains, it clears
        d_pixels.resize(floats);
    }
}

void canvas::clear()
{
    std::fill_n(d_pixels.begin(),
                static_cast<std::size_t>(d_height + 2 * rows_around) * d_row_floats,
                0.0f);
}

void canvas::finish(float* image) const
{
    divide_by_peak(at(0, 0), d_height, d_width, d_row_floats, image);
}

} // namespace kernel
} // namespace denomae
} // namespace gr
