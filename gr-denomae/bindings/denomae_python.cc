/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gnuradio.denomae.denomae_python: the C++ blocks, and labels as messages.
 */
#include <pybind11/pybind11.h>

void bind_frame_sink(pybind11::module& m);
void bind_label_message(pybind11::module& m);
void bind_label_tagger(pybind11::module& m);
void bind_overlap_adder(pybind11::module& m);
void bind_rate_adapter(pybind11::module& m);

PYBIND11_MODULE(denomae_python, m)
{
    // The base classes of every block are bound there, and messages.
    pybind11::module::import("gnuradio.gr");
    pybind11::module::import("pmt");
    bind_frame_sink(m);
    bind_label_message(m);
    bind_label_tagger(m);
    bind_overlap_adder(m);
    bind_rate_adapter(m);
}
