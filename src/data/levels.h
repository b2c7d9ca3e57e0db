// The files of a data set in a folder or somewhat below it, as it comes out of its archive.
#pragma once
#include <filesystem>
#include <functional>
#include <vector>

namespace dcgan {

/// In the order of names. What cannot be entered is empty.
std::vector<std::filesystem::path> entries(const std::filesystem::path& folder);

using Select =
    std::function<std::vector<std::filesystem::path>(const std::vector<std::filesystem::path>&)>;

/// What `select` picks of the folder's entries or, if that is nothing, of those one level below, or
/// two. Hidden folders are not entered.
std::vector<std::filesystem::path> first_level_with(const std::filesystem::path& folder,
                                                    const Select& select);

}  // namespace dcgan
