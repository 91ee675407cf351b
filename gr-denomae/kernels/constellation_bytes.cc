/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <cmath>
#include <gnuradio/denomae/kernels/constellation_bytes.h>
#include <gnuradio/denomae/kernels/power_gate.h>

namespace gr {
namespace denomae {
namespace kernel {

constellation_bytes::constellation_bytes(const raster_spec& spec)
    : d_raster(spec), d_image(spec.image_size())
{
}

frame_content constellation_bytes::draw(const std::complex<float>* frame,
                                        std::size_t length,
                                        std::uint8_t* bytes)
{
    const double energy = sum_of_squares(frame, length); // finite if all samples are
    if (!std::isfinite(energy)) {
        return frame_content::invalid;
    }
    if (energy == 0.0) {
        return frame_content::zeros;
    }
    const double scale = std::sqrt(static_cast<double>(length)) / std::sqrt(energy);
    d_scaled.resize(length);
    for (std::size_t i = 0; i < length; ++i) {
        d_scaled[i] = { static_cast<float>(frame[i].real() * scale),
                        static_cast<float>(frame[i].imag() * scale) };
    }
    d_raster.draw(d_scaled.data(), 1, length, d_image.data());
    const std::size_t channels = spec().channels();
    const std::size_t pixels = d_image.size() / channels;
    for (std::size_t channel = 0; channel < channels; ++channel) {
        const float* from = d_image.data() + channel * pixels;
        for (std::size_t i = 0; i < pixels; ++i) {
            bytes[i * channels + channel] =
                static_cast<std::uint8_t>(std::nearbyint(255.0f * from[i]));
        }
    }
    return frame_content::signal;
}

} // namespace kernel
} // namespace denomae
} // namespace gr
