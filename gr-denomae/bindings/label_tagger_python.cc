/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/denomae/label_tagger.h>
#include <pybind11/pybind11.h>

// BINDTOOL_HEADER_FILE(include/gnuradio/denomae/label_tagger.h)
// BINDTOOL_HEADER_FILE_HASH(9c3a5ac2d41ef99e9af0dde9c26438de)

namespace py = pybind11;
using gr::denomae::label_tagger;

void bind_label_tagger(py::module& m)
{
    py::class_<label_tagger,
               gr::sync_block,
               gr::block,
               gr::basic_block,
               std::shared_ptr<label_tagger>>(
        m,
        "label_tagger",
        R"(Delays complex samples by a constant number and tags them with labels that come meanwhile.

Output n is input n - delay_samples; the first delay_samples of each run are zeros. Tags of the
stream move with their samples.

Args:
    delay_samples: 0 to 2^30; 8 bytes of memory each.
    most_labels: labels that may wait for their samples, >= 1.

Raises:
    ValueError: a parameter is out of its range.
)")
        .def(py::init(&label_tagger::make),
             py::arg("delay_samples"),
             py::arg("most_labels") = 65536)
        .def("delay_samples", &label_tagger::delay_samples)
        .def("add",
             &label_tagger::add,
             py::arg("run"),
             py::arg("sample_offset"),
             py::arg("label"),
             "Makes `label` the tag `denomae_label` of a sample of the input, if it has "
             "not "
             "left; of a run that current_run() named when it began.")
        .def("current_run",
             &label_tagger::current_run,
             "The run in progress, or else the one that the next start() will begin.")
        .def("tagged_labels",
             &label_tagger::tagged_labels,
             "Labels that became tags, since the flowgraph began.")
        .def("late_labels",
             &label_tagger::late_labels,
             "Labels whose sample had left, or that the run's end left without one.")
        .def("dropped_labels",
             &label_tagger::dropped_labels,
             "Labels for which there was no room.");
}
