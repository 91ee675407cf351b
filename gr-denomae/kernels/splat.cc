/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "splat.h"
#include "multiversion.h"
#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace gr {
namespace denomae {
namespace kernel {

namespace {

// Vectors at any address; the compiler maps them to what the processor has.
typedef float floats4 __attribute__((vector_size(16), aligned(4), may_alias));
typedef float floats8 __attribute__((vector_size(32), aligned(4), may_alias));

// Samples, a table and a canvas in plain numbers, which loops take by value: for all that a
// compiler knows, a pixel that is written could be a member of an object.
struct splat_job {
    const std::int32_t* columns;
    const std::int32_t* rows;
    const float* column_phases;
    const float* row_phases;
    std::size_t count;
    phase_cells cells;
    const float* table;
    int half;
    int row_floats;
    float* image;
    int height;
    int image_step;
    int border; // rows and columns of the image before the samples' first ones
};

splat_job job_of(canvas& to,
                 const pixel_samples& samples,
                 const phase_table& table,
                 int border)
{
    return { samples.column(),
             samples.row(),
             samples.column_phase(),
             samples.row_phase(),
             samples.inside(),
             table.cells(),
             table.windows(),
             table.half_size(),
             table.row_floats(),
             to.at(0, 0),
             to.height(),
             static_cast<int>(to.row_floats()),
             border };
}

// Where the windows of some samples begin, and how far each phase is from its cell's middle.
struct aimed_windows {
    static constexpr std::size_t most = 64;
    std::int32_t to[most];
    std::int32_t from[most];
    std::int32_t rows[most]; // of the window that lie in the image
    float column_distance[most];
    float row_distance[most];
};

DENOMAE_INLINE void aim(const splat_job& job,
                        std::size_t begin,
                        std::size_t count,
                        aimed_windows& aimed)
{
    const int side = 2 * job.half + 1;
    const int row_floats = 3 * job.row_floats;
    for (std::size_t i = 0; i < count; ++i) {
        const float u = job.column_phases[begin + i];
        const float v = job.row_phases[begin + i];
        const int column_cell = job.cells.index(u);
        const int row_cell = job.cells.index(v);
        const int first = job.rows[begin + i] + job.border - job.half;
        const int top = std::max(0, first);
        const int cell = row_cell * job.cells.count + column_cell;
        aimed.column_distance[i] = job.cells.distance(u, column_cell);
        aimed.row_distance[i] = job.cells.distance(v, row_cell);
        aimed.rows[i] = std::min(job.height, first + side) - top;
        aimed.from[i] = (cell * side + top - first) * row_floats;
        aimed.to[i] =
            top * job.image_step + job.columns[begin + i] + job.border - job.half;
    }
}

// Adds the windows of some samples in the same cell and with as many rows, from the `first` on:
// what is read of the table serves all of them. Width is that of its rows, or 0 for any multiple
// of 8.
template <int Width, int Samples>
DENOMAE_INLINE void add_together(const splat_job& job,
                                 const aimed_windows& aimed,
                                 std::size_t first)
{
    const int width = Width > 0 ? Width : job.row_floats;
    const float* row = job.table + aimed.from[first];
    float* pixels[Samples];
    float du[Samples], dv[Samples];
    for (int i = 0; i < Samples; ++i) {
        pixels[i] = job.image + aimed.to[first + i];
        du[i] = aimed.column_distance[first + i];
        dv[i] = aimed.row_distance[first + i];
    }
    for (int left = aimed.rows[first]; left > 0; --left) {
        for (int x = 0; x < width; x += 8) {
            const floats8 value = *reinterpret_cast<const floats8*>(row + x);
            const floats8 along = *reinterpret_cast<const floats8*>(row + width + x);
            const floats8 across = *reinterpret_cast<const floats8*>(row + 2 * width + x);
            for (int i = 0; i < Samples; ++i) {
                *reinterpret_cast<floats8*>(pixels[i] + x) +=
                    value + du[i] * along + dv[i] * across;
            }
        }
        for (int i = 0; i < Samples; ++i) {
            pixels[i] += job.image_step;
        }
        row += 3 * width;
    }
}

// Samples go in pairs where they can. Four would be faster still where they are far apart; but
// where they are close, each waits for what the one before wrote.
template <int Width>
DENOMAE_INLINE void add_all(const splat_job job)
{
    aimed_windows aimed;
    for (std::size_t begin = 0; begin < job.count; begin += aimed_windows::most) {
        const std::size_t count = std::min(job.count - begin, aimed_windows::most);
        aim(job, begin, count, aimed);
        for (std::size_t i = 0; i < count;) {
            if (i + 1 < count && aimed.from[i] == aimed.from[i + 1] &&
                aimed.rows[i] == aimed.rows[i + 1]) {
                add_together<Width, 2>(job, aimed, i);
                i += 2;
            } else {
                add_together<Width, 1>(job, aimed, i);
                i += 1;
            }
        }
    }
}

DENOMAE_MULTIVERSION
void add_rows_of_8(const splat_job job) { add_all<8>(job); }

DENOMAE_MULTIVERSION
void add_rows_of_16(const splat_job job) { add_all<16>(job); }

DENOMAE_MULTIVERSION
void add_rows_of_24(const splat_job job) { add_all<24>(job); }

DENOMAE_MULTIVERSION
void add_rows_of_32(const splat_job job) { add_all<32>(job); }

DENOMAE_MULTIVERSION
void add_longer_rows(const splat_job job) { add_all<0>(job); }

// Windows in the first and the last row of the image pass it by one row; the canvas has that.
DENOMAE_INLINE void aim_inner(const splat_job& job,
                              std::size_t begin,
                              std::size_t count,
                              aimed_windows& aimed)
{
    constexpr int window_floats = 3 * 3 * 4; // rows; value and slopes; pixels
    for (std::size_t i = 0; i < count; ++i) {
        const float u = job.column_phases[begin + i];
        const float v = job.row_phases[begin + i];
        const int column_cell = job.cells.index(u);
        const int row_cell = job.cells.index(v);
        aimed.column_distance[i] = job.cells.distance(u, column_cell);
        aimed.row_distance[i] = job.cells.distance(v, row_cell);
        aimed.from[i] = (row_cell * job.cells.count + column_cell) * window_floats;
        aimed.to[i] =
            (job.rows[begin + i] - 1) * job.image_step + job.columns[begin + i] - 1;
    }
}

DENOMAE_INLINE void add_four(
    float* to, const float* row, float du, float dv, const floats4& more)
{
    const floats4* part = reinterpret_cast<const floats4*>(row);
    *reinterpret_cast<floats4*>(to) += part[0] + du * part[1] + dv * part[2] + more;
}

DENOMAE_MULTIVERSION
void add_inner_rows(const splat_job job, const float* middles)
{
    aimed_windows aimed;
    for (std::size_t begin = 0; begin < job.count; begin += aimed_windows::most) {
        const std::size_t count = std::min(job.count - begin, aimed_windows::most);
        aim_inner(job, begin, count, aimed);
        for (std::size_t i = 0; i < count; ++i) {
            const float* row = job.table + aimed.from[i];
            float* pixel = job.image + aimed.to[i];
            const float du = aimed.column_distance[i];
            const float dv = aimed.row_distance[i];
            const floats4 none = {};
            const floats4 middle = { 0.0f, middles[begin + i], 0.0f, 0.0f };
            add_four(pixel, row, du, dv, none);
            add_four(pixel + job.image_step, row + 12, du, dv, middle);
            add_four(pixel + 2 * job.image_step, row + 24, du, dv, none);
        }
    }
}

} // namespace

void add_windows(canvas& to,
                 const pixel_samples& samples,
                 const phase_table& table,
                 int border)
{
    const splat_job job = job_of(to, samples, table, border);
    switch (table.row_floats()) {
    case 8:
        return add_rows_of_8(job);
    case 16:
        return add_rows_of_16(job);
    case 24:
        return add_rows_of_24(job);
    case 32:
        return add_rows_of_32(job);
    default:
        return add_longer_rows(job);
    }
}

void add_inner(canvas& to,
               const pixel_samples& samples,
               const phase_table& table,
               const float* middles)
{
    add_inner_rows(job_of(to, samples, table, 0), middles);
}

} // namespace kernel
} // namespace denomae
} // namespace gr
