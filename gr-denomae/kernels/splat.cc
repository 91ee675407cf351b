/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "splat.h"
#include "multiversion.h"
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace gr {
namespace denomae {
namespace kernel {

namespace {

constexpr std::size_t cached_table_bytes = 512 * 1024;

// Eight floats at any address; the compiler maps them to what the target has.
typedef float floats8 __attribute__((vector_size(32), aligned(4), may_alias));

// target_clones reaches what is inlined, and nothing else.
#define DENOMAE_INLINE inline __attribute__((always_inline))

template <int Blocks>
DENOMAE_INLINE void add_rows(float* to,
                             std::ptrdiff_t to_step,
                             const float* rows,
                             int count,
                             int blocks,
                             float du,
                             float dv)
{
    const int steps = Blocks > 0 ? Blocks : blocks;
    const std::ptrdiff_t stride = steps * phase_table::row_step;
    const floats8 column_distance = { du, du, du, du, du, du, du, du };
    const floats8 row_distance = { dv, dv, dv, dv, dv, dv, dv, dv };
    for (int row = 0; row < count; ++row) {
        for (int step = 0; step < steps; ++step) {
            floats8* pixel = reinterpret_cast<floats8*>(to) + step;
            const floats8 value = reinterpret_cast<const floats8*>(rows)[step];
            const floats8 along = reinterpret_cast<const floats8*>(rows + stride)[step];
            const floats8 across =
                reinterpret_cast<const floats8*>(rows + 2 * stride)[step];
            *pixel += value + column_distance * along + row_distance * across;
        }
        to += to_step;
        rows += 3 * stride;
    }
}

// For the rare sample that lies outside the image while its window reaches in.
void add_clipped(canvas& to,
                 int first_row,
                 int first_column,
                 const float* rows,
                 const phase_table& table,
                 float du,
                 float dv)
{
    const int side = 2 * table.half_size() + 1;
    const int stride = table.stride();
    for (int row = std::max(0, -first_row); row < std::min(side, to.height - first_row);
         ++row) {
        const float* value = rows + static_cast<std::ptrdiff_t>(row) * 3 * stride;
        float* pixel = to.at(first_row + row, 0);
        for (int k = std::max(0, -first_column);
             k < std::min(side, to.width - first_column);
             ++k) {
            pixel[first_column + k] +=
                value[k] + du * value[k + stride] + dv * value[k + 2 * stride];
        }
    }
}

// exp(x) for x <= 0, to 1e-7 of its value; branch-free so that loops over it vectorise.
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

DENOMAE_MULTIVERSION
void near_values(const float* column_phase,
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

// What to add for one sample: resolved before the hot loop.
struct window_job {
    float* to;
    const float* rows;
    int count;
    float du;
    float dv;
};

DENOMAE_MULTIVERSION
void add_windows(const window_job* jobs,
                 std::size_t count,
                 std::ptrdiff_t to_step,
                 int blocks)
{
    for (std::size_t i = 0; i < count; ++i) {
        const window_job& job = jobs[i];
        switch (blocks) {
        case 1:
            add_rows<1>(job.to, to_step, job.rows, job.count, blocks, job.du, job.dv);
            break;
        case 2:
            add_rows<2>(job.to, to_step, job.rows, job.count, blocks, job.du, job.dv);
            break;
        case 3:
            add_rows<3>(job.to, to_step, job.rows, job.count, blocks, job.du, job.dv);
            break;
        default:
            add_rows<0>(job.to, to_step, job.rows, job.count, blocks, job.du, job.dv);
        }
    }
}

DENOMAE_MULTIVERSION
float largest(const float* values, int count, float so_far)
{
    for (int i = 0; i < count; ++i) {
        so_far = values[i] > so_far ? values[i] : so_far;
    }
    return so_far;
}

} // namespace

void pixel_samples::clear()
{
    column.clear();
    row.clear();
    column_phase.clear();
    row_phase.clear();
}

void pixel_samples::reserve(std::size_t count)
{
    column.reserve(count);
    row.reserve(count);
    column_phase.reserve(count);
    row_phase.reserve(count);
}

void canvas::prepare(int new_height, int new_width, const phase_table& table)
{
    height = new_height;
    width = new_width;
    margin = std::max(table.half_size(), rows_around + 1);
    row_floats = margin + width + margin + phase_table::row_step;
    pixels.assign(static_cast<std::size_t>(height + 2 * rows_around) * row_floats, 0.0f);
}

void splat_windows(canvas& to, const pixel_samples& samples, const phase_table& table)
{
    const int half = table.half_size();
    const int side = 2 * half + 1;
    if (half <= phase_table::near_half) {
        return; // the table holds nothing
    }
    std::vector<window_job> jobs;
    jobs.reserve(samples.size());
    for (std::size_t i = 0; i < samples.size(); ++i) {
        float du, dv;
        const int column_cell = table.cell(samples.column_phase[i], du);
        const int row_cell = table.cell(samples.row_phase[i], dv);
        const float* rows = table.window(column_cell, row_cell);
        const int column = samples.column[i];
        const int first_row = samples.row[i] - half;
        if (column < 0 || column >= to.width) {
            add_clipped(to, first_row, column - half, rows, table, du, dv);
            continue;
        }
        const int top = std::max(0, -first_row);
        const int bottom = std::min(side, to.height - first_row);
        if (top < bottom) {
            jobs.push_back({ to.at(first_row + top, column - half),
                             rows + static_cast<std::ptrdiff_t>(top) * 3 * table.stride(),
                             bottom - top,
                             du,
                             dv });
        }
    }
    // A table larger than the cache is read in order, each part once.
    if (table.bytes() > cached_table_bytes)
        std::sort(jobs.begin(), jobs.end(), [](const window_job& a, const window_job& b) {
            return a.rows < b.rows;
        });
    add_windows(
        jobs.data(), jobs.size(), to.row_floats, table.stride() / phase_table::row_step);
}

void splat_near(canvas& to, const pixel_samples& samples, const phase_table& table)
{
    const int near = std::min(phase_table::near_half, table.half_size());
    const float rate = static_cast<float>(1.0 / table.decay_px());
    // Samples too far out for their inner pixels to reach the image go to the margin, where
    // nobody looks.
    const std::ptrdiff_t nowhere = to.index(0, -phase_table::near_half - 1);
    std::vector<std::ptrdiff_t> centres(samples.size());
    for (std::size_t i = 0; i < samples.size(); ++i) {
        const int row = samples.row[i];
        const int column = samples.column[i];
        const bool reaches = row >= -near && row < to.height + near && column >= -near &&
                             column < to.width + near;
        centres[i] = reaches ? to.index(row, column) : nowhere;
    }

    std::vector<float> values(samples.size());
    for (int dy = -near; dy <= near; ++dy) {
        for (int dx = -near; dx <= near; ++dx) {
            near_values(samples.column_phase.data(),
                        samples.row_phase.data(),
                        samples.size(),
                        static_cast<float>(dx) + 0.5f,
                        static_cast<float>(dy) + 0.5f,
                        rate,
                        values.data());
            float* shifted =
                to.pixels.data() + static_cast<std::ptrdiff_t>(dy) * to.row_floats + dx;
            for (std::size_t i = 0; i < samples.size(); ++i) {
                shifted[centres[i]] += values[i];
            }
        }
    }
}

void finish_channel(const canvas& from, float* image)
{
    float peak = 0.0f;
    for (int row = 0; row < from.height; ++row) {
        peak = largest(from.at(row, 0), from.width, peak);
    }
    const float scale = peak > 0.0f ? 1.0f / peak : 0.0f;
    for (int row = 0; row < from.height; ++row) {
        const float* pixels = from.at(row, 0);
        for (int column = 0; column < from.width; ++column) {
            image[column] = pixels[column] * scale;
        }
        image += from.width;
    }
}

} // namespace kernel
} // namespace denomae
} // namespace gr
