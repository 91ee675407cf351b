/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/denomae/overlap_adder.h>
#include <pybind11/complex.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

// BINDTOOL_HEADER_FILE(include/gnuradio/denomae/overlap_adder.h)
// BINDTOOL_HEADER_FILE_HASH(71a495987ed097078c4ad20dcee23616)

namespace py = pybind11;
using gr::denomae::overlap_adder;

namespace {

using frame_array = py::array_t<std::complex<float>, py::array::c_style>;

void add(overlap_adder& self,
         std::uint64_t run,
         std::uint64_t sample_offset,
         const frame_array& samples)
{
    if (samples.ndim() != 1 || samples.shape(0) != self.frame_length()) {
        throw py::value_error("samples has " + std::to_string(samples.size()) +
                              " elements, wanted complex64 [" +
                              std::to_string(self.frame_length()) + "]");
    }
    self.add(run, sample_offset, samples.data());
}

} // namespace

void bind_overlap_adder(py::module& m)
{
    py::class_<overlap_adder,
               gr::sync_block,
               gr::block,
               gr::basic_block,
               std::shared_ptr<overlap_adder>>(
        m,
        "overlap_adder",
        R"(Delays complex samples by a constant number and overlap-adds frames that come meanwhile.

Output n belongs to input n - delay_samples; the first delay_samples of each run are zeros. What the
Hann windows of the frames that came in time leave of 1 is filled with the delayed input. Tags of
the stream move with their samples.

Args:
    delay_samples: frame_length to 2^30; 8 bytes of memory each.
    frame_length: samples a frame, >= 2.
    hop: samples from one frame's start to the next; divides frame_length, at most half of it.

Raises:
    ValueError: a parameter is out of its range.
)")
        .def(py::init(&overlap_adder::make),
             py::arg("delay_samples"),
             py::arg("frame_length"),
             py::arg("hop"))
        .def("delay_samples", &overlap_adder::delay_samples)
        .def("frame_length", &overlap_adder::frame_length)
        .def("hop", &overlap_adder::hop)
        .def("add",
             &add,
             py::arg("run"),
             py::arg("sample_offset"),
             py::arg("samples").noconvert(),
             "Fades complex64 [frame_length] into the output in place of the input's "
             "samples "
             "from sample_offset on, unless they have left; of a run that current_run() "
             "named "
             "when it began.")
        .def("current_run",
             &overlap_adder::current_run,
             "The run in progress, or else the one that the next start() will begin.")
        .def(
            "used_frames",
            &overlap_adder::used_frames,
            "Frames that went, or are going, into the output, since the flowgraph began.")
        .def("late_frames",
             &overlap_adder::late_frames,
             "Frames whose first sample had left, or that the run's end left behind.")
        .def("dropped_frames",
             &overlap_adder::dropped_frames,
             "Frames for which there was no room.");
}
