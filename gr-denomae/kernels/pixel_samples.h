/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The samples of a frame in pixels, ordered by where in its pixel each of them lies.
 */
#ifndef INCLUDED_DENOMAE_KERNELS_PIXEL_SAMPLES_H
#define INCLUDED_DENOMAE_KERNELS_PIXEL_SAMPLES_H

#include <complex>
#include <cstddef>
#include <cstdint>
#include <gnuradio/denomae/kernels/constellation_raster.h>
#include <vector>

namespace gr {
namespace denomae {
namespace kernel {

/*!
 * \brief Samples in pixel units: the pixel that contains each, and its phase within it.
 *
 * Those inside the image are in such an order that those in one cell of 1, 2, 4, 8 or 16
 * phase_cells follow each other: that part of a table is fetched once and stays in the fastest
 * cache.
 */
class pixel_samples
{
public:
    /*!
     * Takes the samples that are finite and within `reach` pixels of the image.
     *
     * \param samples [length]
     */
    void place(const raster_spec& spec,
               int reach,
               const std::complex<float>* samples,
               std::size_t length);

    //! Takes those inside the image of `fine`, in pixels that are `factor` times as large.
    void coarsen(const pixel_samples& fine, int factor);

    std::size_t size() const { return d_count; }
    //! So many of them, the first ones, lie in the image.
    std::size_t inside() const { return d_inside; }
    //! Column and row of the pixel.
    const std::int32_t* column() const { return d_column.data(); }
    const std::int32_t* row() const { return d_row.data(); }
    //! Phases in [0, 1].
    const float* column_phase() const { return d_column_phase.data(); }
    const float* row_phase() const { return d_row_phase.data(); }

private:
    struct placed {
        std::int32_t column;
        std::int32_t row;
        float column_phase;
        float row_phase;
    };

    void resize(std::size_t length);
    void sort();

    std::size_t d_count = 0;
    std::size_t d_inside = 0;
    std::vector<placed> d_placed;
    std::vector<std::uint16_t> d_bucket;
    std::vector<std::int32_t> d_column;
    std::vector<std::int32_t> d_row;
    std::vector<float> d_column_phase;
    std::vector<float> d_row_phase;
};

} // namespace kernel
} // namespace denomae
} // namespace gr

#endif
