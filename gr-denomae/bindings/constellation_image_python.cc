/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/denomae/constellation_image.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

// BINDTOOL_HEADER_FILE(include/gnuradio/denomae/constellation_image.h)
// BINDTOOL_HEADER_FILE_HASH(72c45cc9acfee0539165efdc5d8b1920)

namespace py = pybind11;
using gr::denomae::constellation_image;
using gr::denomae::drawn_image;

namespace {

py::dict counters(const constellation_image& block)
{
    const auto counted = block.counters();
    py::dict found;
    found["images"] = counted.images;
    found["invalid"] = counted.invalid;
    found["zeros"] = counted.zeros;
    return found;
}

py::tuple latest(const constellation_image& block, std::uint64_t after)
{
    drawn_image drawn;
    {
        py::gil_scoped_release release;
        drawn = block.latest(after);
    }
    if (drawn.bytes.empty()) {
        return py::make_tuple(drawn.number, py::none());
    }
    return py::make_tuple(
        drawn.number, py::array_t<std::uint8_t>(drawn.bytes.size(), drawn.bytes.data()));
}

} // namespace

void bind_constellation_image(py::module& m)
{
    py::class_<constellation_image,
               gr::block,
               gr::basic_block,
               std::shared_ptr<constellation_image>>(
        m, "constellation_image", "Draws constellation images: the C++ side.")
        .def(py::init(&constellation_image::make),
             py::arg("frame_length"),
             py::arg("hop"),
             py::arg("height"),
             py::arg("width"),
             py::arg("extent"),
             py::arg("decay_px"),
             py::arg("half_size_px"),
             py::arg("images_per_second"))
        .def("set_images_per_second",
             &constellation_image::set_images_per_second,
             py::arg("images_per_second"))
        .def("images_per_second", &constellation_image::images_per_second)
        .def("counters", &counters)
        .def("latest", &latest, py::arg("after"));
}
