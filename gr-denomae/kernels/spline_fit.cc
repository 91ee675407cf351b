/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "spline_fit.h"
#include <cmath>

namespace gr {
namespace denomae {
namespace kernel {

namespace {

// Solves a x = b for a symmetric, positive definite a [size][size], by Cholesky's method; the
// columns of b [size][count] become those of x.
void solve(std::vector<double> a, int size, std::vector<double>& b, int count)
{
    for (int j = 0; j < size; ++j) {
        for (int i = j; i < size; ++i) {
            double left = a[i * size + j];
            for (int k = 0; k < j; ++k) {
                left -= a[i * size + k] * a[j * size + k];
            }
            a[i * size + j] = i == j ? std::sqrt(left) : left / a[j * size + j];
        }
    }
    for (int c = 0; c < count; ++c) {
        for (int i = 0; i < size; ++i) {
            for (int k = 0; k < i; ++k) {
                b[i * count + c] -= a[i * size + k] * b[k * count + c];
            }
            b[i * count + c] /= a[i * size + i];
        }
        for (int i = size - 1; i >= 0; --i) {
            for (int k = i + 1; k < size; ++k) {
                b[i * count + c] -= a[k * size + i] * b[k * count + c];
            }
            b[i * count + c] /= a[i * size + i];
        }
    }
}

} // namespace

double spline_weight(int pixel, int knot, int factor)
{
    const double t = std::abs((pixel - 0.5 * (factor - 1)) / factor - knot);
    if (t < 1.0) {
        return (4.0 - 6.0 * t * t + 3.0 * t * t * t) / 6.0;
    }
    return t < 2.0 ? (2.0 - t) * (2.0 - t) * (2.0 - t) / 6.0 : 0.0;
}

int coarse_half_size(int half_size_px, int factor)
{
    return (half_size_px + factor / 2) / factor + 1;
}

spline_fit::spline_fit(int reach, int half, int factor, int place)
    : d_pixels(2 * reach + 1), d_splines(2 * half + 1)
{
    std::vector<double> inverse(static_cast<std::size_t>(d_splines) * d_pixels);
    for (int k = 0; k < d_splines; ++k) {
        for (int i = 0; i < d_pixels; ++i) {
            inverse[k * d_pixels + i] =
                spline_weight(i - reach + place, k - half, factor);
        }
    }
    std::vector<double> normal(static_cast<std::size_t>(d_splines) * d_splines, 0.0);
    for (int k = 0; k < d_splines; ++k) {
        for (int l = 0; l < d_splines; ++l) {
            for (int i = 0; i < d_pixels; ++i) {
                normal[k * d_splines + l] +=
                    inverse[k * d_pixels + i] * inverse[l * d_pixels + i];
            }
        }
    }
    solve(normal, d_splines, inverse, d_pixels);
    d_inverse.resize(inverse.size());
    for (int k = 0; k < d_splines; ++k) {
        for (int i = 0; i < d_pixels; ++i) {
            d_inverse[i * d_splines + k] = inverse[k * d_pixels + i];
        }
    }
}

std::vector<double> spline_fit::fit(const std::vector<double>& values) const
{
    std::vector<double> coefficients(d_splines, 0.0);
    for (int i = 0; i < d_pixels; ++i) {
        for (int k = 0; k < d_splines; ++k) {
            coefficients[k] += d_inverse[i * d_splines + k] * values[i];
        }
    }
    return coefficients;
}

std::vector<double> spline_fit::fit(const spline_fit& columns,
                                    const spline_fit& rows,
                                    const std::vector<double>& values)
{
    const int width = columns.d_pixels;
    const int to_width = columns.d_splines;
    std::vector<double> coefficients(static_cast<std::size_t>(rows.d_splines) * to_width,
                                     0.0);
    for (int row = 0; row < rows.d_pixels; ++row) {
        const auto first = values.begin() + static_cast<std::ptrdiff_t>(row) * width;
        const auto along = columns.fit(std::vector<double>(first, first + width));
        for (int l = 0; l < rows.d_splines; ++l) {
            const double across = rows.d_inverse[row * rows.d_splines + l];
            for (int k = 0; k < to_width; ++k) {
                coefficients[l * to_width + k] += across * along[k];
            }
        }
    }
    return coefficients;
}

} // namespace kernel
} // namespace denomae
} // namespace gr
