/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <algorithm>
#include <cmath>
#include <gnuradio/denomae/kernels/band_finder.h>

namespace gr {
namespace denomae {
namespace kernel {

namespace {

constexpr std::size_t smoothed = 5; // bins, odd
constexpr double independent =
    2.87; // of those behind a Hann window, which ties neighbours
constexpr double deviations = 5.0;
constexpr double gap_share = 0.25;
constexpr double outside = 0.05;    // of the power, on either side
constexpr double core_share = 0.73; // 0.9 * 8 / pi^2: what clipping leaves of the 90 %
constexpr double around_core = 2.0; // core widths

struct stretch {
    std::size_t begin = 0, end = 0; // [begin, end)
    double excess = 0.0;            // power above the floor

    double span() const { return static_cast<double>(end - begin); }
};

std::vector<double> smooth(const std::vector<float>& power)
{
    const std::size_t bins = power.size();
    std::vector<double> out(bins);
    for (std::size_t i = 0; i < bins; ++i) {
        double sum = 0.0;
        for (std::size_t k = 0; k < smoothed; ++k) { // the spectrum is a circle
            sum += power[(i + bins + k - smoothed / 2) % bins];
        }
        out[i] = sum / smoothed;
    }
    return out;
}

bool finite(const std::vector<float>& power)
{
    return std::all_of(
        power.begin(), power.end(), [](float value) { return std::isfinite(value); });
}

// Of one smoothed bin of noise, relative to its mean.
double deviation_of(double averages)
{
    return 1.0 / std::sqrt(std::max(1.0, averages) * independent);
}

// A quarter of the bins lie below; of noise, a normal variable would be 0.674 deviations less
// than its mean there.
double floor_of(std::vector<double> power, double deviation)
{
    const auto quarter = power.begin() + static_cast<std::ptrdiff_t>(power.size() / 4);
    std::nth_element(power.begin(), quarter, power.end());
    return *quarter / std::max(0.5, 1.0 - 0.674 * deviation);
}

std::vector<stretch> above(const std::vector<double>& power,
                           double floor,
                           double threshold)
{
    std::vector<stretch> found;
    bool inside = false;
    for (std::size_t i = 0; i < power.size(); ++i) {
        if (power[i] <= threshold) {
            inside = false;
            continue;
        }
        if (!inside) {
            found.push_back({ i, i, 0.0 });
            inside = true;
        }
        found.back().end = i + 1;
        found.back().excess += power[i] - floor;
    }
    return found;
}

std::vector<stretch> joined(const std::vector<stretch>& parts)
{
    std::vector<stretch> out;
    for (const stretch& part : parts) {
        out.push_back(part);
        while (out.size() > 1) {
            stretch& before = out[out.size() - 2];
            const stretch& last = out.back();
            const double gap = static_cast<double>(last.begin - before.end);
            if (gap > gap_share * static_cast<double>(last.end - before.begin)) {
                break;
            }
            before.end = last.end;
            before.excess += last.excess;
            out.pop_back();
        }
    }
    return out;
}

// Where the running sum of power above the floor passes a share of the whole, in bins.
double edge(const std::vector<float>& power,
            const stretch& band,
            double floor,
            double total,
            double share)
{
    double sum = 0.0;
    for (std::size_t i = band.begin; i < band.end; ++i) {
        const double more = power[i] - floor;
        if (more > 0.0 && sum + more >= share * total) {
            return static_cast<double>(i) + (share * total - sum) / more;
        }
        sum += more;
    }
    return static_cast<double>(band.end);
}

// The neighbourhood of the narrowest part that holds the core's share of the excess.
stretch core(const std::vector<float>& power, const stretch& band, double floor)
{
    double wanted = 0.0;
    for (std::size_t i = band.begin; i < band.end; ++i) {
        wanted += core_share * std::max(0.0, power[i] - floor);
    }
    stretch narrowest = band;
    double sum = 0.0;
    for (std::size_t begin = band.begin, end = band.begin; end < band.end;) {
        sum += std::max(0.0, power[end++] - floor);
        for (; sum >= wanted && begin < end; ++begin) {
            if (end - begin < narrowest.end - narrowest.begin) {
                narrowest = { begin, end, sum };
            }
            sum -= std::max(0.0, power[begin] - floor);
        }
    }
    const auto reach = static_cast<std::size_t>(around_core * narrowest.span());
    narrowest.begin -= std::min(narrowest.begin - band.begin, reach);
    narrowest.end += std::min(band.end - narrowest.end, reach);
    return narrowest;
}

} // namespace

double noise_floor(const std::vector<float>& power, double averages)
{
    return finite(power) ? floor_of(smooth(power), deviation_of(averages)) : 0.0;
}

occupied_band find_band(const std::vector<float>& power, double averages, bool clipped)
{
    occupied_band band;
    const std::size_t bins = power.size();
    if (bins < 4 * smoothed || !finite(power)) {
        return band;
    }
    const std::vector<double> level = smooth(power);
    const double deviation = deviation_of(averages);
    const double floor = floor_of(level, deviation);
    const std::vector<stretch> signals =
        joined(above(level, floor, floor * (1.0 + deviations * deviation)));
    if (signals.empty()) {
        return band;
    }
    stretch strongest = *std::max_element(
        signals.begin(), signals.end(), [](const auto& a, const auto& b) {
            return a.excess < b.excess;
        });
    if (clipped) {
        strongest = core(power, strongest, floor);
    }
    double total = 0.0;
    for (std::size_t i = strongest.begin; i < strongest.end; ++i) {
        total += power[i] - floor;
    }
    if (!(total > 0.0)) {
        return band;
    }
    const double low = edge(power, strongest, floor, total, outside);
    const double high = edge(power, strongest, floor, total, 1.0 - outside);
    // bin i reaches from i - 1/2 to i + 1/2, and the middle one lies at 0 Hz
    const double middle = static_cast<double>(bins / 2) + 0.5;
    band.found = true;
    band.power = total;
    band.bandwidth = std::max(high - low, 1.0) / static_cast<double>(bins);
    band.center = (0.5 * (low + high) - middle) / static_cast<double>(bins);
    const double noise = floor * std::max(high - low, 1.0);
    band.snr_db = noise > 0.0 ? 10.0 * std::log10(total / noise) : 200.0;
    return band;
}

} // namespace kernel
} // namespace denomae
} // namespace gr
