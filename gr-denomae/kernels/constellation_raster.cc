/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "canvas.h"
#include "exact_splat.h"
#include "exponential_splat.h"
#include "pixel_samples.h"
#include "wide_splat.h"
#include <algorithm>
#include <cmath>
#include <exception>
#include <gnuradio/denomae/kernels/constellation_raster.h>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <variant>

namespace gr {
namespace denomae {
namespace kernel {

namespace {

constexpr int max_side_px = 8192;
constexpr int max_half_size_px = 1024;
constexpr std::size_t max_channels = 16;
constexpr double min_decay_px = 0.05;

[[noreturn]] void refuse(const std::string& field,
                         const std::string& found,
                         const std::string& wanted)
{
    throw std::invalid_argument(field + " is " + found + ", wanted " + wanted);
}

void check(const raster_spec& spec)
{
    if (spec.height < 1 || spec.height > max_side_px) {
        refuse("height", std::to_string(spec.height), "1 to 8192 pixels");
    }
    if (spec.width < 1 || spec.width > max_side_px) {
        refuse("width", std::to_string(spec.width), "1 to 8192 pixels");
    }
    if (!std::isfinite(spec.extent) || spec.extent <= 0.0) {
        refuse("extent", std::to_string(spec.extent), "a finite amplitude above 0");
    }
    if (spec.decay_px.empty() || spec.decay_px.size() > max_channels) {
        refuse("the number of decay_px", std::to_string(spec.decay_px.size()), "1 to 16");
    }
    if (spec.half_size_px.size() != spec.decay_px.size()) {
        refuse("the number of half_size_px",
               std::to_string(spec.half_size_px.size()),
               std::to_string(spec.decay_px.size()) + ", one for each of decay_px");
    }
    for (double decay : spec.decay_px) {
        if (!std::isfinite(decay) || decay < min_decay_px) {
            refuse("decay_px", std::to_string(decay), "at least 0.05 pixels");
        }
    }
    for (int half : spec.half_size_px) {
        if (half < 0 || half > max_half_size_px) {
            refuse("half_size_px", std::to_string(half), "0 to 1024 pixels");
        }
    }
}

bool is_finite(const std::complex<float>& sample)
{
    return std::isfinite(sample.real()) && std::isfinite(sample.imag());
}

void divide_by_peak(const std::vector<double>& sums, float* image)
{
    const double peak = *std::max_element(sums.begin(), sums.end());
    for (std::size_t i = 0; i < sums.size(); ++i) {
        image[i] = peak > 0.0 ? static_cast<float>(sums[i] / peak) : 0.0f;
    }
}

// Beyond so many pixels from a sample inside the image nothing is left that could be seen: all of
// it together is 1e-4 of what the sample adds.
int visible_half(double decay_px, int half_size_px)
{
    return static_cast<int>(
        std::min<double>(half_size_px, std::ceil(1.0 + 12.0 * decay_px)));
}

} // namespace

bool raster_spec::operator==(const raster_spec& other) const
{
    return height == other.height && width == other.width && extent == other.extent &&
           decay_px == other.decay_px && half_size_px == other.half_size_px;
}

struct constellation_raster::channel {
    double decay_px;
    int half_size_px;
    std::variant<exponential_splat, wide_splat>
        inside; // draws the samples inside the image

    bool is_wide() const { return std::holds_alternative<wide_splat>(inside); }
};

struct constellation_raster::scratch {
    pixel_samples samples;
    canvas image;
    std::vector<float> values;
    wide_splat::scratch wide;
};

// Memory that was just given by the system costs more than drawing in it.
class constellation_raster::scratch_pool
{
public:
    std::unique_ptr<scratch> take()
    {
        std::lock_guard<std::mutex> lock(d_mutex);
        if (d_idle.empty()) {
            return std::make_unique<scratch>();
        }
        auto work = std::move(d_idle.back());
        d_idle.pop_back();
        return work;
    }
    void give_back(std::unique_ptr<scratch> work)
    {
        std::lock_guard<std::mutex> lock(d_mutex);
        d_idle.push_back(std::move(work));
    }

private:
    std::mutex d_mutex;
    std::vector<std::unique_ptr<scratch>> d_idle;
};

constellation_raster::constellation_raster(const raster_spec& spec)
    : d_spec(spec), d_pool(std::make_shared<scratch_pool>())
{
    check(spec);
    auto channels = std::make_shared<std::vector<channel>>();
    for (std::size_t i = 0; i < spec.channels(); ++i) {
        const double decay_px = spec.decay_px[i];
        const int half_size_px = spec.half_size_px[i];
        const int visible = visible_half(decay_px, half_size_px);
        if (wide_kernel::serves(decay_px, visible)) {
            channels->push_back(
                { decay_px, half_size_px, wide_splat(decay_px, visible) });
        } else {
            channels->push_back(
                { decay_px, half_size_px, exponential_splat(decay_px, visible) });
        }
    }
    d_channels = channels;
}

void constellation_raster::draw(const std::complex<float>* samples,
                                std::size_t frames,
                                std::size_t length,
                                float* images,
                                unsigned threads) const
{
    if (threads < 1) {
        refuse("threads", std::to_string(threads), "at least 1");
    }
    const std::size_t workers = std::min<std::size_t>(threads, frames);
    const std::size_t image_size = d_spec.image_size();
    auto draw_share = [&](std::size_t worker) {
        std::unique_ptr<scratch> work = d_pool->take();
        for (std::size_t i = worker; i < frames; i += workers) {
            draw_one(samples + i * length, length, images + i * image_size, *work);
        }
        d_pool->give_back(std::move(work));
    };

    std::vector<std::exception_ptr> errors(workers);
    std::vector<std::thread> others;
    for (std::size_t worker = 1; worker < workers; ++worker) {
        others.emplace_back([&, worker] {
            try {
                draw_share(worker);
            } catch (...) {
                errors[worker] = std::current_exception();
            }
        });
    }
    if (workers > 0) {
        try {
            draw_share(0);
        } catch (...) {
            errors[0] = std::current_exception();
        }
    }
    for (auto& other : others) {
        other.join();
    }
    for (const auto& error : errors) {
        if (error) {
            std::rethrow_exception(error);
        }
    }
}

void constellation_raster::draw_one(const std::complex<float>* samples,
                                    std::size_t length,
                                    float* image,
                                    scratch& work) const
{
    const int reach =
        *std::max_element(d_spec.half_size_px.begin(), d_spec.half_size_px.end());
    work.samples.place(d_spec, reach, samples, length);
    if (work.samples.inside() == 0) {
        // The brightest pixel may be as dim as any, so that no error is small beside it.
        return draw_exactly(samples, length, image);
    }
    work.values.resize(length);
    if (std::any_of(d_channels->begin(), d_channels->end(), [](const channel& channel) {
            return channel.is_wide();
        })) {
        work.wide.samples.coarsen(work.samples, wide_kernel::bump_factor);
    }
    for (const channel& channel : *d_channels) {
        float* values = work.values.data();
        if (const auto* narrow = std::get_if<exponential_splat>(&channel.inside)) {
            work.image.prepare(d_spec.height, d_spec.width, narrow->reach());
            work.image.clear();
            narrow->add(work.image, work.samples, values);
        } else {
            const auto& wide = std::get<wide_splat>(channel.inside);
            work.image.prepare(d_spec.height, d_spec.width, wide.reach());
            wide.draw(work.image, work.samples, values, work.wide);
        }
        add_outside(work.image, work.samples, channel.decay_px, channel.half_size_px);
        work.image.finish(image);
        image += static_cast<std::size_t>(d_spec.height) * d_spec.width;
    }
}

void constellation_raster::draw_exactly(const std::complex<float>* samples,
                                        std::size_t length,
                                        float* image) const
{
    const std::size_t plane = static_cast<std::size_t>(d_spec.height) * d_spec.width;
    std::vector<double> sums(plane);
    for (std::size_t channel = 0; channel < d_spec.channels(); ++channel) {
        const double decay = d_spec.decay_px[channel];
        const double half = d_spec.half_size_px[channel];
        std::fill(sums.begin(), sums.end(), 0.0);
        for (std::size_t i = 0; i < length; ++i) {
            if (!is_finite(samples[i])) {
                continue;
            }
            const double x = (samples[i].real() + d_spec.extent) / d_spec.pixel_width();
            const double y = (d_spec.extent - samples[i].imag()) / d_spec.pixel_height();
            // The window, cut to the image; in double, since it may be anywhere.
            const double left = std::max(0.0, std::floor(x) - half);
            const double right = std::min(d_spec.width - 1.0, std::floor(x) + half);
            const double top = std::max(0.0, std::floor(y) - half);
            const double bottom = std::min(d_spec.height - 1.0, std::floor(y) + half);
            for (double row = top; row <= bottom; ++row) {
                for (double column = left; column <= right; ++column) {
                    const double d = std::hypot(column + 0.5 - x, row + 0.5 - y);
                    sums[static_cast<std::size_t>(row * d_spec.width + column)] +=
                        std::exp(-d / decay);
                }
            }
        }
        divide_by_peak(sums, image + channel * plane);
    }
}

} // namespace kernel
} // namespace denomae
} // namespace gr
