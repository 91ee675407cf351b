/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "multiversion.h"
#include <algorithm>
#include <cmath>
#include <gnuradio/denomae/kernels/band_resampler.h>
#include <stdexcept>
#include <string>

namespace gr {
namespace denomae {
namespace kernel {

namespace {

constexpr double pi = 3.14159265358979323846;
constexpr int phases =
    256; // of one input sample; between two of them taps are interpolated
constexpr double beta = 8.0; // of the Kaiser window: 80 dB
// Of half the smaller rate: where the low-pass is down by 3 dB, so that noise which was white stays
// so: what the transition lets through from beyond folds onto what it takes away.
constexpr double cutoff = 1.012;

double bessel_i0(double x)
{
    double term = 1.0, sum = 1.0;
    for (int k = 1; term > 1e-12 * sum; ++k) {
        term *= (x / (2.0 * k)) * (x / (2.0 * k));
        sum += term;
    }
    return sum;
}

// The low-pass `distance` input samples from its middle; `width` is its half length.
double low_pass(double distance, double width, double cycles)
{
    const double u = distance / width;
    if (std::fabs(u) >= 1.0) {
        return 0.0;
    }
    const double x = 2.0 * pi * cycles * distance;
    const double sinc = x == 0.0 ? 1.0 : std::sin(x) / x;
    return 2.0 * cycles * sinc * bessel_i0(beta * std::sqrt(1.0 - u * u)) /
           bessel_i0(beta);
}

// The sum of samples times taps, which lie between two rows of the table.
DENOMAE_MULTIVERSION
void weigh(const std::complex<float>* samples,
           const float* lower,
           const float* upper,
           float share,
           std::size_t count,
           std::complex<float>& sum)
{
    constexpr std::size_t lanes = 8;
    const float* in = reinterpret_cast<const float*>(samples);
    float real[lanes] = {}, imaginary[lanes] = {};
    for (std::size_t i = 0; i < count; i += lanes) { // count is a multiple of lanes
        for (std::size_t k = 0; k < lanes; ++k) {
            const float tap = lower[i + k] + share * (upper[i + k] - lower[i + k]);
            real[k] += tap * in[2 * (i + k)];
            imaginary[k] += tap * in[2 * (i + k) + 1];
        }
    }
    float re = 0.0f, im = 0.0f;
    for (std::size_t k = 0; k < lanes; ++k) {
        re += real[k];
        im += imaginary[k];
    }
    sum = { re, im };
}

} // namespace

band_resampler::band_resampler() { reset(); }

void band_resampler::reset()
{
    d_mapping = band_mapping();
    d_origin = d_received = d_produced = 0;
    d_raw.clear();
    make_taps();
    d_first = -static_cast<std::int64_t>(d_half);
    d_raw.assign(d_half, 0.0f);
    mix_history();
}

void band_resampler::set_mapping(const band_mapping& mapping)
{
    if (!(mapping.ratio >= least_ratio && mapping.ratio <= largest_ratio)) {
        throw std::invalid_argument("ratio is " + std::to_string(mapping.ratio) +
                                    ", wanted " + std::to_string(least_ratio) + " to " +
                                    std::to_string(largest_ratio));
    }
    if (!std::isfinite(mapping.shift)) {
        throw std::invalid_argument("shift is " + std::to_string(mapping.shift) +
                                    ", wanted a finite number of cycles a sample");
    }
    d_mapping = mapping;
    d_origin = d_received;
    d_produced = 0;
    make_taps();
    mix_history();
}

void band_resampler::push(const std::complex<float>* in,
                          std::size_t count,
                          std::vector<std::complex<float>>& out)
{
    d_raw.insert(d_raw.end(), in, in + count);
    d_mixed.resize(d_raw.size());
    std::complex<double> turn = rotation(d_received);
    const std::complex<double> step = std::polar(1.0, -2.0 * pi * d_mapping.shift);
    std::complex<float>* to = d_mixed.data() + (d_mixed.size() - count);
    for (std::size_t i = 0; i < count; ++i) {
        to[i] = in[i] * std::complex<float>(turn);
        turn *= step;
        if (i % 512 == 511) {
            turn /= std::abs(turn);
        }
    }
    d_received += count;
    produce(d_received, out);

    // What the next output sample of the lowest rate looks at: half of its taps may lie before
    // the input that has come, and all of them before the sample that it still waits for.
    const auto half =
        static_cast<std::size_t>(std::ceil(zero_crossings / (cutoff * least_ratio))) + 16;
    const std::size_t kept = 2 * half;
    if (d_raw.size() > 4 * kept) {
        const auto gone = static_cast<std::ptrdiff_t>(d_raw.size() - kept);
        d_raw.erase(d_raw.begin(), d_raw.begin() + gone);
        d_mixed.erase(d_mixed.begin(), d_mixed.begin() + gone);
        d_first += gone;
    }
}

std::size_t band_resampler::finish(std::vector<std::complex<float>>& out)
{
    const std::size_t before = out.size();
    d_mixed.resize(d_raw.size() + d_half + 1);
    // Those that lie before received(), and no more.
    const double left = (d_received - d_origin) * d_mapping.ratio;
    const auto whole = static_cast<std::uint64_t>(std::ceil(left - 1e-9));
    const std::uint64_t produced = d_produced;
    std::vector<std::complex<float>> all;
    produce(d_received + d_half + 1, all);
    const std::uint64_t wanted = whole > produced ? whole - produced : 0;
    all.resize(std::min<std::uint64_t>(all.size(), wanted));
    d_produced = produced + all.size();
    out.insert(out.end(), all.begin(), all.end());
    d_mixed.resize(d_raw.size());
    return out.size() - before;
}

void band_resampler::produce(std::uint64_t end, std::vector<std::complex<float>>& out)
{
    const auto last =
        static_cast<std::int64_t>(end) - d_first; // of d_mixed, beyond its end
    const std::size_t row = 2 * d_half;
    for (;;) {
        const double past =
            d_produced / d_mapping.ratio; // input samples since the origin
        const double whole = std::floor(past);
        const double place = (past - whole) * phases;
        const auto phase = std::min(static_cast<std::size_t>(place),
                                    static_cast<std::size_t>(phases - 1));
        // taps reach from half - 1 samples before `whole` to half behind it
        const std::int64_t from = static_cast<std::int64_t>(d_origin) +
                                  static_cast<std::int64_t>(whole) - d_first -
                                  static_cast<std::int64_t>(d_half) + 1;
        if (from + static_cast<std::int64_t>(row) > last) {
            return;
        }
        const float* taps = d_taps.data() + phase * row;
        std::complex<float> sum;
        weigh(d_mixed.data() + from,
              taps,
              taps + row,
              static_cast<float>(place - static_cast<double>(phase)),
              row,
              sum);
        out.push_back(sum);
        ++d_produced;
    }
}

void band_resampler::make_taps()
{
    const double smaller = std::min(1.0, d_mapping.ratio);
    // 1 to 1, samples stay as they are: the sinc's zeros lie on all of them but one.
    const double cycles = 0.5 * (d_mapping.ratio == 1.0 ? 1.0 : cutoff * smaller);
    const double width = zero_crossings / (2.0 * cycles);
    d_half = (static_cast<std::size_t>(std::ceil(width)) + 1 + 3) / 4 * 4;
    const std::size_t row = 2 * d_half;
    d_taps.resize((phases + 1) * row);
    for (int phase = 0; phase <= phases; ++phase) {
        const double fraction = static_cast<double>(phase) / phases;
        float* taps = d_taps.data() + phase * row;
        double sum = 0.0;
        for (std::size_t i = 0; i < row; ++i) {
            const double distance =
                static_cast<double>(i) - static_cast<double>(d_half - 1) - fraction;
            const double tap = low_pass(distance, width, cycles);
            taps[i] = static_cast<float>(tap);
            sum += tap;
        }
        for (std::size_t i = 0; i < row; ++i) {
            taps[i] = static_cast<float>(taps[i] / sum); // a constant stays what it is
        }
    }
}

void band_resampler::mix_history()
{
    const std::size_t needed = d_half;
    if (d_raw.size() < needed) { // before the stream began
        const std::size_t more = needed - d_raw.size();
        d_raw.insert(d_raw.begin(), more, 0.0f);
        d_first -= static_cast<std::int64_t>(more);
    }
    d_mixed.resize(d_raw.size());
    const std::complex<double> step = std::polar(1.0, 2.0 * pi * d_mapping.shift);
    std::complex<double> turn =
        rotation(d_received); // of the next sample: they come before it
    for (std::size_t i = d_raw.size(); i-- > 0;) {
        turn *= step;
        d_mixed[i] = d_raw[i] * std::complex<float>(turn);
    }
}

std::complex<double> band_resampler::rotation(std::uint64_t number) const
{
    // Phase 0 at the origin; cycles are taken off before they lose their digits.
    const double since = static_cast<double>(number - d_origin);
    const double cycles = std::fmod(since * d_mapping.shift, 1.0);
    return std::polar(1.0, -2.0 * pi * cycles);
}

} // namespace kernel
} // namespace denomae
} // namespace gr
