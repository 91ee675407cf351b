/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Draws the constellation image of a frame.
 */
#ifndef INCLUDED_DENOMAE_KERNELS_CONSTELLATION_RASTER_H
#define INCLUDED_DENOMAE_KERNELS_CONSTELLATION_RASTER_H

#include <complex>
#include <cstddef>
#include <memory>
#include <vector>

namespace gr {
namespace denomae {
namespace kernel {

//! What is drawn. Two specs that compare equal draw the same image.
struct raster_spec {
    int height = 0;                //!< pixels, 1 .. 8192
    int width = 0;                 //!< pixels, 1 .. 8192
    double extent = 0;             //!< the image spans [-extent, extent] along I and Q
    std::vector<double> decay_px;  //!< one decay length a channel, pixels, > 0
    std::vector<int> half_size_px; //!< one half-size of the window a channel, 0 .. 1024

    bool operator==(const raster_spec& other) const;

    std::size_t channels() const { return decay_px.size(); }
    std::size_t image_size() const { return channels() * height * width; }
    //! Side of a pixel in units of the samples.
    double pixel_width() const { return 2.0 * extent / width; }
    double pixel_height() const { return 2.0 * extent / height; }
};

/*!
 * \brief Constellation image: every sample adds an exponential of its distance.
 *
 * I runs along x and Q upward along y: pixel (row i, column j) has its centre at
 * I = -extent + (j + 0.5) * pixel_width and Q = extent - (i + 0.5) * pixel_height. A sample is
 * contained in column floor((I + extent) / pixel_width) and row
 * floor((extent - Q) / pixel_height), computed in double. In each channel it adds
 * exp(-d / decay) to the (2 * half_size + 1)^2 pixels around the one that contains it, d being
 * the distance in pixels from the sample to the pixel's centre; what falls outside the image is
 * cut off, also when the sample itself lies outside. Each channel is then divided by its
 * maximum; one that is all zero stays so. Samples with a NaN or an infinity add nothing.
 *
 * An object draws the same whatever it drew before; any number of threads may draw with it at a
 * time.
 */
class constellation_raster
{
public:
    //! \throws std::invalid_argument naming the field, what was found and what was wanted
    explicit constellation_raster(const raster_spec& spec);

    const raster_spec& spec() const { return d_spec; }

    /*!
     * Draws `frames` images of `length` samples each, from tables: every pixel within 1/255
     * of draw_exactly().
     *
     * \param samples [frames, length]
     * \param images  [frames, channels, height, width], overwritten
     * \param threads at most so many threads share the frames (>= 1)
     */
    void draw(const std::complex<float>* samples,
              std::size_t frames,
              std::size_t length,
              float* images,
              unsigned threads = 1) const;

    //! Draws one image by the definition in double; slow, made for tests.
    void draw_exactly(const std::complex<float>* samples,
                      std::size_t length,
                      float* image) const;

private:
    struct channel;
    struct scratch;
    class scratch_pool;
    void draw_one(const std::complex<float>* samples,
                  std::size_t length,
                  float* image,
                  scratch& work) const;

    raster_spec d_spec;
    std::shared_ptr<const std::vector<channel>> d_channels;
    std::shared_ptr<scratch_pool>
        d_pool; // memory that threads draw in, kept between calls
};

} // namespace kernel
} // namespace denomae
} // namespace gr

#endif
