#include "simt/memory/shared_arrays.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <string_view>

namespace simt {
namespace {

/// The program or library that this code was linked into.
struct Module {
  std::string path;
  std::size_t tls_index = 0;
  char* tls = nullptr;  // of the calling thread
};

int find_module(dl_phdr_info* info, std::size_t, void* result) {
  const auto here = reinterpret_cast<ElfW(Addr)>(&find_module);
  bool mine = false;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = info->dlpi_phdr[i];
    const ElfW(Addr) begin = info->dlpi_addr + segment.p_vaddr;
    mine = mine || (segment.p_type == PT_LOAD && here >= begin && here < begin + segment.p_memsz);
  }
  if (!mine) return 0;
  *static_cast<Module*>(result) = {
      info->dlpi_name && *info->dlpi_name ? info->dlpi_name : "/proc/self/exe",
      info->dlpi_tls_modid, static_cast<char*>(info->dlpi_tls_data)};
  return 1;
}

Module module() {
  Module found;
  dl_iterate_phdr(find_module, &found);
  return found;
}

struct ThreadLocalSymbol {
  std::size_t offset, bytes;
  std::string name;
};

/// A file mapped into memory: only the pages that are used are read, and a program with debug
/// information has a hundred megabytes.
class MappedFile {
 public:
  explicit MappedFile(const std::string& path) {
    const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat status {};
    if (file >= 0 && fstat(file, &status) == 0 && status.st_size > 0) {
      void* memory =
          mmap(nullptr, static_cast<std::size_t>(status.st_size), PROT_READ, MAP_PRIVATE, file, 0);
      if (memory != MAP_FAILED)
        bytes_ = {static_cast<const char*>(memory), static_cast<std::size_t>(status.st_size)};
    }
    if (file >= 0) close(file);
  }
  ~MappedFile() {
    if (!bytes_.empty()) munmap(const_cast<char*>(bytes_.data()), bytes_.size());
  }
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  std::string_view bytes() const { return bytes_; }

 private:
  std::string_view bytes_;
};

std::vector<ThreadLocalSymbol> thread_local_symbols(const std::string& path) {
  const MappedFile file(path);
  const std::string_view image = file.bytes();
  std::vector<ThreadLocalSymbol> symbols;
  const auto at = [&](std::size_t offset) { return image.data() + offset; };
  if (image.size() < sizeof(ElfW(Ehdr))) return symbols;
  const auto* header = reinterpret_cast<const ElfW(Ehdr)*>(at(0));
  const auto* sections = reinterpret_cast<const ElfW(Shdr)*>(at(header->e_shoff));
  for (int s = 0; s < header->e_shnum; ++s) {
    if (sections[s].sh_type != SHT_SYMTAB) continue;
    const char* names = at(sections[sections[s].sh_link].sh_offset);
    const auto* table = reinterpret_cast<const ElfW(Sym)*>(at(sections[s].sh_offset));
    for (std::size_t i = 0; i < sections[s].sh_size / sizeof(ElfW(Sym)); ++i)
      if ((table[i].st_info & 0xF) == STT_TLS && table[i].st_shndx != SHN_UNDEF)
        symbols.push_back({table[i].st_value, table[i].st_size, names + table[i].st_name});
  }
  std::sort(symbols.begin(), symbols.end(),
            [](const auto& a, const auto& b) { return a.offset < b.offset; });
  return symbols;
}

constexpr std::string_view red_zone_name = "simt_red_zone_";

/// The function part of a red zone's mangled name, _ZZ<function>E<length>simt_red_zone_<line>;
/// empty for other symbols.
std::string function_of_red_zone(const std::string& symbol) {
  const std::size_t at = symbol.find(red_zone_name);
  if (at == std::string::npos) return "";
  const std::size_t end = symbol.find_last_not_of("0123456789", at - 1);
  return end == std::string::npos ? "" : symbol.substr(0, end + 1);
}

/// A function's thread-local variables are its shared arrays where it has a red zone.
std::vector<SharedArray> find_shared_arrays() {
  const std::vector<ThreadLocalSymbol> symbols = thread_local_symbols(module().path);
  std::set<std::string> functions;
  for (const ThreadLocalSymbol& symbol : symbols) {
    const std::string function = function_of_red_zone(symbol.name);
    if (!function.empty()) functions.insert(function);
  }
  std::vector<SharedArray> arrays;
  for (const ThreadLocalSymbol& symbol : symbols) {
    if (symbol.name.find(red_zone_name) != std::string::npos) continue;
    const auto next = functions.upper_bound(symbol.name);
    if (next != functions.begin() && symbol.name.starts_with(*std::prev(next)))
      arrays.push_back({symbol.offset, symbol.bytes, symbol.name});
  }
  return arrays;
}

}  // namespace

const std::vector<SharedArray>& shared_arrays() {
  static const std::vector<SharedArray> arrays = find_shared_arrays();
  return arrays;
}

char* thread_storage() {
  static thread_local char* const storage = module().tls;
  return storage;
}

}  // namespace simt
