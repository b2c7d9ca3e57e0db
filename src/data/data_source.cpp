#include "data/data_source.h"

#include <spdlog/spdlog.h>

#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "data/cifar.h"
#include "data/fitting.h"
#include "data/idx_files.h"
#include "data/picture_files.h"
#include "dcgan/error.h"
#include "io/visible.h"

namespace dcgan {
namespace {

namespace fs = std::filesystem;

bool has_extension(const std::string& file, const char* wanted) {
  std::string extension = fs::path(file).extension().string();
  for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return extension == wanted;
}

}  // namespace

std::string data_place(const Config& config) {
  if (!config.data.empty()) return config.data;
  const char* variable = std::getenv("DCGAN_DATA");
  return variable ? variable : "";
}

DataKind kind_of_data(const std::string& place, int channels, Split split) {
  std::error_code none;
  if (place.empty()) return DataKind::idx;
  if (fs::exists(place, none) && !fs::is_directory(place, none)) {
    for (const char* picture : {".png", ".jpg", ".jpeg"})
      if (has_extension(place, picture)) return DataKind::pictures;  // which names the folder
    return has_extension(place, ".bin") ? DataKind::cifar : DataKind::idx;
  }
  if (has_idx_files(place, split)) return DataKind::idx;
  if (!find_cifar_files(place, split).empty()) return DataKind::cifar;
  if (channels != 1) return DataKind::pictures;
  const bool has_pictures = fs::is_directory(place, none) && !find_pictures(place).paths.empty();
  return has_pictures ? DataKind::pictures : DataKind::idx;
}

Dataset read_data(const Config& config, const ImagesWanted& wanted, Split split) {
  const std::string place = data_place(config);
  Dataset data;
  switch (kind_of_data(place, wanted.channels, split)) {
    case DataKind::idx:
      data = read_idx_dataset(place, split);
      break;
    case DataKind::cifar:
      data = read_cifar_dataset(place, split);
      break;
    case DataKind::pictures:
      if (split == Split::test)
        throw Error(place +
                    ": pictures in folders have no test images; name a data set that has, of IDX "
                    "or CIFAR files, with --data");
      data = read_image_folder(place, wanted.size, config, wanted.channels, wanted.most_bytes);
      break;
  }
  if (wanted.channels == 3 && wanted.may_be_grey && is_grey(data))
    spdlog::warn("{}: the pictures are grey: --set channels=1 trains on them in less time",
                 visible(data.name));
  if (wanted.any_size) fit(data, wanted.size, wanted.channels, config, wanted.most_bytes);
  return data;
}

}  // namespace dcgan
