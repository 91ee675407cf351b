/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <chrono>
#include <gnuradio/denomae/frame_sink.h>
#include <pybind11/complex.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <variant>

// BINDTOOL_HEADER_FILE(include/gnuradio/denomae/frame_sink.h)
// BINDTOOL_HEADER_FILE_HASH(041ebd09868f6ef023b8f5ed8139bd7d)
// BINDTOOL_HEADER_FILE(kernels/include/gnuradio/denomae/kernels/frame_batch.h)
// BINDTOOL_HEADER_FILE_HASH(1c21b801e08fc4e62794152d554c0a68)
// BINDTOOL_HEADER_FILE(kernels/include/gnuradio/denomae/kernels/frame_queue.h)
// BINDTOOL_HEADER_FILE_HASH(4cb3c4a0df59e80f5b651ba3346e0acf)

namespace py = pybind11;
using gr::denomae::doorbell;
using gr::denomae::drop_policy;
using gr::denomae::frame_batch;
using gr::denomae::frame_counters;
using gr::denomae::frame_sink;

namespace {

// An array that looks into the batch and keeps it alive.
template <typename T>
py::array view(const py::object& owner, const std::vector<T>& field)
{
    return py::array(py::dtype::of<T>(), { field.size() }, field.data(), owner);
}

template <typename T>
auto field(std::vector<T> frame_batch::*member)
{
    return [member](const py::object& self) {
        return view(self, self.cast<const frame_batch&>().*member);
    };
}

py::array frames_of(const py::object& self)
{
    const auto& batch = self.cast<const frame_batch&>();
    return py::array(py::dtype::of<std::complex<float>>(),
                     { batch.size, batch.frame_length },
                     batch.samples.get(),
                     self);
}

py::array time_valid_of(const py::object& self)
{
    const auto& batch = self.cast<const frame_batch&>();
    return py::array(
        py::dtype::of<bool>(), { batch.size }, batch.time_valid.data(), self);
}

std::string describe(const frame_counters& c)
{
    return "frame_counters(seen=" + std::to_string(c.seen) +
           ", gated=" + std::to_string(c.gated) +
           ", invalid=" + std::to_string(c.invalid) +
           ", dropped=" + std::to_string(c.dropped) +
           ", delivered=" + std::to_string(c.delivered) +
           ", queued=" + std::to_string(c.queued) +
           ", discontinuities=" + std::to_string(c.discontinuities) +
           ", tail_samples=" + std::to_string(c.tail_samples) + ")";
}

frame_sink::sptr make_sink(std::int64_t frame_length,
                           std::int64_t hop,
                           std::int64_t queue_frames,
                           const std::variant<drop_policy, std::string>& policy,
                           double gate_db,
                           double hysteresis_db)
{
    const drop_policy chosen =
        std::holds_alternative<drop_policy>(policy)
            ? std::get<drop_policy>(policy)
            : gr::denomae::kernel::parse_drop_policy(std::get<std::string>(policy));
    return frame_sink::make(
        frame_length, hop, queue_frames, chosen, gate_db, hysteresis_db);
}

void bind_batch(py::module& m)
{
    py::class_<frame_batch>(
        m,
        "frame_batch",
        "B frames of N samples, oldest first. Its arrays look into it and keep it alive.")
        .def("__len__", [](const frame_batch& batch) { return batch.size; })
        .def_property_readonly("frames", &frames_of, "complex64 [B, N]")
        .def_property_readonly("sample_offset",
                               field(&frame_batch::sample_offset),
                               "uint64 [B], of the first sample, since the stream began")
        .def_property_readonly("source_offset",
                               field(&frame_batch::source_offset),
                               "uint64 [B], the same in the stream before a rate adapter")
        .def_property_readonly(
            "ratio",
            field(&frame_batch::ratio),
            "float64 [B], samples here of one before a rate adapter; 1 without")
        .def_property_readonly("arrival_ns",
                               field(&frame_batch::arrival_ns),
                               "int64 [B], CLOCK_MONOTONIC when the chunk with the last "
                               "sample entered the block")
        .def_property_readonly("samples_behind",
                               field(&frame_batch::samples_behind),
                               "uint64 [B], samples of that chunk behind the frame")
        .def_property_readonly(
            "rate_hz", field(&frame_batch::rate_hz), "float64 [B], NaN: unknown")
        .def_property_readonly("frequency_hz",
                               field(&frame_batch::frequency_hz),
                               "float64 [B], NaN: unknown")
        .def_property_readonly("time_valid",
                               &time_valid_of,
                               "bool [B], whether an rx_time tag was in force and the "
                               "rate has not changed since; the next three say nothing "
                               "else")
        .def_property_readonly("time_seconds",
                               field(&frame_batch::time_seconds),
                               "uint64 [B], whole seconds of that tag")
        .def_property_readonly("time_fraction",
                               field(&frame_batch::time_fraction),
                               "float64 [B], fractional seconds of that tag")
        .def_property_readonly(
            "time_offset",
            field(&frame_batch::time_offset),
            "uint64 [B], absolute offset of the sample with that tag, before "
            "a rate adapter");
}

void bind_counters(py::module& m)
{
    py::class_<frame_counters>(
        m,
        "frame_counters",
        "What became of the frames since start(): seen == gated + invalid + dropped + "
        "delivered + queued.")
        .def_readonly("seen", &frame_counters::seen, "whole frames cut")
        .def_readonly("gated", &frame_counters::gated, "too weak, or all zero")
        .def_readonly("invalid", &frame_counters::invalid, "with a NaN or an infinity")
        .def_readonly("dropped", &frame_counters::dropped, "no room, or discarded")
        .def_readonly("delivered", &frame_counters::delivered, "handed to pop()")
        .def_readonly("queued", &frame_counters::queued, "waiting now")
        .def_readonly("discontinuities",
                      &frame_counters::discontinuities,
                      "places where framing began anew")
        .def_readonly("tail_samples",
                      &frame_counters::tail_samples,
                      "samples of frames that the stream broke or ended")
        .def("__repr__", &describe);
}

} // namespace

void bind_frame_sink(py::module& m)
{
    py::class_<doorbell, std::shared_ptr<doorbell>>(
        m,
        "doorbell",
        "What one thread waits at for the frames of several sinks. Read rings(), look at "
        "every "
        "sink, then wait(rings, timeout_s): what came meanwhile ends the wait at once.")
        .def(py::init<>())
        .def("ring", &doorbell::ring)
        .def("rings", &doorbell::rings, "How often it has been rung.")
        .def(
            "wait",
            [](const doorbell& bell, std::uint64_t rings, double timeout_s) {
                const std::chrono::duration<double> timeout(timeout_s);
                return bell.wait(rings,
                                 std::chrono::duration_cast<doorbell::duration>(timeout));
            },
            py::arg("rings"),
            py::arg("timeout_s"),
            py::call_guard<py::gil_scoped_release>(),
            "Waits until it has been rung more often than `rings`; whether it was.");
    py::enum_<drop_policy>(
        m, "drop_policy", "Which frame to drop when the queue is full.")
        .value("newest", drop_policy::newest, "drop the oldest queued frame")
        .value("oldest", drop_policy::oldest, "drop the arriving frame")
        .value("block", drop_policy::block, "drop none: hold the stream up");
    bind_batch(m);
    bind_counters(m);

    py::class_<frame_sink,
               gr::sync_block,
               gr::block,
               gr::basic_block,
               std::shared_ptr<frame_sink>>(
        m,
        "frame_sink",
        R"(Sink that cuts complex samples into frames and keeps them for pop().

Args:
    frame_length: samples a frame, >= 1.
    hop: samples from the start of a frame to the start of the next, >= 1.
    queue_frames: frames that wait at most, >= 1.
    policy: "newest", "oldest" or "block", or a drop_policy.
    gate_db: mean power in dB relative to full scale from which frames pass; -inf: no gate.
    hysteresis_db: the open gate closes this far below gate_db, >= 0.

Raises:
    ValueError: a parameter is out of its range.
)")
        .def(py::init(&make_sink),
             py::arg("frame_length"),
             py::arg("hop"),
             py::arg("queue_frames"),
             py::arg("policy") = std::string("newest"),
             py::arg("gate_db") = gr::denomae::kernel::power_gate::always_open,
             py::arg("hysteresis_db") = 3.0)
        .def("frame_length", &frame_sink::frame_length)
        .def("hop", &frame_sink::hop)
        .def("queue_frames", &frame_sink::queue_frames)
        .def("policy", &frame_sink::policy)
        .def("set_gate_db", &frame_sink::set_gate_db, py::arg("gate_db"))
        .def("gate_db", &frame_sink::gate_db)
        .def(
            "set_hysteresis_db", &frame_sink::set_hysteresis_db, py::arg("hysteresis_db"))
        .def("hysteresis_db", &frame_sink::hysteresis_db)
        .def("set_sample_rate",
             &frame_sink::set_sample_rate,
             py::arg("rate_hz"),
             py::arg("settle_samples") = 0,
             "Says what the stream's rate is from the next samples on, whatever the "
             "rx_rate "
             "tags say; nan: theirs. A change while the flowgraph runs is a "
             "discontinuity, "
             "throws settle_samples away and ends the time until the next rx_time.")
        .def("set_center_frequency",
             &frame_sink::set_center_frequency,
             py::arg("frequency_hz"),
             py::arg("settle_samples") = 0,
             "Says what the stream's centre frequency is, in the same way, whatever the "
             "rx_freq tags say; nan: theirs.")
        .def("hold",
             &frame_sink::hold,
             "Announces that rate or frequency are about to change: no frame is cut from "
             "what enters the block from here on, until release().")
        .def("release",
             &frame_sink::release,
             py::arg("rate_hz"),
             py::arg("frequency_hz"),
             py::arg("settle_samples") = 0,
             "Says what the stream is now, as the setters do, and ends hold(), "
             "settle_samples later where the flowgraph ran meanwhile.")
        .def(
            "pop",
            &frame_sink::pop,
            py::arg("max_frames"),
            py::arg("timeout_s"),
            py::call_guard<py::gil_scoped_release>(),
            "Waits for a frame and takes all that are queued, up to max_frames; an empty "
            "batch after timeout_s, or when the flowgraph stops meanwhile.")
        .def("set_bell",
             &frame_sink::set_bell,
             py::arg("bell"),
             "Rung whenever pop() has something new to say; None: no bell.")
        .def("discard",
             &frame_sink::discard,
             "Throws away the queued frames, counted as dropped; how many.")
        .def("counters", &frame_sink::counters)
        .def(
            "work_time_s",
            &frame_sink::work_time_s,
            py::arg("share"),
            "Seconds that this share (0..1) of the calls of work() since start() did not "
            "exceed, to an eighth more; 1: the longest.")
        .def("work_calls",
             &frame_sink::work_calls,
             "How often work() has run since start().")
        .def("run", &frame_sink::run, "How often start() has run.")
        .def("current_run",
             &frame_sink::current_run,
             "The run in progress, or else the one that the next start() will begin.")
        .def("finished",
             &frame_sink::finished,
             py::arg("run"),
             "Whether stop() was called for that run and none of its frames is queued.");
}
