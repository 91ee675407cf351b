/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Draws the constellation image of a frame as bytes.
 */
#ifndef INCLUDED_DENOMAE_KERNELS_CONSTELLATION_BYTES_H
#define INCLUDED_DENOMAE_KERNELS_CONSTELLATION_BYTES_H

#include <complex>
#include <cstddef>
#include <cstdint>
#include <gnuradio/denomae/kernels/constellation_raster.h>
#include <vector>

namespace gr {
namespace denomae {
namespace kernel {

//! What became of a frame that was to be drawn.
enum class frame_content {
    signal,  //!< drawn
    zeros,   //!< nothing but zeros: not drawn
    invalid, //!< with a NaN or an infinity: not drawn
};

/*!
 * \brief constellation_raster, of a frame scaled to unit mean power, as bytes [H, W, C].
 *
 * A byte is round(255 * v) of the raster's v; the channels of a pixel are neighbours. Row 0 is the
 * top, where Q is largest; column 0 the left, where I is smallest. One thread at a time.
 */
class constellation_bytes
{
public:
    //! \throws std::invalid_argument as constellation_raster
    explicit constellation_bytes(const raster_spec& spec);

    const raster_spec& spec() const { return d_raster.spec(); }
    std::size_t size() const { return spec().image_size(); }

    /*!
     * \param frame  [length], of any power
     * \param bytes  [size()], overwritten where the answer is `signal`
     */
    frame_content draw(const std::complex<float>* frame,
                       std::size_t length,
                       std::uint8_t* bytes);

private:
    constellation_raster d_raster;
    std::vector<std::complex<float>> d_scaled;
    std::vector<float> d_image;
};

} // namespace kernel
} // namespace denomae
} // namespace gr

#endif
