/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pixel_samples.h"
#include "multiversion.h"
#include <algorithm>
#include <array>
#include <cmath>

namespace gr {
namespace denomae {
namespace kernel {

namespace {

constexpr int cells = 16; // along each axis
constexpr std::size_t buckets = cells * cells;
constexpr int outside = buckets;
constexpr int dropped = buckets + 1;

// The bits of a cell's number, with room between them for those of the other axis.
DENOMAE_INLINE int spread(int cell)
{
    return (cell & 1) | (cell & 2) << 1 | (cell & 4) << 2 | (cell & 8) << 3;
}

DENOMAE_INLINE int cell_of(float phase)
{
    return std::min(static_cast<int>(phase * cells), cells - 1);
}

DENOMAE_INLINE int bucket_of(float column_phase, float row_phase)
{
    return spread(cell_of(column_phase)) | spread(cell_of(row_phase)) << 1;
}

constexpr std::size_t most_at_once = 64;

struct axis {
    double sign; // +1 where the axis runs along the samples, -1 against them
    double extent;
    double pixel_side;
    double pixels;
    double reach;
};

struct positions {
    std::int32_t pixel[most_at_once];
    float phase[most_at_once];
};

/*
 * Pixel and phase along one axis, in double as the definition says. A position that is more than
 * `reach` outside, or not a number, gets a pixel that is just that too.
 */
DENOMAE_INLINE void locate(const axis& on,
                           const float* samples,
                           std::size_t count,
                           positions& found)
{
    const double lowest = -on.reach - 1.0;
    const double highest = on.pixels + on.reach;
    for (std::size_t i = 0; i < count; ++i) {
        double position = (on.sign * samples[2 * i] + on.extent) / on.pixel_side;
        position = position >= lowest ? position : lowest;
        position = position <= highest ? position : highest;
        // The floor, for processors that have no instruction for it.
        double pixel = static_cast<double>(static_cast<std::int32_t>(position));
        pixel = pixel > position ? pixel - 1.0 : pixel;
        found.pixel[i] = static_cast<std::int32_t>(pixel);
        found.phase[i] = static_cast<float>(position - pixel);
    }
}

DENOMAE_MULTIVERSION
void locate_and_sort(const axis& horizontal,
                     const axis& vertical,
                     const float* samples,
                     std::size_t count,
                     positions& columns,
                     positions& rows,
                     std::uint16_t* bucket)
{
    positions x, y;
    std::int32_t buckets[most_at_once];
    locate(horizontal, samples, count, x);
    locate(vertical, samples + 1, count, y);
    const auto reach = static_cast<std::int32_t>(horizontal.reach);
    const auto width = static_cast<std::int32_t>(horizontal.pixels);
    const auto height = static_cast<std::int32_t>(vertical.pixels);
    for (std::size_t i = 0; i < count; ++i) {
        int to = bucket_of(x.phase[i], y.phase[i]);
        to = x.pixel[i] < 0 ? outside : to;
        to = y.pixel[i] < 0 ? outside : to;
        to = x.pixel[i] >= width ? outside : to;
        to = y.pixel[i] >= height ? outside : to;
        to = x.pixel[i] < -reach ? dropped : to;
        to = y.pixel[i] < -reach ? dropped : to;
        to = x.pixel[i] >= width + reach ? dropped : to;
        to = y.pixel[i] >= height + reach ? dropped : to;
        buckets[i] = to;
    }
    for (std::size_t i = 0; i < count; ++i) {
        bucket[i] = static_cast<std::uint16_t>(buckets[i]);
    }
    columns = x;
    rows = y;
}

} // namespace

void pixel_samples::place(const raster_spec& spec,
                          int reach,
                          const std::complex<float>* samples,
                          std::size_t length)
{
    resize(length);
    const axis horizontal{ +1.0,
                           spec.extent,
                           spec.pixel_width(),
                           static_cast<double>(spec.width),
                           static_cast<double>(reach) };
    const axis vertical{ -1.0,
                         spec.extent,
                         spec.pixel_height(),
                         static_cast<double>(spec.height),
                         static_cast<double>(reach) };
    positions x, y;
    const float* from = reinterpret_cast<const float*>(samples);
    for (std::size_t begin = 0; begin < length; begin += most_at_once) {
        const std::size_t count = std::min(length - begin, most_at_once);
        locate_and_sort(
            horizontal, vertical, from + 2 * begin, count, x, y, d_bucket.data() + begin);
        for (std::size_t i = 0; i < count; ++i) {
            d_placed[begin + i] = { x.pixel[i], y.pixel[i], x.phase[i], y.phase[i] };
        }
    }
    sort();
}

void pixel_samples::coarsen(const pixel_samples& fine, int factor)
{
    resize(fine.inside());
    const float scale = 1.0f / static_cast<float>(factor);
    for (std::size_t i = 0; i < fine.inside(); ++i) {
        const int column = fine.d_column[i] / factor;
        const int row = fine.d_row[i] / factor;
        const int in_column = fine.d_column[i] - column * factor;
        const int in_row = fine.d_row[i] - row * factor;
        const float u = (static_cast<float>(in_column) + fine.d_column_phase[i]) * scale;
        const float v = (static_cast<float>(in_row) + fine.d_row_phase[i]) * scale;
        d_placed[i] = { column, row, u, v };
        d_bucket[i] = static_cast<std::uint16_t>(bucket_of(u, v));
    }
    sort();
}

void pixel_samples::resize(std::size_t length)
{
    d_placed.resize(length);
    d_bucket.resize(length);
    d_column.resize(length);
    d_row.resize(length);
    d_column_phase.resize(length);
    d_row_phase.resize(length);
}

void pixel_samples::sort()
{
    std::array<std::size_t, buckets + 2> next{};
    for (const std::uint16_t bucket : d_bucket) {
        ++next[bucket];
    }
    std::size_t before = 0;
    for (auto& count : next) {
        const std::size_t here = count;
        count = before;
        before += here;
    }
    d_inside = next[outside];
    d_count = next[dropped];
    for (std::size_t i = 0; i < d_placed.size(); ++i) {
        const std::size_t to = next[d_bucket[i]]++;
        d_column[to] = d_placed[i].column;
        d_row[to] = d_placed[i].row;
        d_column_phase[to] = d_placed[i].column_phase;
        d_row_phase[to] = d_placed[i].row_phase;
    }
}

} // namespace kernel
} // namespace denomae
} // namespace gr
