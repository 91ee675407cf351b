/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <gnuradio/denomae/kernels/constellation_raster.h>
#include <limits>
#include <random>
#include <vector>

using namespace gr::denomae::kernel;
using samples_t = std::vector<std::complex<float>>;

namespace {

const raster_spec live_spec{ 64, 64, 2.5, { 0.75, 1.5, 3.0 }, { 3, 6, 10 } };
const raster_spec paper_spec{
    224, 224, 2.5, { 1.41421356, 7.07106781, 14.1421356 }, { 5, 25, 50 }
};
constexpr double tolerance = 1.0 / 255;

std::vector<float> draw(const constellation_raster& raster, const samples_t& samples)
{
    std::vector<float> image(raster.spec().image_size(), -1.0f);
    raster.draw(samples.data(), 1, samples.size(), image.data());
    return image;
}

std::vector<float> draw_exactly(const constellation_raster& raster,
                                const samples_t& samples)
{
    std::vector<float> image(raster.spec().image_size(), -1.0f);
    raster.draw_exactly(samples.data(), samples.size(), image.data());
    return image;
}

double difference(const constellation_raster& raster, const samples_t& samples)
{
    const auto fast = draw(raster, samples);
    const auto exact = draw_exactly(raster, samples);
    double worst = 0.0;
    for (std::size_t i = 0; i < fast.size(); ++i) {
        worst = std::max(worst, std::abs(double(fast[i]) - double(exact[i])));
    }
    return worst;
}

samples_t cloud(std::size_t count, float spread, unsigned seed)
{
    std::mt19937 random(seed);
    std::normal_distribution<float> normal(0.0f, spread);
    samples_t samples(count);
    for (auto& sample : samples) {
        sample = { normal(random), normal(random) };
    }
    return samples;
}

// The sample at a position in pixels from the image's upper left corner.
std::complex<float> at_pixel(const raster_spec& spec, double x, double y)
{
    return { static_cast<float>(x * spec.pixel_width() - spec.extent),
             static_cast<float>(spec.extent - y * spec.pixel_height()) };
}

samples_t ring(std::size_t count, float radius)
{
    samples_t samples(count);
    for (std::size_t i = 0; i < count; ++i) {
        samples[i] = std::polar(radius, 6.2831853f * i / count);
    }
    return samples;
}

// 16QAM of unit mean power, noise added.
samples_t clusters(std::size_t count, float noise, unsigned seed)
{
    samples_t samples = cloud(count, noise, seed);
    for (std::size_t i = 0; i < count; ++i) {
        const std::complex<float> point(i % 4 * 2.0f - 3.0f, i / 4 % 4 * 2.0f - 3.0f);
        samples[i] += point / std::sqrt(10.0f);
    }
    return samples;
}

/*
 * One sample in every pixel around the middle one, each at that place in its pixel where a lone
 * sample's error at the middle one is largest: there, all errors add up.
 */
samples_t conspiracy(const constellation_raster& raster, std::size_t channel, int half)
{
    const raster_spec& whole = raster.spec();
    const raster_spec spec{ whole.height,
                            whole.width,
                            whole.extent,
                            { whole.decay_px[channel] },
                            { whole.half_size_px[channel] } };
    const constellation_raster alone(spec);
    const int middle_row = spec.height / 2;
    const int middle_column = spec.width / 2;
    const std::size_t middle = middle_row * spec.width + middle_column;
    samples_t samples;
    for (int row = -half; row <= half; ++row) {
        for (int column = -half; column <= half; ++column) {
            double worst = -1.0;
            std::complex<float> chosen;
            for (double u : { 0.03, 0.28, 0.53, 0.78, 0.97 }) {
                for (double v : { 0.03, 0.28, 0.53, 0.78, 0.97 }) {
                    const auto sample =
                        at_pixel(spec, middle_column + column + u, middle_row + row + v);
                    const double error = draw(alone, { sample })[middle] -
                                         draw_exactly(alone, { sample })[middle];
                    if (error > worst) {
                        worst = error;
                        chosen = sample;
                    }
                }
            }
            samples.push_back(chosen);
        }
    }
    return samples;
}

} // namespace

BOOST_AUTO_TEST_SUITE(raster)

BOOST_AUTO_TEST_CASE(a_sample_on_a_pixel_centre_draws_the_exponential_of_the_distance)
{
    const constellation_raster raster({ 8, 8, 4.0, { 2.0 }, { 2 } });
    // Pixels of side 1; this is the centre of column 5 and, Q pointing up, of row 2.
    const auto image = draw_exactly(raster, { { 1.5f, 1.5f } });
    for (int row = 0; row < 8; ++row) {
        for (int column = 0; column < 8; ++column) {
            const bool inside = std::abs(row - 2) <= 2 && std::abs(column - 5) <= 2;
            const double expected =
                inside ? std::exp(-std::hypot(row - 2, column - 5) / 2.0) : 0.0;
            BOOST_TEST(std::abs(image[row * 8 + column] - expected) < 1e-6);
        }
    }
    BOOST_TEST(difference(raster, { { 1.5f, 1.5f } }) < tolerance);
}

BOOST_AUTO_TEST_CASE(the_fast_form_agrees_for_a_lone_sample_anywhere_in_its_pixel)
{
    // The hardest case: nothing averages the error of one sub-pixel phase.
    for (double decay : { 0.1, 0.3, 0.5, 0.75, 1.41, 3.0, 7.07, 14.1 }) {
        const constellation_raster raster({ 15, 15, 7.5, { decay }, { 6 } });
        double worst = 0.0;
        for (int y = 0; y < 37; ++y) {
            for (int x = 0; x < 37; ++x) {
                worst = std::max(
                    worst,
                    difference(raster, { { x / 37.0f - 0.5f, y / 37.0f - 0.5f } }));
            }
        }
        BOOST_TEST(worst < tolerance, "decay " << decay << " errs by " << worst);
    }
}

BOOST_AUTO_TEST_CASE(the_fast_form_agrees_for_clouds_of_every_spread)
{
    const constellation_raster live(live_spec);
    unsigned seed = 0;
    for (float spread : { 0.0f, 0.01f, 0.5f, 2.0f, 10.0f }) {
        BOOST_TEST(difference(live, cloud(300, spread, ++seed)) < tolerance);
    }
}

BOOST_AUTO_TEST_CASE(the_fast_form_agrees_for_odd_shapes_and_windows)
{
    unsigned seed = 100;
    for (const raster_spec& spec : {
             raster_spec{ 1, 1, 1.0, { 1.0 }, { 4 } },
             raster_spec{ 5, 33, 0.7, { 0.6, 9.0 }, { 0, 50 } },
             raster_spec{ 40, 3, 3.0, { 2.0 }, { 1 } },
             raster_spec{ 2, 2, 1.0, { 0.5, 0.5 }, { 2, 3 } },
             raster_spec{ 16, 16, 1.0, { 0.05, 0.05, 0.05, 0.05 }, { 0, 1, 3, 1024 } },
             raster_spec{ 30, 70, 1.0, { 7.0, 5.0, 12.0 }, { 20, 30, 40 } },
             raster_spec{ 70, 30, 1.0, { 3.6, 4.5, 20.0 }, { 13, 70, 70 } },
             raster_spec{ 100, 9, 1.0, { 60.0 }, { 30 } },
             raster_spec{ 12, 20, 1.0, { 30.0 }, { 1024 } },
         }) {
        const constellation_raster raster(spec);
        for (float spread : { 0.0f, 0.3f, 1.0f, 5.0f }) {
            const double worst = difference(raster, cloud(200, spread, ++seed));
            BOOST_TEST(worst < tolerance,
                       spec.height << " x " << spec.width << ", decay "
                                   << spec.decay_px.front() << ", spread " << spread
                                   << ": errs by " << worst);
        }
    }
}

BOOST_AUTO_TEST_CASE(the_fast_form_agrees_for_the_frames_that_are_drawn)
{
    for (const raster_spec& spec : { live_spec, paper_spec }) {
        const constellation_raster raster(spec);
        unsigned seed = 0;
        for (const samples_t& frame : { samples_t(1024, { 0.31f, -0.62f }),
                                        cloud(300, 0.7071f, ++seed),
                                        ring(300, 1.0f),
                                        ring(300, 2.6f),
                                        clusters(300, 0.0f, ++seed),
                                        clusters(300, 0.1f, ++seed),
                                        cloud(300, 2.5f, ++seed) }) {
            const double worst = difference(raster, frame);
            BOOST_TEST(worst < tolerance,
                       spec.height << " pixels, after seed " << seed << ": errs by "
                                   << worst);
        }
    }
}

BOOST_AUTO_TEST_CASE(the_fast_form_agrees_where_the_errors_of_all_samples_add_up)
{
    const constellation_raster live(live_spec);
    for (std::size_t channel = 0; channel < live_spec.channels(); ++channel) {
        for (int half : { 1, 3, live_spec.half_size_px[channel] }) {
            const double worst = difference(live, conspiracy(live, channel, half));
            BOOST_TEST(worst < tolerance,
                       "channel " << channel << ", half " << half << ": errs by "
                                  << worst);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_lone_sample_agrees_in_every_pixel_of_a_coarse_grid)
{
    const constellation_raster paper(paper_spec);
    double worst = 0.0;
    for (int i = 0; i < 64; ++i) { // every column and row of 8, and many phases
        const double x = 100 + i % 8 + (i * 37 % 64 + 0.5) / 64;
        const double y = 120 + i / 8 + (i * 23 % 64 + 0.5) / 64;
        worst = std::max(worst, difference(paper, { at_pixel(paper_spec, x, y) }));
    }
    BOOST_TEST(worst < tolerance, "errs by " << worst);
}

BOOST_AUTO_TEST_CASE(a_lone_sample_near_the_border_agrees)
{
    const constellation_raster paper(paper_spec);
    double worst = 0.0;
    for (double x : { -50.4, -49.6, -25.5, -7.3, -0.2, 0.1, 3.3, 112.6 }) {
        for (double y : { -50.4, -49.6, -24.7, -1.1, 0.6, 222.9, 224.3, 231.2, 273.7 }) {
            worst = std::max(worst, difference(paper, { at_pixel(paper_spec, x, y) }));
            worst = std::max(worst, difference(paper, { at_pixel(paper_spec, y, x) }));
        }
    }
    BOOST_TEST(worst < tolerance, "errs by " << worst);
}

BOOST_AUTO_TEST_CASE(a_sample_outside_draws_the_part_of_its_window_that_reaches_in)
{
    const constellation_raster raster({ 10, 12, 1.0, { 1.0, 2.0 }, { 2, 4 } });
    for (int y = -10; y < 40; ++y) {
        for (int x = -10; x < 40; ++x) {
            const samples_t lone{ { x / 10.0f - 2.5f, y / 10.0f - 2.5f } };
            BOOST_TEST_REQUIRE(difference(raster, lone) < tolerance);
        }
    }
}

BOOST_AUTO_TEST_CASE(many_samples_outside_agree_beside_one_inside)
{
    // What reaches in is faint, and yet the brightest there is.
    for (const raster_spec& spec : { live_spec, paper_spec }) {
        const constellation_raster raster(spec);
        samples_t frame(400, at_pixel(spec, -0.7 * spec.half_size_px.back(), 30.3));
        frame.push_back(at_pixel(spec, 20.2, 31.4));
        BOOST_TEST(difference(raster, frame) < tolerance);
    }
}

BOOST_AUTO_TEST_CASE(samples_that_are_not_finite_or_far_away_add_nothing)
{
    const constellation_raster live(live_spec);
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const float infinity = std::numeric_limits<float>::infinity();
    const samples_t good = cloud(50, 0.5f, 7);
    samples_t mixed = good;
    for (float bad : { nan, infinity, -infinity, 1e30f, -3.4e38f, 1e9f }) {
        mixed.push_back({ bad, 0.1f });
        mixed.push_back({ 0.1f, bad });
        mixed.push_back({ bad, bad });
    }
    BOOST_TEST(draw(live, mixed) == draw(live, good));
}

BOOST_AUTO_TEST_CASE(an_empty_frame_stays_zero)
{
    const constellation_raster live(live_spec);
    const auto image = draw(live, { { 1e20f, 0.0f } });
    BOOST_TEST(*std::max_element(image.begin(), image.end()) == 0.0f);
    BOOST_TEST(*std::min_element(image.begin(), image.end()) == 0.0f);
}

BOOST_AUTO_TEST_CASE(every_channel_has_its_own_maximum_of_one)
{
    const constellation_raster live(live_spec);
    const auto image = draw(live, cloud(1024, 0.7f, 3));
    for (int channel = 0; channel < 3; ++channel) {
        const auto begin = image.begin() + channel * 64 * 64;
        BOOST_TEST(*std::max_element(begin, begin + 64 * 64) == 1.0f,
                   boost::test_tools::tolerance(1e-6f));
        BOOST_TEST(*std::min_element(begin, begin + 64 * 64) >= 0.0f);
    }
}

BOOST_AUTO_TEST_CASE(threads_draw_the_same_images)
{
    constexpr std::size_t frames = 23;
    const samples_t samples = cloud(frames * 128, 0.7f, 5);
    const constellation_raster raster(live_spec);
    std::vector<float> alone(frames * live_spec.image_size());
    std::vector<float> together(alone.size());
    raster.draw(samples.data(), frames, 128, alone.data(), 1);
    raster.draw(samples.data(), frames, 128, together.data(), 4);
    BOOST_TEST((alone == together));
    raster.draw(samples.data(), 0, 128, nullptr, 4);
    BOOST_CHECK_THROW(raster.draw(samples.data(), 1, 1, alone.data(), 0),
                      std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(specs_without_sense_are_refused)
{
    const double nan = std::numeric_limits<double>::quiet_NaN();
    for (const raster_spec& spec : { raster_spec{ 0, 4, 1.0, { 1.0 }, { 1 } },
                                     raster_spec{ 4, -1, 1.0, { 1.0 }, { 1 } },
                                     raster_spec{ 4, 4, 0.0, { 1.0 }, { 1 } },
                                     raster_spec{ 4, 4, nan, { 1.0 }, { 1 } },
                                     raster_spec{ 4, 4, 1.0, {}, {} },
                                     raster_spec{ 4, 4, 1.0, { 1.0 }, { 1, 2 } },
                                     raster_spec{ 4, 4, 1.0, { nan }, { 1 } },
                                     raster_spec{ 4, 4, 1.0, { 0.0 }, { 1 } },
                                     raster_spec{ 4, 4, 1.0, { 1.0 }, { -1 } },
                                     raster_spec{ 4, 4, 1.0, { 1.0 }, { 5000 } } }) {
        BOOST_CHECK_THROW((constellation_raster(spec)), std::invalid_argument);
    }
}

BOOST_AUTO_TEST_SUITE_END()
