// The machine's settings and state.
#include "simt/machine.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <map>
#include <sstream>
#include <stdexcept>

#include "simt/machine_state.h"
#include "simt/runtime/call.h"

namespace simt {
namespace {

// CUDA C++ Programming Guide, "Technical Specifications per Compute Capability"; processors of a
// GTX 1080 Ti, T4, A100, RTX A6000, RTX 4090, H100, B200 and RTX 5090.
constexpr DeviceLimits known_devices[] = {
    {61, 28, 48 << 10},  {75, 40, 64 << 10},   {80, 108, 163 << 10},  {86, 84, 99 << 10},
    {89, 128, 99 << 10}, {90, 132, 227 << 10}, {100, 148, 227 << 10}, {120, 170, 99 << 10},
};

}  // namespace

const DeviceLimits& limits(int capability) {
  for (const DeviceLimits& d : known_devices)
    if (d.capability == capability) return d;
  throw std::invalid_argument("DCGAN_SIMT: no device of compute capability " +
                              std::to_string(capability / 10) + "." +
                              std::to_string(capability % 10) +
                              " is known; 6.1, 7.5, 8.0, 8.6, 8.9, 9.0, 10.0 and 12.0 are");
}

Settings settings_of_environment() {
  static const std::map<std::string, Order> orders{
      {"forward", Order::forward}, {"reverse", Order::reverse}, {"random", Order::random}};
  Settings s;
  const char* blocking = std::getenv("CUDA_LAUNCH_BLOCKING");
  s.blocking = blocking && std::string(blocking) == "1";
  const char* list = std::getenv("DCGAN_SIMT");
  std::istringstream items(list ? list : "");
  for (std::string item; std::getline(items, item, ',');) {
    const std::string key = item.substr(0, item.find('='));
    const std::string value = item.size() > key.size() ? item.substr(key.size() + 1) : "";
    try {
      if (key == "order")
        s.order = orders.at(value);
      else if (key == "seed")
        s.seed = std::stoull(value);
      else if (key == "workers")
        s.workers = std::clamp(std::stoi(value), 0, 1024);
      else if (key == "device")
        s.capability = static_cast<int>(std::stod(value) * 10 + 0.5);
      else if (key == "devices")
        s.devices = std::clamp(std::stoi(value), 1, 64);
      else
        throw std::invalid_argument(item);
    } catch (const std::exception&) {
      throw std::invalid_argument("DCGAN_SIMT: '" + item +
                                  "' is none of order=forward|reverse|random, seed=N, workers=N, "
                                  "device=8.0, devices=N");
    }
  }
  limits(s.capability);
  return s;
}

Machine& machine() {
  static auto* const all = new Machine;  // outlives what static destructors still release
  return *all;
}

Settings settings() { return machine().settings; }

void set_settings(const Settings& s) {
  limits(s.capability);
  machine().settings = s;
}

void on_launch(std::function<void(const LaunchRecord&)> observer) {
  machine().on_launch = std::move(observer);
}

void set_event_clock(std::function<double()> milliseconds) {
  machine().event_clock_ms = std::move(milliseconds);
}

double event_clock_ms() {
  if (machine().event_clock_ms) return machine().event_clock_ms();
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double, std::milli>(now).count();
}

void forget_failure() {
  Machine& m = machine();
  m.queue.clear();
  m.failure.clear();
  last_error() = cudaSuccess;
}

std::string failure() { return machine().failure; }

}  // namespace simt
