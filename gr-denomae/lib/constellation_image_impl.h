/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_DENOMAE_CONSTELLATION_IMAGE_IMPL_H
#define INCLUDED_DENOMAE_CONSTELLATION_IMAGE_IMPL_H

#include <atomic>
#include <gnuradio/denomae/constellation_image.h>
#include <gnuradio/denomae/kernels/constellation_bytes.h>
#include <gnuradio/denomae/kernels/frame_picker.h>
#include <mutex>

namespace gr {
namespace denomae {

class constellation_image_impl : public constellation_image
{
public:
    constellation_image_impl(std::int64_t frame_length,
                             std::int64_t hop,
                             const kernel::raster_spec& spec,
                             double images_per_second);

    void set_images_per_second(double images_per_second) override;
    double images_per_second() const override { return d_images_per_second; }
    image_counters counters() const override;
    drawn_image latest(std::uint64_t after) const override;

    bool start() override;
    void forecast(int noutput_items, gr_vector_int& required) override;
    int general_work(int noutput_items,
                     gr_vector_int& ninput_items,
                     gr_vector_const_void_star& input_items,
                     gr_vector_void_star& output_items) override;

private:
    bool draw(std::uint8_t* bytes);

    // Of the flowgraph's thread alone.
    kernel::constellation_bytes d_bytes;
    kernel::frame_picker d_picker;
    bool d_begun = false;

    std::atomic<double> d_images_per_second;
    mutable std::mutex d_mutex; // of the two below; never held while drawing
    image_counters d_counters;
    std::vector<std::uint8_t> d_latest;
};

} // namespace denomae
} // namespace gr

#endif
