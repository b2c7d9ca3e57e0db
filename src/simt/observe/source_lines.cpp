#include "simt/observe/source_lines.h"

#if defined(SIMT_HAS_BACKTRACE)
#include <backtrace.h>
#include <cxxabi.h>
#endif

#include <cstdlib>
#include <memory>
#include <regex>

#include "simt/memory/program.h"

namespace simt::observe {
namespace {

const Program& program() {
  static const Program found = this_program();
  return found;
}

#if defined(SIMT_HAS_BACKTRACE)
/// The frames of one place, from the inside out.
struct Frames {
  std::string lines, last_of_machine;
};

int add_frame(void* frames, std::uintptr_t, const char* file, int line, const char*) {
  if (!file) return 0;
  const std::string path = file;
  auto& found = *static_cast<Frames*>(frames);
  const std::string text = path.substr(path.rfind('/') + 1) + ":" + std::to_string(line);
  // Copies of CUDA's vector types belong to whoever copies.
  for (const char* own : {"simt/language/vector_types.h", "simt/language/device_language.h",
                          "simt/language/launch.h"})
    if (path.ends_with(own)) {
      found.last_of_machine = text;
      return 0;
    }
  if (!found.lines.empty()) found.lines += " in ";
  found.lines += text;
  return 0;
}

void ignore_error(void*, const char*, int) {}

backtrace_state* debug_information() {
  static backtrace_state* const state = backtrace_create_state(nullptr, 1, ignore_error, nullptr);
  return state;
}
#endif

}  // namespace

std::uint32_t place_of(const void* return_address) {
  static const std::uintptr_t begin = program().begin;
  return static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(return_address) - begin);
}

#if defined(SIMT_HAS_BACKTRACE)
std::string source_line(std::uint32_t place) {
  Frames frames;
  // A return address is that of the next instruction.
  backtrace_pcinfo(debug_information(), program().begin + place - 1, add_frame, ignore_error,
                   &frames);
  if (!frames.lines.empty()) return frames.lines;
  return frames.last_of_machine.empty() ? "a line unknown" : frames.last_of_machine;
}

std::string function_name(const void* code) {
  std::string name;
  backtrace_syminfo(
      debug_information(), reinterpret_cast<std::uintptr_t>(code),
      [](void* result, std::uintptr_t, const char* symbol, std::uintptr_t, std::uintptr_t) {
        if (symbol) *static_cast<std::string*>(result) = symbol;
      },
      ignore_error, &name);
  const std::unique_ptr<char, void (*)(void*)> readable(
      abi::__cxa_demangle(name.c_str(), nullptr, nullptr, nullptr), std::free);
  if (!readable) return name;
  // "void dcgan::simt::(anonymous namespace)::gather_kernel<4>(dcgan::Gather)"
  name = std::regex_replace(std::string(readable.get()),
                            std::regex(R"((\(anonymous namespace\)|\w+)::|^void )"), "");
  return name.substr(0, name.find('('));
}
#else  // built without check mode: nobody asks
std::string source_line(std::uint32_t) { return "a line unknown"; }
std::string function_name(const void*) { return "a function unknown"; }
#endif

bool is_constant(const void* p, std::size_t bytes) {
  const auto at = reinterpret_cast<std::uintptr_t>(p);
  for (const Program::Range& range : program().constants)
    if (at >= range.begin && at + bytes <= range.end) return true;
  return false;
}

}  // namespace simt::observe
