/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/denomae/stretch_sink.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

// BINDTOOL_HEADER_FILE(include/gnuradio/denomae/stretch_sink.h)
// BINDTOOL_HEADER_FILE_HASH(5c0541757adab5358b4106c2cf21316d)
// BINDTOOL_HEADER_FILE(kernels/include/gnuradio/denomae/kernels/stretch_writer.h)
// BINDTOOL_HEADER_FILE_HASH(2683ff9b82e70ff107048e30b7290a1e)

namespace py = pybind11;
using gr::denomae::stream_event;
using gr::denomae::stretch_gap;
using gr::denomae::stretch_sink;
using gr::denomae::stretch_state;

namespace {

py::object time_of(const stream_event& event)
{
    if (!event.has_time) {
        return py::none();
    }
    return py::make_tuple(event.time_seconds, event.time_fraction);
}

py::object number_of(bool has, double number)
{
    return has ? py::object(py::float_(number)) : py::none();
}

void bind_told(py::module& m)
{
    py::class_<stream_event>(
        m, "stream_event", "What the stream's tags said at one sample.")
        .def_readonly("offset", &stream_event::offset)
        .def_property_readonly(
            "time", &time_of, "(seconds, fraction) of rx_time, or None")
        .def_property_readonly(
            "rate_hz",
            [](const stream_event& e) { return number_of(e.has_rate, e.rate_hz); },
            "of rx_rate, or None")
        .def_property_readonly(
            "frequency_hz",
            [](const stream_event& e) {
                return number_of(e.has_frequency, e.frequency_hz);
            },
            "of rx_freq, or None");
    py::class_<stretch_gap>(m, "stretch_gap", "Where samples are missing in a file.")
        .def_readonly("file_sample", &stretch_gap::file_sample, "the one behind the gap")
        .def_readonly("offset", &stretch_gap::offset, "of that one in the stream")
        .def_readonly("count", &stretch_gap::count, "how many are missing");
    py::class_<stretch_state>(m,
                              "stretch_state",
                              "What has become of a stretch: from `start` to `position` "
                              "each sample was written or dropped.")
        .def_readonly("start", &stretch_state::from)
        .def_readonly("position", &stretch_state::position)
        .def_readonly("written", &stretch_state::written, "samples that are in the file")
        .def_readonly("dropped", &stretch_state::dropped)
        .def_readonly("gaps", &stretch_state::gaps)
        .def_readonly("done", &stretch_state::done, "nothing more will be written")
        .def_readonly(
            "error", &stretch_state::error, "errno of the write that failed, or 0");
}

} // namespace

void bind_stretch_sink(py::module& m)
{
    bind_told(m);
    using nogil = py::call_guard<py::gil_scoped_release>;
    py::class_<stretch_sink,
               gr::sync_block,
               gr::block,
               gr::basic_block,
               std::shared_ptr<stretch_sink>>(
        m,
        "stretch_sink",
        R"(Sink that remembers the last complex samples and writes stretches of them to files.

Args:
    capacity: samples to remember, >= 1.

Raises:
    ValueError: the capacity is out of its range.
)")
        .def(py::init(&stretch_sink::make), py::arg("capacity"))
        .def("set_capacity", &stretch_sink::set_capacity, py::arg("capacity"))
        .def("capacity", &stretch_sink::capacity)
        .def("set_bell",
             &stretch_sink::set_bell,
             py::arg("bell"),
             "Rung when a stretch is done or at its end so far, when a stream begins and "
             "when it ends; None: no bell.")
        .def("oldest", &stretch_sink::oldest, "Offset of the oldest sample remembered.")
        .def("head", &stretch_sink::head, "Offset behind the newest sample.")
        .def("first", &stretch_sink::first, "Offset of the first sample since start().")
        .def(
            "take_events", &stretch_sink::take_events, "What tags said since last asked.")
        .def("set_rate_boundaries",
             &stretch_sink::set_rate_boundaries,
             py::arg("wanted"),
             "Whether a changed rx_rate ends stretches, as set_boundary() does.")
        .def("set_boundary",
             &stretch_sink::set_boundary,
             "No stretch goes over the sample that is head() now; its offset.")
        .def("open",
             &stretch_sink::open,
             py::arg("fd"),
             py::arg("start"),
             py::arg("stop"),
             py::arg("limit"),
             "Asks for samples from `start` up to `stop` for now, `limit` for ever; a "
             "number to call the stretch by. The file stays open until it is done.")
        .def("extend", &stretch_sink::extend, py::arg("number"), py::arg("stop"))
        .def("finish",
             &stretch_sink::finish,
             py::arg("number"),
             py::arg("end"),
             "Ends with what was asked for, but at `end` at the latest.")
        .def("abandon",
             &stretch_sink::abandon,
             py::arg("number"),
             "Ends at once; what has come and is not written counts as dropped.")
        .def("state", &stretch_sink::state, py::arg("number"))
        .def("forget", &stretch_sink::forget, py::arg("number"), "Once done.")
        .def(
            "halt",
            &stretch_sink::halt,
            nogil(),
            "Gives up all stretches and ends the writing thread, until the next start().")
        .def("run", &stretch_sink::run, "How often start() has run.")
        .def("current_run",
             &stretch_sink::current_run,
             "The run in progress, or else the one that the next start() will begin.")
        .def("ended",
             &stretch_sink::ended,
             py::arg("run"),
             "Whether the stream of that run has ended.");
}
