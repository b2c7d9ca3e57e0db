// Log, config, pictures of a run.
#include "run/run_folder.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <span>

#include "gif/gif.h"
#include "image/image.h"
#include "io/atomic_file.h"
#include "io/json.h"
#include "plot/figure.h"

namespace dcgan {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using nlohmann::ordered_json;

constexpr int gif_delay_ms = 500;

std::string numbered(const char* format, std::int64_t n) {
  char text[64];
  std::snprintf(text, sizeof text, format, static_cast<long long>(n));
  return text;
}

/// Whether a line of a log still holds for a run resumed at `state`.
bool holds(const std::string& line, const TrainingState& state) {
  json record;
  try {
    record = parse_json(line);
  } catch (const std::exception&) {
    return false;  // cut off when the program was killed
  }
  if (!record.is_object() || !record.contains("epoch") || !record["epoch"].is_number())
    return false;
  const std::int64_t epoch = whole_number("epoch", record["epoch"]);
  const bool of_step = record.contains("step") && record["step"].is_number();
  return of_step ? whole_number("step", record["step"]) <= state.step
                 : epoch <= static_cast<std::int64_t>(state.history.size());
}

/// Copies the lines that hold. A log may be long and its lines may be somebody's: memory is
/// bounded.
void copy_lines(const std::string& from, const TrainingState& state, AtomicFile& to) {
  constexpr std::size_t longest_line = 1 << 16;
  std::ifstream in(from);
  if (!in) throw Error(from + ": cannot be read: " + std::strerror(errno));
  std::vector<char> buffer(longest_line);
  for (std::int64_t number = 1;; ++number) {
    in.getline(buffer.data(), longest_line);
    if (in.bad()) throw Error(from + ": cannot be read");
    if (in.gcount() == 0) return;
    if (in.fail()) {  // too long for a line of ours
      in.clear();
      in.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
      continue;
    }
    std::string line(buffer.data());
    try {
      if (!holds(line, state)) continue;
    } catch (const Error& error) {
      throw Error(from + ": line " + std::to_string(number) + ": " + error.what());
    }
    to.write(std::as_bytes(std::span(line += '\n')));
  }
}

}  // namespace

RunFolder::RunFolder(const std::string& directory, const std::string& resumed_from,
                     const TrainingState& state)
    : directory_(directory) {
  ensure_writable_directory(directory_);
  ensure_writable_directory(path("images"));
  ensure_writable_directory(path("checkpoints"));
  AtomicFile new_log(path("log.jsonl"));
  if (!resumed_from.empty()) {
    const fs::path source = fs::absolute(resumed_from).parent_path().parent_path();
    const fs::path old_log = source / "log.jsonl";
    if (fs::is_regular_file(old_log)) copy_lines(old_log.string(), state, new_log);
    std::error_code ignored;  // a resumed run does not depend on the grids
    if (!fs::equivalent(source, directory_, ignored))
      for (std::size_t epoch = 1; epoch <= state.history.size(); ++epoch) {
        const std::string name =
            numbered("images/epoch_%04lld.png", static_cast<std::int64_t>(epoch));
        fs::copy_file(source / name, path(name), fs::copy_options::overwrite_existing, ignored);
      }
  }
  new_log.finish();
  log_.open(path("log.jsonl"), std::ios::app);
}

std::string RunFolder::grid_path(std::int64_t epoch) const {
  return path(numbered("images/epoch_%04lld.png", epoch));
}

std::string RunFolder::checkpoint_path(const TrainingState& state) const {
  const bool at_epoch_end = state.steps_in_epoch == 0;
  return path(at_epoch_end ? numbered("checkpoints/epoch_%04lld.safetensors",
                                      static_cast<std::int64_t>(state.history.size()))
                           : numbered("checkpoints/step_%08lld.safetensors", state.step));
}

void RunFolder::log(const StepResult& s) {
  const ordered_json line = {
      {"step", s.step},
      {"epoch", s.epoch},
      {"loss_generator", s.loss_generator},
      {"loss_discriminator", s.loss_discriminator},
      {"step_ms", s.milliseconds},
      {"images_per_s", static_cast<double>(s.images) / s.milliseconds * 1e3}};
  log_ << line.dump() << '\n';
}

void RunFolder::log(const EpochRecord& e, const std::string& grid) {
  const ordered_json line = {{"epoch", e.epoch},
                             {"loss_generator", e.loss_generator},
                             {"loss_discriminator", e.loss_discriminator},
                             {"epoch_s", e.seconds},
                             {"grid", grid}};
  log_ << line.dump() << '\n';
}

void RunFolder::flush() {
  log_.flush();
  if (!log_) throw Error(path("log.jsonl") + ": cannot be written; is the disk full?");
}

void RunFolder::write_config(const Config& config) const {
  write_file_atomically(path("config.json"), to_json(config) + "\n");
}

void RunFolder::write_real_samples(const Dataset& data) const {
  // One of each of the first ten classes where there are labels, else the first ten.
  std::vector<std::int64_t> chosen;
  std::vector<std::string> captions;
  for (std::size_t c = 0; c < std::min<std::size_t>(10, data.label_names.size()); ++c) {
    const auto found = std::find(data.labels.begin(), data.labels.end(), c);
    if (found == data.labels.end()) continue;
    chosen.push_back(found - data.labels.begin());
    captions.push_back(data.label_names[c]);
  }
  if (chosen.empty())
    for (std::int64_t i = 0; i < std::min<std::int64_t>(10, data.count); ++i) {
      chosen.push_back(i);
      captions.emplace_back();
    }
  std::vector<std::uint8_t> pixels;
  for (const std::int64_t i : chosen)
    pixels.insert(pixels.end(), data.image(i), data.image(i) + data.image_bytes());
  const ImageBatch batch{pixels, static_cast<int>(chosen.size()), data.height, data.width,
                         data.channels};
  write_png(path("real_samples.png"), labelled_figure(batch, captions, "Real: " + data.name));
}

void RunFolder::write_grid(std::int64_t epoch, const ImageBatch& images) const {
  write_png(grid_path(epoch), grid_figure(images, 4, 4, "Epoch " + std::to_string(epoch)));
}

void RunFolder::write_plot(const std::string& title,
                           const std::vector<EpochRecord>& history) const {
  Curve generator{"Generator", {}, {}}, discriminator{"Discriminator", {}, {}};
  for (const EpochRecord& e : history) {
    generator.x.push_back(static_cast<double>(e.epoch));
    generator.y.push_back(e.loss_generator);
    discriminator.y.push_back(e.loss_discriminator);
  }
  discriminator.x = generator.x;
  write_png(path("losses.png"), plot_figure({generator, discriminator},
                                            {title + ": mean loss per epoch", "Epoch", "Loss"}));
}

void RunFolder::write_gif(std::int64_t last) const {
  std::vector<Image> frames;
  for (std::int64_t epoch = 1; epoch <= last; ++epoch)
    if (fs::is_regular_file(grid_path(epoch))) frames.push_back(read_image(grid_path(epoch)));
  if (!frames.empty()) dcgan::write_gif(path("training.gif"), frames, gif_delay_ms);
}

}  // namespace dcgan
