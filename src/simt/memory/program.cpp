#include "simt/memory/program.h"

#include <link.h>

namespace simt {
namespace {

/// Describes one of the process's programs and libraries; whether this code is in it.
int describe(dl_phdr_info* info, std::size_t, void* result) {
  const auto here = reinterpret_cast<std::uintptr_t>(&describe);
  auto& program = *static_cast<Program*>(result);
  program = {info->dlpi_name && *info->dlpi_name ? info->dlpi_name : "/proc/self/exe",
             info->dlpi_addr,
             static_cast<char*>(info->dlpi_tls_data),
             {}};
  bool mine = false;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = info->dlpi_phdr[i];
    const std::uintptr_t begin = info->dlpi_addr + segment.p_vaddr;
    const Program::Range range{begin, begin + segment.p_memsz};
    if (segment.p_type == PT_LOAD) mine = mine || (here >= range.begin && here < range.end);
    if ((segment.p_type == PT_LOAD && !(segment.p_flags & PF_W)) || segment.p_type == PT_GNU_RELRO)
      program.constants.push_back(range);
  }
  return mine;
}

}  // namespace

Program this_program() {
  Program found;
  dl_iterate_phdr(describe, &found);
  return found;
}

}  // namespace simt
