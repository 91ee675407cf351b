/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_DENOMAE_RATE_ADAPTER_IMPL_H
#define INCLUDED_DENOMAE_RATE_ADAPTER_IMPL_H

#include "interval_spectra.h"
#include <atomic>
#include <gnuradio/denomae/kernels/band_follower.h>
#include <gnuradio/denomae/rate_adapter.h>
#include <vector>

namespace gr {
namespace denomae {

class rate_adapter_impl : public rate_adapter
{
public:
    rate_adapter_impl(double target_bandwidth,
                      std::int64_t interval,
                      bool adapting,
                      bool remove_dc);

    void set_target_bandwidth(double target_bandwidth) override;
    double target_bandwidth() const override { return d_target_bandwidth; }
    void set_adapting(bool adapting) override { d_adapting = adapting; }
    bool adapting() const override { return d_adapting; }
    void set_remove_dc(bool remove_dc) override { d_remove_dc = remove_dc; }
    bool remove_dc() const override { return d_remove_dc; }
    std::int64_t interval() const override { return d_interval; }
    double ratio() const override { return d_ratio; }
    double shift() const override { return d_shift; }
    std::uint64_t changes() const override { return d_changes; }

    bool start() override;
    void forecast(int noutput_items, gr_vector_int& ninput_items_required) override;
    int general_work(int noutput_items,
                     gr_vector_int& ninput_items,
                     gr_vector_const_void_star& input_items,
                     gr_vector_void_star& output_items) override;

private:
    void adapt_stretch();
    kernel::occupied_band measure() const;
    void take_off_dc();
    void tag_mapping();
    void move_tags();

    std::atomic<double> d_target_bandwidth;
    const std::int64_t d_interval;
    std::atomic<bool> d_adapting, d_remove_dc;
    std::atomic<double> d_ratio{ 1.0 }, d_shift{ 0.0 };
    std::atomic<std::uint64_t> d_changes{ 0 };

    // Of the flowgraph's thread alone.
    interval_spectra d_spectra;
    kernel::receiver_dc d_receiver_dc;
    kernel::band_follower d_follower;
    kernel::band_resampler d_resampler;
    bool d_begun = false;
    std::uint64_t d_input_begin = 0;   // the stream's offset of the resampler's sample 0
    std::uint64_t d_output_begin = 0;  // and of the present mapping's first output sample
    std::vector<gr_complex> d_stretch; // what has come of an interval,
    std::vector<tag_t> d_tags;         // and its tags
    std::vector<gr_complex> d_ready;
    std::size_t d_given = 0; // of d_ready
};

} // namespace denomae
} // namespace gr

#endif
