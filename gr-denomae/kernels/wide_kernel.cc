/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "wide_kernel.h"
#include "spline_fit.h"
#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

namespace gr {
namespace denomae {
namespace kernel {

namespace {

constexpr int factor = wide_kernel::bump_factor;

// 1 at 0, 0 from 1 on, and flat at both ends.
double fade(double s)
{
    s = std::clamp(s, 0.0, 1.0);
    return 1.0 - s * s * s * (10.0 - 15.0 * s + 6.0 * s * s);
}

// The shorter the decay, the less of the cusp can a coarse grid follow.
int near_half_of(double decay_px) { return decay_px < 10.0 ? 9 : 7; }

// exp(-d / decay), but within `radius` the even polynomial of degree 4 that continues it with
// the same slope and curvature: a bell instead of a cusp.
class blunt_exponential
{
public:
    explicit blunt_exponential(double decay_px)
        : radius(near_half_of(decay_px) + 1.5), d_decay(decay_px)
    {
        const double height = std::exp(-radius / decay_px);
        const double slope = -height / decay_px;
        const double curvature = height / (decay_px * decay_px);
        d_fourth = (curvature - slope / radius) / (8.0 * radius * radius);
        d_second = (slope - 4.0 * d_fourth * radius * radius * radius) / (2.0 * radius);
        d_zeroth = height - radius * radius * (d_second + d_fourth * radius * radius);
    }

    double operator()(double distance) const
    {
        const double square = distance * distance;
        return distance < radius ? d_zeroth + square * (d_second + square * d_fourth)
                                 : std::exp(-distance / d_decay);
    }

    // Somewhat more than the near pixels reach: what they then leave out is still faint, and the
    // bell is smoother.
    const double radius;

private:
    double d_decay;
    double d_zeroth, d_second, d_fourth;
};

// The longer, the smoother the bump; but near the sample there is no room for it.
int strip_length(double decay_px, int half_size_px)
{
    return std::min(half_size_px - near_half_of(decay_px) - 1, 6 * half_size_px / 10);
}

std::vector<float> strip_of(double decay_px, int half_size_px)
{
    std::vector<float> strip;
    const int length = strip_length(decay_px, half_size_px);
    for (int i = 1; i < length; ++i) {
        const double rise =
            1.0 + i / decay_px; // value and slope of the window at its edge
        strip.push_back(static_cast<float>(rise * fade(static_cast<double>(i) / length)));
    }
    return strip;
}

// Height at the corners of the first pixels outside the window.
double floor_of(double decay_px, int half_size_px)
{
    return std::exp(-std::sqrt(2.0) * (half_size_px + 1.0) / decay_px);
}

// What is fitted: all on the pixels -reach .. reach.
struct targets {
    int half_size;
    int reach;
    double floor;
    std::vector<double> profile;
    std::vector<double> low_strip, high_strip;

    targets(double decay_px, int half_size_px, int beyond)
        : half_size(half_size_px),
          reach(half_size_px + beyond),
          floor(floor_of(decay_px, half_size_px))
    {
        const double edge = half_size_px + 1.0;
        const std::vector<float> values = strip_of(decay_px, half_size_px);
        for (int x = -reach; x <= reach; ++x) {
            const int from_edge = half_size_px - std::abs(x);
            const bool in_strip =
                from_edge >= 0 && from_edge < static_cast<int>(values.size());
            low_strip.push_back(in_strip && x < 0 ? values[from_edge] : 0.0);
            high_strip.push_back(in_strip && x > 0 ? values[from_edge] : 0.0);
            const double height = std::exp(-std::hypot(edge, x) / decay_px);
            profile.push_back(std::max(0.0, height - floor));
        }
    }

    // The whole window with the bell above the floor, for a phase in a pixel: [row][column].
    std::vector<double> window(double decay_px, double u, double v) const
    {
        const blunt_exponential height(decay_px);
        std::vector<double> values;
        for (int y = -reach; y <= reach; ++y) {
            for (int x = -reach; x <= reach; ++x) {
                const bool inside = std::max(std::abs(x), std::abs(y)) <= half_size;
                values.push_back(
                    inside ? height(std::hypot(x + 0.5 - u, y + 0.5 - v)) - floor : 0.0);
            }
        }
        return values;
    }
};

aligned_floats profiles_of(double decay_px, int half_size_px, int half, int floats)
{
    const targets all(decay_px, half_size_px, 3 * wide_kernel::profile_factor);
    aligned_floats profiles;
    for (int place = 0; place < wide_kernel::profile_factor; ++place) {
        const spline_fit at(all.reach, half, wide_kernel::profile_factor, place);
        for (double coefficient : at.fit(all.profile)) {
            profiles.push_back(static_cast<float>(coefficient));
        }
        profiles.resize(static_cast<std::size_t>(place + 1) * floats, 0.0f);
    }
    return profiles;
}

// A second derivative above this, relative to the height, needs cells of half a pixel.
int cells_of_pixel(double decay_px)
{
    constexpr double most_bend = 0.01;
    return 1.0 / (decay_px * near_half_of(decay_px)) > most_bend ? 2 : 1;
}

// Both strips for a phase, as coefficients.
std::vector<double> strips(const targets& all, const spline_fit& at, double tilt)
{
    std::vector<double> low = at.fit(all.low_strip);
    const std::vector<double> high = at.fit(all.high_strip);
    for (std::size_t i = 0; i < low.size(); ++i) {
        low[i] = (1.0 - tilt) * low[i] + (1.0 + tilt) * high[i];
    }
    return low;
}

// Coefficients of window - strip * profile - profile * strip.
phase_table bump_of(double decay_px, int half_size_px)
{
    const targets all(decay_px, half_size_px, 3 * factor);
    // Where the strips are still nearly all of the window, the bump is nearly nothing.
    const int half =
        coarse_half_size(half_size_px - strip_length(decay_px, half_size_px) / 4, factor);
    const int side = 2 * half + 1;
    std::vector<spline_fit> at;
    for (int place = 0; place < factor; ++place) {
        at.emplace_back(all.reach, half, factor, place);
    }
    // The same few phases come back for all places in a coarse pixel.
    std::map<std::pair<long, long>, std::vector<double>> windows;
    auto coefficients = [&](double u, double v) {
        const int column = static_cast<int>(u * factor);
        const int row = static_cast<int>(v * factor);
        u = u * factor - column;
        v = v * factor - row;
        auto& window = windows[{ std::lround(u * 1e6), std::lround(v * 1e6) }];
        if (window.empty()) {
            window = all.window(decay_px, u, v);
        }
        const spline_fit& columns = at[column];
        const spline_fit& rows = at[row];
        auto result = spline_fit::fit(columns, rows, window);
        const auto strip_along = strips(all, columns, (u - 0.5) / decay_px);
        const auto strip_across = strips(all, rows, (v - 0.5) / decay_px);
        const auto profile_along = columns.fit(all.profile);
        const auto profile_across = rows.fit(all.profile);
        for (int y = 0; y < side; ++y) {
            for (int x = 0; x < side; ++x) {
                result[y * side + x] -= strip_along[x] * profile_across[y] +
                                        profile_along[x] * strip_across[y];
            }
        }
        return result;
    };
    return phase_table(half, factor * cells_of_pixel(decay_px), coefficients);
}

} // namespace

bool wide_kernel::serves(double decay_px, int half_size_px)
{
    // At the corners the edges are only nearly as they should be; elsewhere they are exact. And
    // the fits of very wide windows would take seconds.
    const double at_edge = std::exp(-half_size_px / decay_px);
    return decay_px >= 6.0 && half_size_px >= 20 && half_size_px <= 256 &&
           at_edge <= 0.035;
}

wide_kernel::wide_kernel(double decay_px, int half_size_px)
    : d_half_size(half_size_px),
      d_near_half(near_half_of(decay_px)),
      d_rate(static_cast<float>(1.0 / decay_px)),
      d_floor(static_cast<float>(floor_of(decay_px, half_size_px))),
      d_profile_half(coarse_half_size(half_size_px, profile_factor)),
      d_strip(strip_of(decay_px, half_size_px)),
      d_profiles(profiles_of(decay_px, half_size_px, d_profile_half, profile_floats())),
      d_bump(bump_of(decay_px, half_size_px)),
      d_near(d_near_half, cells_of_pixel(decay_px), [this](double u, double v) {
          return near_window(u, v);
      })
{
}

std::vector<double> wide_kernel::near_window(double column_phase, double row_phase) const
{
    const int side = 2 * d_near_half + 1;
    const int knots =
        d_near_half / factor + 3; // on either side: those that have a weight there
    std::vector<double> window(side * side, 0.0);
    for (int place = 0; place < factor * factor; ++place) {
        const int column_place = place % factor;
        const int row_place = place / factor;
        for (int l = -knots; l <= knots; ++l) {
            std::vector<double> row(side, 0.0); // of the window, along coarse row l
            for (int k = -knots; k <= knots; ++k) {
                const double coefficient =
                    d_bump.value(k,
                                 l,
                                 (column_place + column_phase) / factor,
                                 (row_place + row_phase) / factor);
                for (int x = 0; x < side; ++x) {
                    row[x] += coefficient *
                              spline_weight(x - d_near_half + column_place, k, factor);
                }
            }
            for (int y = 0; y < side; ++y) {
                const double weight =
                    spline_weight(y - d_near_half + row_place, l, factor);
                for (int x = 0; x < side && weight > 0.0; ++x) {
                    window[y * side + x] += weight * row[x] / (factor * factor);
                }
            }
        }
    }
    return window;
}

} // namespace kernel
} // namespace denomae
} // namespace gr
