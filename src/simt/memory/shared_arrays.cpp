#include "simt/memory/shared_arrays.h"

#include <elf.h>
#include <link.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <string_view>

#include "simt/memory/program.h"

namespace simt {
namespace {

struct ThreadLocalSymbol {
  std::size_t offset, bytes;
  std::string name;
};

/// `count` of the file's Ts from a byte on; zeros where it has none.
template <class T>
std::vector<T> read(std::ifstream& file, std::size_t at, std::size_t count) {
  std::vector<T> values(count);
  file.seekg(static_cast<std::streamoff>(at));
  file.read(reinterpret_cast<char*>(values.data()),
            static_cast<std::streamsize>(count * sizeof(T)));
  return values;
}

std::vector<ThreadLocalSymbol> thread_local_symbols(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::vector<ThreadLocalSymbol> symbols;
  const auto header = read<ElfW(Ehdr)>(file, 0, 1).front();
  const auto sections = read<ElfW(Shdr)>(file, header.e_shoff, header.e_shnum);
  for (const auto& section : sections) {
    if (section.sh_type != SHT_SYMTAB) continue;
    const auto& strings = sections.at(section.sh_link);
    const auto names = read<char>(file, strings.sh_offset, strings.sh_size);
    const std::size_t count = section.sh_size / sizeof(ElfW(Sym));
    for (const auto& symbol : read<ElfW(Sym)>(file, section.sh_offset, count))
      if ((symbol.st_info & 0xF) == STT_TLS && symbol.st_shndx != SHN_UNDEF)
        symbols.push_back({symbol.st_value, symbol.st_size, &names[symbol.st_name]});
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
  const std::vector<ThreadLocalSymbol> symbols = thread_local_symbols(this_program().path);
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
  static thread_local char* const storage = this_program().thread_storage;
  return storage;
}

}  // namespace simt
