/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/denomae/rate_adapter.h>
#include <pybind11/pybind11.h>

// BINDTOOL_HEADER_FILE(include/gnuradio/denomae/rate_adapter.h)
// BINDTOOL_HEADER_FILE_HASH(2e41b5833f2a70307ba1e004683f7836)

namespace py = pybind11;
using gr::denomae::rate_adapter;

void bind_rate_adapter(py::module& m)
{
    py::class_<rate_adapter, gr::block, gr::basic_block, std::shared_ptr<rate_adapter>>(
        m,
        "rate_adapter",
        R"(Finds the strongest signal's band, centres it and resamples it.

Complex samples in and out. A tag `denomae_band` on the first sample of each mapping says what was
done: a dictionary of `ratio` (output samples an input sample), `shift` (cycles an input sample that
became 0 Hz) and `origin` (the input sample at the tag). Labels behind it speak of the stream before
it.

Args:
    target_bandwidth: that the signal's 90 % bandwidth gets, cycles an output sample, 0.01 to 0.8.
    interval: samples that are looked at for one measurement, 2048 to 4194304; the delay.
    adapting: whether bands are followed; if not, the last mapping stays.
    remove_dc: whether the constant that stands in the signal's pauses is taken off.

Raises:
    ValueError: a parameter is out of its range.
)")
        .def(py::init(&rate_adapter::make),
             py::arg("target_bandwidth") = 0.12,
             py::arg("interval") = 8192,
             py::arg("adapting") = true,
             py::arg("remove_dc") = true)
        .def("set_target_bandwidth",
             &rate_adapter::set_target_bandwidth,
             py::arg("target_bandwidth"),
             "Takes effect at the next change of the band.")
        .def("target_bandwidth", &rate_adapter::target_bandwidth)
        .def("set_adapting", &rate_adapter::set_adapting, py::arg("adapting"))
        .def("adapting", &rate_adapter::adapting)
        .def("set_remove_dc",
             &rate_adapter::set_remove_dc,
             py::arg("remove_dc"),
             "Takes effect with the next interval.")
        .def("remove_dc", &rate_adapter::remove_dc)
        .def("interval", &rate_adapter::interval)
        .def("ratio",
             &rate_adapter::ratio,
             "Of the present mapping: output samples an input sample.")
        .def("shift",
             &rate_adapter::shift,
             "Of the present mapping: cycles an input sample that become 0 Hz.")
        .def("changes",
             &rate_adapter::changes,
             "How often the mapping has changed since start().");
}
