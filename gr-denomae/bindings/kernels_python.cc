/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * denomae._kernels: the kernels that need no GNU Radio.
 */
#include <gnuradio/denomae/kernels/constellation_raster.h>
#include <list>
#include <memory>
#include <mutex>
#include <pybind11/complex.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

// BINDTOOL_HEADER_FILE(kernels/include/gnuradio/denomae/kernels/constellation_raster.h)
// BINDTOOL_HEADER_FILE_HASH(164d826aebf8cf9ce631050874d0992e)

namespace py = pybind11;
using gr::denomae::kernel::constellation_raster;
using gr::denomae::kernel::raster_spec;

namespace {

using samples_array = py::array_t<std::complex<float>, py::array::c_style>;

// The tables of a spec take milliseconds to build; a program draws with one or two.
std::shared_ptr<const constellation_raster> raster_for(const raster_spec& spec)
{
    constexpr std::size_t kept = 8;
    static std::mutex mutex;
    static std::list<std::shared_ptr<const constellation_raster>> recent;

    std::lock_guard<std::mutex> lock(mutex);
    for (auto it = recent.begin(); it != recent.end(); ++it) {
        if ((*it)->spec() == spec) {
            recent.splice(recent.begin(), recent, it);
            return recent.front();
        }
    }
    recent.push_front(std::make_shared<const constellation_raster>(spec));
    if (recent.size() > kept) {
        recent.pop_back();
    }
    return recent.front();
}

std::string describe(const py::handle& object)
{
    if (!py::isinstance<py::array>(object)) {
        return py::str(py::type::of(object).attr("__name__"));
    }
    return std::string(py::str(object.attr("dtype"))) + " " +
           std::string(py::str(object.attr("shape")));
}

samples_array checked_frames(const py::object& frames)
{
    if (!py::isinstance<py::array>(frames) ||
        !py::cast<py::array>(frames).dtype().is(py::dtype::of<std::complex<float>>()) ||
        py::cast<py::array>(frames).ndim() != 2) {
        throw py::type_error("frames is " + describe(frames) +
                             ", wanted a numpy array of complex64 [B, N]");
    }
    return samples_array::ensure(frames);
}

py::array_t<float> raster(const py::object& frames,
                          int height,
                          int width,
                          double extent,
                          const std::vector<double>& decay_px,
                          const std::vector<int>& half_size_px,
                          int threads)
{
    const samples_array samples = checked_frames(frames);
    if (threads < 1) {
        throw std::invalid_argument("threads is " + std::to_string(threads) +
                                    ", wanted at least 1");
    }
    raster_spec spec{ height, width, extent, decay_px, half_size_px };
    std::shared_ptr<const constellation_raster> drawer;
    {
        py::gil_scoped_release release;
        drawer = raster_for(spec);
    }
    const auto batch = samples.shape(0);
    const auto length = samples.shape(1);
    py::array_t<float> images(std::vector<py::ssize_t>{
        batch, static_cast<py::ssize_t>(spec.channels()), height, width });
    const std::complex<float>* from = samples.data();
    float* to = images.mutable_data();
    {
        py::gil_scoped_release release;
        drawer->draw(from, batch, length, to, threads);
    }
    return images;
}

} // namespace

PYBIND11_MODULE(_kernels, m)
{
    m.doc() = "Compiled kernels of denomae; they need no GNU Radio.";
    m.def("raster",
          &raster,
          py::arg("frames"),
          py::arg("height"),
          py::arg("width"),
          py::arg("extent"),
          py::arg("decay_px"),
          py::arg("half_size_px"),
          py::arg("threads") = 1,
          R"(Constellation images of frames, within 1/255 of their definition.

I runs along x and Q upward along y over [-extent, extent]: pixel (row i, column j) has its centre
at I = -extent + (j + 0.5) * 2 * extent / width and Q = extent - (i + 0.5) * 2 * extent / height.
In each channel a sample adds exp(-d / decay) to the (2 * half_size + 1)^2 pixels around the one
that contains it, d being its distance in pixels to the pixel's centre. What falls outside is cut
off, then each channel is divided by its maximum; an empty one stays zero. Samples that are not
finite add nothing. The interpreter lock is released.

Args:
    frames: complex64 [B, N].
    height, width: pixels, 1 to 8192.
    extent: amplitude at the image's edge, > 0.
    decay_px: C decay lengths, pixels, >= 0.05.
    half_size_px: C half-sizes of the window, pixels, 0 to 1024.
    threads: at most so many threads share the frames, >= 1.

Returns:
    float32 [B, C, height, width] in 0..1.

Raises:
    TypeError: frames is not a complex64 array of two dimensions.
    ValueError: another argument is out of its range.
)");
}
