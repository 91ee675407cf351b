/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Block that delays a stream, so that what is found out about its samples can go with them.
 */
#ifndef INCLUDED_DENOMAE_LABEL_TAGGER_H
#define INCLUDED_DENOMAE_LABEL_TAGGER_H

#include <cstdint>
#include <gnuradio/denomae/api.h>
#include <gnuradio/sync_block.h>
#include <memory>
#include <pmt/pmt.h>

namespace gr {
namespace denomae {

/*!
 * \brief Delays complex samples by a constant number and tags them with labels that come meanwhile.
 * \ingroup denomae
 *
 * Output n is input n - delay_samples; the first delay_samples of each run of the flowgraph are
 * zeros. Tags of the stream move with their samples. A label becomes the tag `denomae_label` on
 * the sample with which its frame began; one that comes when that sample has left is counted
 * instead. work() never waits: neither for labels, nor for an interpreter lock. The output may
 * stay open.
 *
 * add(), current_run() and the counters may be used from any thread.
 */
class DENOMAE_API label_tagger : virtual public gr::sync_block
{
public:
    using sptr = std::shared_ptr<label_tagger>;

    /*!
     * \param delay_samples 0 .. 2^30; 8 bytes of memory each
     * \param most_labels   labels that may wait for their samples, >= 1
     * \throws std::invalid_argument naming the parameter, what was found and what was wanted
     */
    static sptr make(std::int64_t delay_samples, std::int64_t most_labels = 65536);

    virtual std::int64_t delay_samples() const = 0;

    /*!
     * Hands in a label of the run in progress, or of one that is about to begin.
     *
     * \param run           what current_run() said when that run began; a label of another run is
     *                      late
     * \param sample_offset of the sample to tag, counted in the input
     * \param label         the tag's value
     */
    virtual void add(std::uint64_t run,
                     std::uint64_t sample_offset,
                     const pmt::pmt_t& label) = 0;

    //! As frame_sink::current_run().
    virtual std::uint64_t current_run() const = 0;

    //! Labels that became tags, since the flowgraph began.
    virtual std::uint64_t tagged_labels() const = 0;
    //! Labels that came when their sample had left, or that the run's end left without one.
    virtual std::uint64_t late_labels() const = 0;
    //! Labels for which there was no room.
    virtual std::uint64_t dropped_labels() const = 0;
};

} // namespace denomae
} // namespace gr

#endif
