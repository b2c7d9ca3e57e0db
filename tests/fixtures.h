// Where the recorded data lie that tests compare with.
#pragma once
#include <filesystem>
#include <string>
#include <system_error>

namespace dcgan::test {

/// The path of tests/fixtures/`name`: in a bundle beside the program's folder (bin/, fixtures/),
/// else where it lay when the tests were built.
inline std::string fixture(const std::string& name) {
  namespace fs = std::filesystem;
  std::error_code none;
  const fs::path carried =
      fs::read_symlink("/proc/self/exe", none).parent_path().parent_path() / "fixtures" / name;
  return fs::exists(carried, none) ? carried.string() : DCGAN_FIXTURES "/" + name;
}

}  // namespace dcgan::test
