#include "simt/check/source_lines.h"

#include <link.h>
#if defined(SIMT_HAS_BACKTRACE)
#include <backtrace.h>
#endif

#include <vector>

namespace simt::check {
namespace {

struct Range {
  std::uintptr_t begin, end;
};

/// Of the program or library that this code was linked into.
struct Program {
  std::uintptr_t begin = 0;
  std::vector<Range> constants;
};

int find_program(dl_phdr_info* info, std::size_t, void* result) {
  const auto here = reinterpret_cast<std::uintptr_t>(&find_program);
  Program program{info->dlpi_addr, {}};
  bool mine = false;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = info->dlpi_phdr[i];
    const std::uintptr_t begin = info->dlpi_addr + segment.p_vaddr;
    const Range range{begin, begin + segment.p_memsz};
    if (segment.p_type == PT_LOAD) mine = mine || (here >= range.begin && here < range.end);
    if ((segment.p_type == PT_LOAD && !(segment.p_flags & PF_W)) || segment.p_type == PT_GNU_RELRO)
      program.constants.push_back(range);
  }
  if (mine) *static_cast<Program*>(result) = program;
  return mine;
}

const Program& program() {
  static const Program found = [] {
    Program p;
    dl_iterate_phdr(find_program, &p);
    return p;
  }();
  return found;
}

#if defined(SIMT_HAS_BACKTRACE)
int add_frame(void* text, std::uintptr_t, const char* file, int line, const char*) {
  if (!file) return 0;
  const std::string path = file;
  // Copies of CUDA's vector types belong to whoever copies.
  if (path.ends_with("simt/vector_types.h") || path.ends_with("simt/device_language.h")) return 0;
  std::string& lines = *static_cast<std::string*>(text);
  if (path.ends_with("simt/launch.h")) return 0;
  if (!lines.empty()) lines += " in ";
  lines += path.substr(path.rfind('/') + 1) + ":" + std::to_string(line);
  return 0;
}
#endif

}  // namespace

std::uint32_t place_of(const void* return_address) {
  static const std::uintptr_t begin = program().begin;
  return static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(return_address) - begin);
}

#if defined(SIMT_HAS_BACKTRACE)
std::string source_line(std::uint32_t place) {
  static backtrace_state* const state = backtrace_create_state(
      nullptr, 1, [](void*, const char*, int) {}, nullptr);
  std::string lines;
  // A return address is that of the next instruction.
  backtrace_pcinfo(
      state, program().begin + place - 1, add_frame, [](void*, const char*, int) {}, &lines);
  return lines.empty() ? "a line unknown" : lines;
}
#else  // built without check mode: nobody asks
std::string source_line(std::uint32_t) { return "a line unknown"; }
#endif

bool is_constant(const void* p, std::size_t bytes) {
  const auto at = reinterpret_cast<std::uintptr_t>(p);
  for (const Range& range : program().constants)
    if (at >= range.begin && at + bytes <= range.end) return true;
  return false;
}

}  // namespace simt::check
