/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "wide_splat.h"
#include "multiversion.h"
#include "splat.h"
#include "spline_fit.h"
#include <algorithm>
#include <cstdint>

namespace gr {
namespace denomae {
namespace kernel {

namespace {

constexpr int lanes = 8;
constexpr int knots_around =
    2; // beyond the image's coarse pixels, those that have a weight in it

// Eight floats at any address; the compiler maps them to what the processor has.
typedef float floats8 __attribute__((vector_size(32), aligned(4), may_alias));

DENOMAE_INLINE const floats8& load(const float* from)
{
    return *reinterpret_cast<const floats8*>(from);
}

DENOMAE_INLINE floats8& store(float* to) { return *reinterpret_cast<floats8*>(to); }

// Knots along an axis of so many pixels.
int knots(int pixels, int factor)
{
    return (pixels + factor - 1) / factor + 2 * knots_around;
}

// What spreads coefficients over pixels.
template <int Factor>
struct knot_weights {
    static constexpr int step = lanes / Factor; // knots from one block to the next
    static constexpr int of_a_block = step + 2 * knots_around; // that have a weight in it
    static constexpr int of_a_pixel = 1 + 2 * knots_around;

    float block[of_a_block][lanes]; // for eight pixels in a row
    float pixel[Factor][of_a_pixel];

    knot_weights()
    {
        for (int i = 0; i < lanes; ++i) {
            for (int knot = 0; knot < of_a_block; ++knot) {
                block[knot][i] =
                    static_cast<float>(spline_weight(i, knot - knots_around, Factor));
            }
            for (int knot = 0; knot < of_a_pixel && i < Factor; ++knot) {
                pixel[i][knot] =
                    static_cast<float>(spline_weight(i, knot - knots_around, Factor));
            }
        }
    }
};

constexpr int bump_factor = wide_kernel::bump_factor;
constexpr int profile_factor = wide_kernel::profile_factor;
using bump_weights = knot_weights<bump_factor>;
using profile_weights = knot_weights<profile_factor>;

// What the profiles of all samples need along one axis.
struct profile_job {
    const std::int32_t* pixels; // of each sample on the axis of the strips
    const float* phases;        // in them
    const std::int32_t* along;  // and its pixel on the other axis
    std::size_t count;
    const float* profiles;
    int floats;
    int half;
    float rate;
};

// Adds the profile of every sample to the row that belongs to its pixel, once for each edge.
DENOMAE_MULTIVERSION
void add_profiles(const profile_job job, float* low, float* high, std::ptrdiff_t step)
{
    for (std::size_t i = 0; i < job.count; ++i) {
        const int coarse = job.along[i] / profile_factor;
        const float* profile =
            job.profiles + (job.along[i] - coarse * profile_factor) * job.floats;
        const std::ptrdiff_t to = job.pixels[i] * step + coarse + knots_around - job.half;
        const float tilt = (job.phases[i] - 0.5f) * job.rate;
        for (int k = 0; k < job.floats; k += lanes) {
            store(low + to + k) += (1.0f - tilt) * load(profile + k);
            store(high + to + k) += (1.0f + tilt) * load(profile + k);
        }
    }
}

// So many vectors are summed at a time, since each sum waits for its last term.
constexpr int together = 4;

DENOMAE_INLINE void add_times(float times, const float* from, floats8* sum)
{
    for (int part = 0; part < together; ++part) {
        sum[part] += times * load(from + part * lanes);
    }
}

/*
 * Repeats rows at the edges of the window: of `high` the strip's first value times to the row
 * `half` below, the second times to the next one inwards, and so on; of `low` the same above.
 */
DENOMAE_MULTIVERSION
void repeat_rows(const float* low,
                 const float* high,
                 std::ptrdiff_t step,
                 int height,
                 int width,
                 const float* strip,
                 int length,
                 int half,
                 float* to,
                 std::ptrdiff_t to_step)
{
    for (int row = 0; row < height; ++row) {
        // The first of the strip whose source still is a row of the image.
        const int first_below = std::max(0, row + half - (height - 1));
        const int first_above = std::max(0, half - row);
        const float* below = low + (row + half) * step;
        const float* above = high + (row - half) * step;
        for (int x = 0; x < width; x += together * lanes) {
            floats8 sum[together] = {};
            for (int i = first_below; i < length; ++i) {
                add_times(strip[i], below - i * step + x, sum);
            }
            for (int i = first_above; i < length; ++i) {
                add_times(strip[i], above + i * step + x, sum);
            }
            for (int part = 0; part < together; ++part) {
                store(to + row * to_step + x + part * lanes) = sum[part];
            }
        }
    }
}

DENOMAE_MULTIVERSION
void turn(const float* from,
          std::ptrdiff_t from_step,
          int height,
          int width,
          float* to,
          std::ptrdiff_t to_step)
{
    for (int column = 0; column < width; ++column) {
        for (int row = 0; row < height; ++row) {
            to[column * to_step + row] = from[row * from_step + column];
        }
    }
}

// All that is spread over an image.
struct spread_job {
    const float* bumps; // coarse rows and columns
    std::ptrdiff_t bumps_step;
    int bumps_width;
    const float* rows; // rows, coarse columns
    std::ptrdiff_t rows_step;
    const float* columns; // coarse rows, columns
    std::ptrdiff_t columns_step;
    int height;
    int width;
    float* image;
    std::ptrdiff_t image_step;
    float* spread;      // room for bumps_width floats
    const float* steps; // rows and columns
    std::ptrdiff_t steps_step;
    float* reaching; // room for width floats
    int half;
    float floor;
};

// Makes of each value the sum of it and all before. In place: a vector that is returned would be a
// matter of the target's calling convention.
DENOMAE_INLINE void running_sum(floats8& values)
{
    typedef int ints8 __attribute__((vector_size(32)));
    const floats8 none = {};
    values += __builtin_shuffle(none, values, ints8{ 0, 8, 9, 10, 11, 12, 13, 14 });
    values += __builtin_shuffle(none, values, ints8{ 0, 0, 8, 9, 10, 11, 12, 13 });
    values += __builtin_shuffle(none, values, ints8{ 0, 0, 0, 0, 8, 9, 10, 11 });
}

// Brings the steps of the windows that reach a row up to date from those that reach the one above.
DENOMAE_INLINE void next_row(const spread_job& job, int row)
{
    const int enters = row + job.half;
    const int leaves = row - job.half - 1;
    for (int x = 0; x < job.width; x += lanes) {
        floats8 sum = load(job.reaching + x);
        if (enters < job.height) {
            sum += load(job.steps + enters * job.steps_step + x);
        }
        if (leaves >= 0) {
            sum -= load(job.steps + leaves * job.steps_step + x);
        }
        store(job.reaching + x) = sum;
    }
}

DENOMAE_MULTIVERSION
void spread_over_image(const bump_weights& bump,
                       const profile_weights& profile,
                       const spread_job job)
{
    for (int row = -job.half; row < 0; ++row) {
        next_row(job, row);
    }
    for (int row = 0; row < job.height; ++row) {
        next_row(job, row);
        const float* bump_weight = bump.pixel[row % bump_factor];
        const float* bumps = job.bumps + row / bump_factor * job.bumps_step;
        for (int x = 0; x < job.bumps_width; x += lanes) {
            floats8 sum = {};
            for (int knot = 0; knot < bump_weights::of_a_pixel; ++knot) {
                sum += bump_weight[knot] * load(bumps + knot * job.bumps_step + x);
            }
            store(job.spread + x) = sum;
        }

        const float* across_weight = profile.pixel[row % profile_factor];
        const float* across = job.columns + row / profile_factor * job.columns_step;
        const float* along = job.rows + row * job.rows_step;
        const float* spread = job.spread;
        float* pixels = job.image + row * job.image_step;
        float reaching = 0.0f;
        for (int x = 0; x < job.width; x += lanes) {
            floats8 sums[3] = {}; // several, since each waits for its last term
            for (int knot = 0; knot < bump_weights::of_a_block; ++knot) {
                sums[0] += spread[knot] * load(bump.block[knot]);
            }
            for (int knot = 0; knot < profile_weights::of_a_block; ++knot) {
                sums[1] += along[knot] * load(profile.block[knot]);
            }
            for (int knot = 0; knot < profile_weights::of_a_pixel; ++knot) {
                sums[2] +=
                    across_weight[knot] * load(across + knot * job.columns_step + x);
            }
            floats8 steps = load(job.reaching + x);
            running_sum(steps);
            steps += reaching;
            reaching = steps[lanes - 1];
            store(pixels + x) = sums[0] + sums[1] + sums[2] + job.floor * steps;
            spread += bump_weights::step;
            along += profile_weights::step;
        }
    }
}

// Marks where the window of each sample begins and ends along the row of its middle.
void add_steps(const pixel_samples& samples, int half, canvas& to)
{
    for (std::size_t i = 0; i < samples.inside(); ++i) {
        float* row = to.at(samples.row()[i], 0);
        const int column = samples.column()[i];
        row[std::max(0, column - half)] += 1.0f;
        if (column + half + 1 < to.width()) {
            row[column + half + 1] -= 1.0f;
        }
    }
}

// Makes, of the profiles of all samples, coefficients in every row of `size` pixels.
void add_edges(const wide_kernel& kernel,
               const profile_job& job,
               int size,
               int coarse_size,
               wide_splat::scratch& work,
               canvas& to)
{
    const int whole = together * lanes;
    const int width = (coarse_size + whole - 1) / whole * whole;
    work.low.prepare(size, width, job.half);
    work.high.prepare(size, width, job.half);
    work.low.clear();
    work.high.clear();
    add_profiles(job, work.low.at(0, 0), work.high.at(0, 0), work.low.row_floats());
    to.prepare(size, width, 0);
    repeat_rows(work.low.at(0, 0),
                work.high.at(0, 0),
                work.low.row_floats(),
                size,
                width,
                kernel.strip().data(),
                static_cast<int>(kernel.strip().size()),
                kernel.half_size(),
                to.at(0, 0),
                to.row_floats());
}

} // namespace

wide_splat::wide_splat(double decay_px, int half_size_px)
    : d_kernel(std::make_shared<wide_kernel>(decay_px, half_size_px)),
      d_near(decay_px,
             d_kernel->near_half(),
             [kernel = d_kernel](int column, int row, double u, double v) {
                 return kernel->near(column, row, u, v);
             })
{
}

void wide_splat::draw(canvas& to,
                      const pixel_samples& samples,
                      float* values,
                      scratch& work) const
{
    static const bump_weights bump;
    static const profile_weights profile;
    const int height = to.height();
    const int width = to.width();

    const int bumps_width = knots(width, bump_factor);
    work.bumps.prepare(
        knots(height, bump_factor), bumps_width, d_kernel->bump().half_size());
    work.bumps.clear();
    add_windows(work.bumps, work.samples, d_kernel->bump(), knots_around);
    work.spread.resize(bumps_width + lanes);

    const int coarse_height = knots(height, profile_factor);
    profile_job job{
        samples.column(),         samples.column_phase(), samples.row(),
        samples.inside(),         d_kernel->profile(0),   d_kernel->profile_floats(),
        d_kernel->profile_half(), d_kernel->rate()
    };
    add_edges(*d_kernel, job, width, coarse_height, work, work.columns);
    const int turned_step = (width + lanes) / lanes * lanes;
    work.turned.resize(static_cast<std::size_t>(coarse_height) * turned_step);
    turn(work.columns.at(0, 0),
         work.columns.row_floats(),
         width,
         coarse_height,
         work.turned.data(),
         turned_step);
    job.pixels = samples.row();
    job.phases = samples.row_phase();
    job.along = samples.column();
    add_edges(*d_kernel, job, height, knots(width, profile_factor), work, work.rows);

    work.steps.prepare(height, width, 0);
    work.steps.clear();
    add_steps(samples, d_kernel->half_size(), work.steps);
    work.above.assign(width + lanes, 0.0f);

    spread_over_image(bump,
                      profile,
                      { work.bumps.at(0, 0),
                        work.bumps.row_floats(),
                        bumps_width,
                        work.rows.at(0, 0),
                        work.rows.row_floats(),
                        work.turned.data(),
                        turned_step,
                        height,
                        width,
                        to.at(0, 0),
                        to.row_floats(),
                        work.spread.data(),
                        work.steps.at(0, 0),
                        work.steps.row_floats(),
                        work.above.data(),
                        d_kernel->half_size(),
                        d_kernel->floor() });
    d_near.add(to, samples, values);
}

} // namespace kernel
} // namespace denomae
} // namespace gr
