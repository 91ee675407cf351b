/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Draws constellation images of a stream.
 */
#ifndef INCLUDED_DENOMAE_CONSTELLATION_IMAGE_H
#define INCLUDED_DENOMAE_CONSTELLATION_IMAGE_H

#include <cstdint>
#include <gnuradio/block.h>
#include <gnuradio/denomae/api.h>
#include <memory>
#include <vector>

namespace gr {
namespace denomae {

//! What became of the frames that were looked at since start().
struct image_counters {
    std::uint64_t images = 0;  //!< drawn
    std::uint64_t invalid = 0; //!< not drawn: a NaN or an infinity
    std::uint64_t zeros = 0;   //!< not drawn: nothing but zeros
};

//! An image and how many had been drawn with it; 0: there is none yet.
struct drawn_image {
    std::uint64_t number = 0;
    std::vector<std::uint8_t> bytes; //!< [height, width, 3], or empty
};

/*!
 * \brief Draws the constellation image of frames, as the model sees it.
 * \ingroup denomae
 *
 * Input: complex samples; each frame is scaled to unit mean power. Output: byte vectors of
 * height * width * 3, row-major, the three channels of a pixel (one for each decay length) beside
 * each other. I runs to the right and Q upward: row 0 is the largest Q, column 0 the smallest I.
 *
 * Every item has a tag `sample_offset` (uint64) with the offset of its frame's first sample in the
 * input stream. Frames with a NaN or an infinity, and frames of nothing but zeros, are counted and
 * not drawn. With a limit on images per second of wall time the samples between two of them are
 * passed over unread.
 *
 * set_images_per_second(), images_per_second(), counters() and latest() may be called from any
 * thread, also while the flowgraph runs.
 */
class DENOMAE_API constellation_image : virtual public gr::block
{
public:
    using sptr = std::shared_ptr<constellation_image>;

    /*!
     * \param frame_length  samples a frame, >= 1
     * \param hop           samples from a frame's start to the next, >= 1; 0: frame_length
     * \param height        pixels, 1 .. 8192
     * \param width         pixels, 1 .. 8192
     * \param extent        I and Q at the edge, in units of the frame's root-mean-square
     *                      amplitude, > 0
     * \param decay_px      three decay lengths, pixels, >= 0.05
     * \param half_size_px  half-size of the square that a sample touches, three, 0 .. 1024 pixels
     * \param images_per_second  of wall time, at most, >= 0; 0: every frame
     * \throws std::invalid_argument naming the parameter, its value and its range
     */
    static sptr make(std::int64_t frame_length = 1024,
                     std::int64_t hop = 0,
                     int height = 64,
                     int width = 64,
                     double extent = 2.5,
                     const std::vector<double>& decay_px = { 0.75, 1.5, 3.0 },
                     const std::vector<int>& half_size_px = { 3, 6, 10 },
                     double images_per_second = 0.0);

    virtual void set_images_per_second(double images_per_second) = 0;
    virtual double images_per_second() const = 0;

    virtual image_counters counters() const = 0;

    //! The image drawn last, if its number is above `after`; for displays, which miss some.
    virtual drawn_image latest(std::uint64_t after) const = 0;
};

} // namespace denomae
} // namespace gr

#endif
