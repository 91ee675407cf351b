/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <algorithm>
#include <cmath>
#include <gnuradio/denomae/kernels/band_follower.h>

namespace gr {
namespace denomae {
namespace kernel {

namespace {

constexpr double same_width = 0.25; // relative difference
constexpr double same_place = 0.1;  // of the bandwidth
constexpr double other_power = 10.0;
constexpr double remembered = 0.98; // of a power, from one measurement to the next

} // namespace

void band_follower::reset()
{
    d_mapping = band_mapping();
    d_following = d_waiting = false;
    d_power = 0.0;
}

bool band_follower::follow(const occupied_band& band, double target_bandwidth)
{
    d_power *= remembered;
    if (!band.found || band.power * other_power < d_power) {
        d_waiting = false;
        return false;
    }
    band_mapping found;
    found.ratio = std::clamp(band.bandwidth / target_bandwidth,
                             band_resampler::least_ratio,
                             band_resampler::largest_ratio);
    found.shift = band.center;
    const bool confirmed = d_waiting && alike(found, d_candidate, band.bandwidth);
    if (d_following && alike(found, d_mapping, band.bandwidth)) {
        d_waiting = false;
        d_power = std::max(d_power, band.power);
        return false;
    }
    if (d_following && !confirmed && band.power < other_power * d_power) {
        d_candidate = found;
        d_waiting = true;
        return false;
    }
    d_mapping = found;
    d_power = band.power;
    d_following = true;
    d_waiting = false;
    return true;
}

bool band_follower::alike(const band_mapping& one,
                          const band_mapping& other,
                          double bandwidth) const
{
    return std::fabs(std::log(one.ratio / other.ratio)) <= std::log1p(same_width) &&
           std::fabs(one.shift - other.shift) <= same_place * bandwidth;
}

} // namespace kernel
} // namespace denomae
} // namespace gr
