#include "cli/evaluate_sheets.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "evaluate/classes.h"
#include "image/image.h"
#include "plot/figure.h"

namespace dcgan::cli {
namespace {

constexpr int columns = 10, shown_samples = 10, shown_neighbours = 5;
constexpr std::size_t picture_size = std::size_t{judged_side} * judged_side;

ImageBatch batch_of(std::span<const std::uint8_t> pixels) {
  return {pixels, static_cast<int>(pixels.size() / picture_size), judged_side, judged_side, 1};
}

/// Nobody chose these samples: a sheet of those that the judge is surest of would flatter.
Image classes_sheet(const Evaluation& e, const Samples& samples) {
  const auto shown = first_of_each_class(e.generated.classes, std::ssize(e.generated.shares),
                                         std::size_t{columns});
  std::vector<SheetRow> rows;
  for (std::size_t i = 0; i < shown.size(); ++i)
    rows.push_back({e.class_name(i), {shown[i].begin(), shown[i].end()}, {}});
  return sheet_figure(batch_of(samples.pixels), rows, columns,
                      {"Samples by class, as the judge sees them",
                       fmt::format("the first {} of each class in the order in which they were "
                                   "drawn, not the best",
                                   columns)});
}

/// The first of each class where each can have one, else the first of all.
std::vector<std::size_t> shown_beside_neighbours(const Evaluation& e) {
  std::vector<std::size_t> shown;
  if (e.generated.shares.size() == shown_samples) {
    for (const auto& first : first_of_each_class(e.generated.classes, shown_samples, 1))
      shown.insert(shown.end(), first.begin(), first.end());
  } else {
    const auto n = std::min<std::size_t>(shown_samples, e.generated.classes.size());
    for (std::size_t i = 0; i < n; ++i) shown.push_back(i);
  }
  return shown;
}

Image neighbours_sheet(const Evaluation& e, const Samples& samples, const Dataset& training,
                       int threads) {
  const std::vector<std::size_t> shown = shown_beside_neighbours(e);
  std::vector<std::uint8_t> chosen;
  for (const std::size_t i : shown) {
    const auto pixels = std::span(samples.pixels).subspan(i * picture_size, picture_size);
    chosen.insert(chosen.end(), pixels.begin(), pixels.end());
  }
  const auto found = nearest(chosen, training.pixels, picture_size, shown_neighbours, threads);
  std::vector<std::uint8_t> all = chosen;  // and then their neighbours
  std::vector<SheetRow> rows;
  for (std::size_t i = 0; i < shown.size(); ++i) {
    const auto of_class = static_cast<std::size_t>(e.generated.classes[shown[i]]);
    SheetRow row{e.class_name(of_class), {static_cast<int>(i)}, {"sample"}};
    for (const Neighbour& one : found[i]) {
      row.images.push_back(static_cast<int>(all.size() / picture_size));
      row.captions.push_back(fmt::format("{:.2f}", one.distance));
      const std::uint8_t* pixels = training.image(one.index);
      all.insert(all.end(), pixels, pixels + picture_size);
    }
    rows.push_back(row);
  }
  return sheet_figure(
      batch_of(all), rows, 1 + shown_neighbours,
      {"Samples and the training pictures nearest to them",
       "by the Euclidean distance of their pixels, from 0 to 1",
       fmt::format("median distance to the nearest: {:.2f} for {} samples, {:.2f} for {} test "
                   "images",
                   e.nearest->samples, e.nearest->count, e.nearest->test_images,
                   e.nearest->test_count)});
}

}  // namespace

void write_sheets(const std::string& directory, const Evaluation& evaluation,
                  const Samples& samples, const Dataset& training, int threads) {
  const std::string folder = directory.ends_with('/') ? directory : directory + "/";
  write_png(folder + "classes.png", classes_sheet(evaluation, samples));
  write_png(folder + "neighbours.png", neighbours_sheet(evaluation, samples, training, threads));
}

}  // namespace dcgan::cli
