/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Power of a frame, and a gate with hysteresis on it.
 */
#ifndef INCLUDED_DENOMAE_KERNELS_POWER_GATE_H
#define INCLUDED_DENOMAE_KERNELS_POWER_GATE_H

#include <atomic>
#include <complex>
#include <cstddef>
#include <limits>

namespace gr {
namespace denomae {
namespace kernel {

/*!
 * Sum of |x|^2, accumulated in double: no finite float overflows it or vanishes in it, and it
 * is NaN or infinite if and only if a sample is.
 */
double sum_of_squares(const std::complex<float>* samples, std::size_t count);

enum class gate_verdict {
    pass,
    gated,  //!< too weak, or nothing but zeros
    invalid //!< holds a NaN or an infinity
};

/*!
 * \brief Opens for a frame of at least gate_db, stays open until one falls below
 * gate_db - hysteresis_db.
 *
 * Levels are mean |x|^2 in dB relative to full scale, 1.0. The setters and getters may be
 * called from any thread while another one judges frames.
 */
class power_gate
{
public:
    static constexpr double always_open = -std::numeric_limits<double>::infinity();

    //! \throws std::invalid_argument as the setters do
    explicit power_gate(double gate_db = always_open, double hysteresis_db = 3.0);

    //! -inf: every frame passes that is not all zero. \throws std::invalid_argument for NaN
    void set_gate_db(double gate_db);
    double gate_db() const { return d_gate_db.load(std::memory_order_relaxed); }

    //! \throws std::invalid_argument unless finite and >= 0
    void set_hysteresis_db(double hysteresis_db);
    double hysteresis_db() const
    {
        return d_hysteresis_db.load(std::memory_order_relaxed);
    }

    //! Closes the gate, as before the first frame.
    void reset() { d_open = false; }

    //! Judges the next frame. One thread at a time.
    gate_verdict judge(const std::complex<float>* samples, std::size_t count);

private:
    std::atomic<double> d_gate_db;
    std::atomic<double> d_hysteresis_db;
    bool d_open = false;
};

} // namespace kernel
} // namespace denomae
} // namespace gr

#endif
