/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "constellation_image_impl.h"
#include <algorithm>
#include <chrono>
#include <cmath>
#include <gnuradio/io_signature.h>
#include <stdexcept>
#include <string>

namespace gr {
namespace denomae {

namespace {

using clock = kernel::frame_picker::clock;

const pmt::pmt_t& offset_key()
{
    static const pmt::pmt_t key = pmt::mp("sample_offset");
    return key;
}

std::int64_t at_least(const char* name,
                      std::int64_t value,
                      std::int64_t least,
                      const char* wanted)
{
    if (value < least) {
        throw std::invalid_argument(std::string(name) + " is " + std::to_string(value) +
                                    ", wanted " + wanted);
    }
    return value;
}

double valid_limit(double images_per_second)
{
    if (!std::isfinite(images_per_second) || images_per_second < 0.0) {
        throw std::invalid_argument("images_per_second is " +
                                    std::to_string(images_per_second) +
                                    ", wanted a finite number of at least 0");
    }
    return images_per_second;
}

clock::duration interval(double images_per_second)
{
    constexpr double longest_s = 1e6;
    const std::chrono::duration<double> apart(
        images_per_second > 0.0 ? std::min(1.0 / images_per_second, longest_s) : 0.0);
    return std::chrono::duration_cast<clock::duration>(apart);
}

const std::vector<double>& three(const std::vector<double>& decay_px)
{
    if (decay_px.size() != 3) {
        throw std::invalid_argument("the number of decay_px is " +
                                    std::to_string(decay_px.size()) +
                                    ", wanted 3, one for each byte of a pixel");
    }
    return decay_px;
}

} // namespace

constellation_image::sptr constellation_image::make(std::int64_t frame_length,
                                                    std::int64_t hop,
                                                    int height,
                                                    int width,
                                                    double extent,
                                                    const std::vector<double>& decay_px,
                                                    const std::vector<int>& half_size_px,
                                                    double images_per_second)
{
    at_least("frame_length", frame_length, 1, "at least 1 sample");
    at_least("hop", hop, 0, "at least 1 sample, or 0 for the frame's length");
    const kernel::raster_spec spec{
        height, width, extent, three(decay_px), half_size_px
    };
    return gnuradio::make_block_sptr<constellation_image_impl>(
        frame_length, hop > 0 ? hop : frame_length, spec, valid_limit(images_per_second));
}

constellation_image_impl::constellation_image_impl(std::int64_t frame_length,
                                                   std::int64_t hop,
                                                   const kernel::raster_spec& spec,
                                                   double images_per_second)
    : gr::block("constellation_image",
                gr::io_signature::make(1, 1, sizeof(gr_complex)),
                gr::io_signature::make(1, 1, 1)),
      d_bytes(spec),
      d_picker(frame_length, hop),
      d_images_per_second(images_per_second)
{
    set_output_signature(gr::io_signature::make(1, 1, static_cast<int>(d_bytes.size())));
    set_tag_propagation_policy(
        TPP_DONT); // an image has no sample that theirs would fall on
}

void constellation_image_impl::set_images_per_second(double images_per_second)
{
    d_images_per_second = valid_limit(images_per_second);
}

image_counters constellation_image_impl::counters() const
{
    std::lock_guard<std::mutex> lock(d_mutex);
    return d_counters;
}

drawn_image constellation_image_impl::latest(std::uint64_t after) const
{
    std::lock_guard<std::mutex> lock(d_mutex);
    if (d_counters.images <= after) {
        return { d_counters.images, {} };
    }
    return { d_counters.images, d_latest };
}

bool constellation_image_impl::start()
{
    std::lock_guard<std::mutex> lock(d_mutex);
    d_counters = {};
    d_begun = false;
    return true;
}

void constellation_image_impl::forecast(int, gr_vector_int& required) { required[0] = 1; }

int constellation_image_impl::general_work(int noutput_items,
                                           gr_vector_int& ninput_items,
                                           gr_vector_const_void_star& input_items,
                                           gr_vector_void_star& output_items)
{
    const auto samples = static_cast<const gr_complex*>(input_items[0]);
    auto bytes = static_cast<std::uint8_t*>(output_items[0]);
    const std::size_t count = ninput_items[0];
    if (!d_begun) {
        d_picker.begin(nitems_read(0));
        d_begun = true;
    }
    d_picker.set_interval(interval(d_images_per_second));
    std::size_t taken = 0;
    int produced = 0;
    while (taken < count && produced < noutput_items) {
        taken += d_picker.consume(samples + taken, count - taken, clock::now());
        if (!d_picker.whole()) {
            continue;
        }
        const bool drawn = draw(bytes);
        if (drawn) {
            add_item_tag(0,
                         nitems_written(0) + produced,
                         offset_key(),
                         pmt::from_uint64(d_picker.sample_offset()));
            bytes += d_bytes.size();
            ++produced;
        }
        d_picker.next(clock::now(), drawn);
    }
    consume_each(static_cast<int>(taken));
    return produced;
}

bool constellation_image_impl::draw(std::uint8_t* bytes)
{
    const auto& frame = d_picker.frame();
    const kernel::frame_content content = d_bytes.draw(frame.data(), frame.size(), bytes);
    std::lock_guard<std::mutex> lock(d_mutex);
    switch (content) {
    case kernel::frame_content::invalid:
        ++d_counters.invalid;
        return false;
    case kernel::frame_content::zeros:
        ++d_counters.zeros;
        return false;
    case kernel::frame_content::signal:
        break;
    }
    ++d_counters.images;
    d_latest.assign(bytes, bytes + d_bytes.size());
    return true;
}

} // namespace denomae
} // namespace gr
