/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Labels to GNU Radio messages and back: in one call, because a label has thirty values and each
 * call from Python into PMT costs a microsecond of the interpreter lock. What a label's message
 * is says gnuradio/denomae/pdu.py, which these two serve.
 */
#include <array>
#include <cstdint>
#include <pmt/pmt.h>
#include <pybind11/pybind11.h>
#include <string>
#include <utility>
#include <vector>

namespace py = pybind11;

namespace {

constexpr int deepest = 64; // of a nest in a message; a label's has two levels

enum class kind { symbol, count, number, probabilities, time, warnings };

struct field {
    const char* name;
    kind is;
};

constexpr std::array<field, 19> fields{ {
    { "schema", kind::symbol },
    { "source", kind::symbol },
    { "sequence", kind::count },
    { "label", kind::symbol },
    { "confidence", kind::number },
    { "family", kind::symbol },
    { "family_confidence", kind::number },
    { "verdict", kind::symbol },
    { "probabilities", kind::probabilities },
    { "snr_db", kind::number },
    { "sample_offset", kind::count },
    { "sample_count", kind::count },
    { "time", kind::time },
    { "center_frequency_hz", kind::number },
    { "sample_rate_hz", kind::number },
    { "model", kind::symbol },
    { "dropped_frames", kind::count },
    { "latency_ms", kind::number },
    { "warnings", kind::warnings },
} };

pmt::pmt_t symbol_of(const py::handle& text)
{
    Py_ssize_t size = 0;
    const char* bytes = PyUnicode_AsUTF8AndSize(text.ptr(), &size);
    if (!bytes) {
        throw py::error_already_set();
    }
    return pmt::intern(std::string(bytes, size));
}

pmt::pmt_t count_of(const py::handle& value)
{
    const auto whole = py::reinterpret_steal<py::object>(PyNumber_Index(value.ptr()));
    if (!whole) {
        throw py::error_already_set();
    }
    const unsigned long long count = PyLong_AsUnsignedLongLong(whole.ptr());
    if (PyErr_Occurred()) {
        throw py::error_already_set();
    }
    return pmt::from_uint64(count);
}

double double_of(const py::handle& value)
{
    const double number = PyFloat_AsDouble(value.ptr());
    if (number == -1.0 && PyErr_Occurred()) {
        throw py::error_already_set();
    }
    return number;
}

pmt::pmt_t number_of(const py::handle& value)
{
    return value.is_none() ? pmt::PMT_NIL : pmt::from_double(double_of(value));
}

pmt::pmt_t time_of(const py::handle& value)
{
    if (value.is_none()) {
        return pmt::PMT_NIL;
    }
    const auto time = py::cast<py::tuple>(value);
    const long long seconds = py::cast<long long>(time[0]);
    return pmt::make_tuple(seconds >= 0 ? pmt::from_uint64(seconds)
                                        : pmt::from_long(seconds),
                           pmt::from_double(double_of(time[1])));
}

pmt::pmt_t text_of(const py::handle& text)
{
    if (!PyBytes_Check(text.ptr())) {
        return symbol_of(text);
    }
    return pmt::init_u8vector(
        PyBytes_GET_SIZE(text.ptr()),
        reinterpret_cast<const std::uint8_t*>(PyBytes_AS_STRING(text.ptr())));
}

pmt::pmt_t warnings_of(const py::list& texts)
{
    const pmt::pmt_t vector = pmt::make_vector(texts.size(), pmt::PMT_NIL);
    for (std::size_t i = 0; i < texts.size(); ++i) {
        pmt::vector_set(vector, i, text_of(texts[i]));
    }
    return vector;
}

using entries = std::vector<std::pair<pmt::pmt_t, pmt::pmt_t>>;

pmt::pmt_t dictionary_of(const entries& listed)
{
    pmt::pmt_t dictionary = pmt::make_dict();
    for (auto it = listed.rbegin(); it != listed.rend();
         ++it) { // its newest key is first
        dictionary = pmt::acons(it->first, it->second, dictionary);
    }
    return dictionary;
}

pmt::pmt_t label_message(const py::object& label,
                         const py::object& time,
                         const py::list& warnings)
{
    static const std::vector<pmt::pmt_t> keys = [] {
        std::vector<pmt::pmt_t> symbols;
        for (const field& one : fields) {
            symbols.push_back(pmt::intern(one.name));
        }
        return symbols;
    }();

    std::vector<float> vector;
    entries listed;
    listed.reserve(fields.size());
    for (std::size_t i = 0; i < fields.size(); ++i) {
        const py::object value = label.attr(fields[i].name);
        pmt::pmt_t message;
        switch (fields[i].is) {
        case kind::symbol:
            message = symbol_of(value);
            break;
        case kind::count:
            message = count_of(value);
            break;
        case kind::number:
            message = number_of(value);
            break;
        case kind::probabilities: {
            entries shares;
            for (const auto& [name, share] : py::cast<py::dict>(value)) {
                shares.emplace_back(symbol_of(name), pmt::from_double(double_of(share)));
                vector.push_back(static_cast<float>(double_of(share)));
            }
            message = dictionary_of(shares);
            break;
        }
        case kind::time:
            message = time_of(time);
            break;
        case kind::warnings:
            message = warnings_of(warnings);
            break;
        }
        listed.emplace_back(keys[i], message);
    }
    return pmt::cons(dictionary_of(listed),
                     pmt::init_f32vector(vector.size(), vector.data()));
}

py::object plain(const pmt::pmt_t& value, int depth);

py::object plain_text(const char* bytes, std::size_t size, const char* errors)
{
    PyObject* text = PyUnicode_DecodeUTF8(bytes, static_cast<Py_ssize_t>(size), errors);
    if (!text) {
        throw py::error_already_set();
    }
    return py::reinterpret_steal<py::object>(text);
}

py::object plain_symbol(const pmt::pmt_t& symbol)
{
    const std::string text = pmt::symbol_to_string(symbol);
    return plain_text(text.data(), text.size(), "strict");
}

py::object plain_dictionary(const pmt::pmt_t& dictionary, int depth)
{
    py::dict result;
    for (pmt::pmt_t rest = dictionary; pmt::is_pair(rest); rest = pmt::cdr(rest)) {
        const pmt::pmt_t entry = pmt::car(rest);
        const pmt::pmt_t key = pmt::car(entry);
        if (!pmt::is_symbol(key)) {
            continue;
        }
        const std::string name = pmt::symbol_to_string(key);
        const py::object value = plain(pmt::cdr(entry), depth + 1);
        const py::object text = plain_text(name.data(), name.size(), "strict");
        if (!PyDict_SetDefault(
                result.ptr(), text.ptr(), value.ptr())) { // the newest counts
            throw py::error_already_set();
        }
    }
    return result;
}

py::object plain(const pmt::pmt_t& value, int depth)
{
    if (depth > deepest) {
        throw py::value_error("it is nested too deeply");
    }
    if (pmt::is_real(value)) {
        return py::float_(pmt::to_double(value));
    }
    if (pmt::is_uint64(value)) {
        return py::int_(pmt::to_uint64(value));
    }
    if (pmt::is_symbol(value)) {
        return plain_symbol(value);
    }
    if (pmt::is_null(value)) {
        return py::none();
    }
    if (pmt::is_integer(value)) {
        return py::int_(pmt::to_long(value));
    }
    if (pmt::is_tuple(value)) {
        py::tuple result(pmt::length(value));
        for (std::size_t i = 0; i < result.size(); ++i) {
            result[i] = plain(pmt::tuple_ref(value, i), depth + 1);
        }
        return std::move(result);
    }
    if (pmt::is_u8vector(value)) {
        std::size_t size = 0;
        const std::uint8_t* bytes = pmt::u8vector_elements(value, size);
        return plain_text(reinterpret_cast<const char*>(bytes), size, "replace");
    }
    if (pmt::is_vector(value)) {
        py::list result(pmt::length(value));
        for (std::size_t i = 0; i < result.size(); ++i) {
            result[i] = plain(pmt::vector_ref(value, i), depth + 1);
        }
        return std::move(result);
    }
    if (pmt::is_dict(value)) {
        return plain_dictionary(value, depth);
    }
    return py::cast(value);
}

} // namespace

void bind_label_message(py::module& m)
{
    m.def("label_message",
          &label_message,
          py::arg("label"),
          py::arg("time"),
          py::arg("warnings"),
          R"(cons(dict, f32vector of the probabilities) of a label.

Args:
    label: has the keys of denomae.label/1 as attributes.
    time: (seconds, fraction) in place of the label's own, or None.
    warnings: list of str and bytes in place of the label's own: symbols and u8vectors.
)");
    m.def(
        "is_label_message",
        [](const pmt::pmt_t& message) {
            return pmt::is_pair(message) && pmt::is_dict(pmt::car(message)) &&
                   pmt::is_f32vector(pmt::cdr(message));
        },
        py::arg("message"),
        "Whether it is a pair of a dictionary and an f32vector.");
    m.def(
        "plain",
        [](const pmt::pmt_t& value) { return plain(value, 0); },
        py::arg("value"),
        R"(Plain Python of a PMT, where it is of a kind that a label may hold; else the PMT itself.

Of a dictionary the keys that are symbols, each with its newest value.

Raises:
    ValueError: a text is no UTF-8, or the nest is too deep.
)");
}
