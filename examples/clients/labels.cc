/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Prints labels that a flowgraph publishes by ZMQ, a line each, and says at Ctrl-C how many it
 * missed. Needs ZMQ and a JSON parser, and nothing of this project:
 *
 *   sudo apt install g++ cppzmq-dev nlohmann-json3-dev
 *   g++ -std=c++17 -O2 labels.cc -lzmq -o labels
 *   ./labels tcp://127.0.0.1:5757
 */
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <zmq.hpp>

using nlohmann::json;

namespace {

constexpr std::int64_t LARGEST_LABEL = 1'000'000; // bytes; more is no label
constexpr int PATIENCE_MS = 500;                  // between two looks at Ctrl-C
volatile std::sig_atomic_t interrupted = 0;

//! What comes after the topic, put together; empty if there is only one part.
std::string body_of_next_message(zmq::socket_t& socket)
{
    zmq::message_t part;
    std::string body;
    (void)socket.recv(part); // the topic, or nothing in time
    while (part.more()) {
        (void)socket.recv(part);
        body += part.to_string_view();
    }
    return body;
}

//! Such as "2026-03-01T12:00:00.501024000Z  qpsk 97%  12.5 dB  433.920000 MHz".
std::string line(const json& label)
{
    // the family of an unknown is still a good guess
    const bool is_unknown = label.at("verdict") == "unknown";
    const std::string what = is_unknown ? "family" : "label";
    const std::string name = label.at(what).get<std::string>() + (is_unknown ? "?" : "");
    const double sure = label.at(is_unknown ? "family_confidence" : "confidence");
    const json& time = label.at("time");
    std::string text =
        time.is_null()
            ? "sample " + std::to_string(label.at("sample_offset").get<std::uint64_t>())
            : time.get<std::string>();
    char number[64];
    std::snprintf(number, sizeof number, " %.0f%%", 100 * sure);
    text += "  " + name + number;
    if (const json& snr = label.at("snr_db"); !snr.is_null()) {
        std::snprintf(number, sizeof number, "  %.1f dB", snr.get<double>());
        text += number;
    }
    if (const json& frequency = label.at("center_frequency_hz"); !frequency.is_null()) {
        std::snprintf(number, sizeof number, "  %.6f MHz", frequency.get<double>() / 1e6);
        text += number;
    }
    return text;
}

} // namespace

int main(int count, char** arguments)
{
    std::signal(SIGINT, [](int) { interrupted = 1; });
    zmq::context_t context;
    zmq::socket_t socket(context, zmq::socket_type::sub);
    socket.set(zmq::sockopt::maxmsgsize, LARGEST_LABEL);
    socket.set(zmq::sockopt::rcvtimeo, PATIENCE_MS);
    socket.set(zmq::sockopt::subscribe, "denomae/label");
    try {
        socket.connect(count > 1 ? arguments[1] : "tcp://127.0.0.1:5757");
    } catch (const zmq::error_t& error) {
        std::fprintf(
            stderr, "%s is no address that ZMQ knows: %s\n", arguments[1], error.what());
        return 2;
    }
    std::map<std::string, std::uint64_t> last; // the last number of each source
    std::uint64_t missed = 0;                  // labels that never came
    while (!interrupted) {
        try {
            const json label = json::parse(body_of_next_message(socket));
            if (label.at("schema") != "denomae.label/1") {
                continue;
            }
            const std::string text = line(label);
            const std::uint64_t number = label.at("sequence");
            const auto before = last.find(label.at("source"));
            if (before != last.end() &&
                number > before->second) { // a smaller one: it began anew
                missed += number - before->second - 1;
            }
            last[label.at("source")] = number;
            std::puts(text.c_str());
            std::fflush(stdout);
        } catch (const json::exception&) {
            continue; // no label
        } catch (const zmq::error_t& error) {
            if (error.num() != EINTR) { // Ctrl-C
                throw;
            }
        }
    }
    std::printf("%llu labels missed\n", static_cast<unsigned long long>(missed));
}
