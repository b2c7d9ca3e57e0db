// Log, config, pictures of a run.
#include "run/run_folder.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>

#include "gif/gif.h"
#include "image/image.h"
#include "io/atomic_file.h"
#include "io/json.h"
#include "models/models.h"
#include "plot/figure.h"
#include "plot/predictions.h"

namespace dcgan {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using nlohmann::ordered_json;

constexpr int gif_delay_ms = 500;
constexpr const char* gif_name = "training.gif";
constexpr const char* grid_format = "images/epoch_%04lld.png";

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
  if (record.contains("resumed") && record["resumed"].is_number())
    return whole_number("resumed", record["resumed"]) < state.step;
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

/// Copies the grids of finished epochs from the folder of another run, those that it has.
void copy_grids(const fs::path& from, const fs::path& to, const TrainingState& state) {
  std::error_code none;
  if (fs::equivalent(from, to, none)) return;
  for (std::size_t epoch = 1; epoch <= state.history.size(); ++epoch) {
    const std::string name = numbered(grid_format, static_cast<std::int64_t>(epoch));
    if (fs::is_regular_file(from / name, none))
      write_file_atomically((to / name).string(), read_file((from / name).string()));
  }
}

std::optional<Image> readable_picture(const std::string& path) {
  try {
    return read_image(path);
  } catch (const Error&) {
    return std::nullopt;
  }
}

bool same_size(const Image& a, const Image& b) {
  return a.width == b.width && a.height == b.height && a.channels == b.channels;
}

/// Removes grids of later epochs than `last`, of a run that went further and is not gone on with.
void remove_grids_after(const fs::path& folder, std::int64_t last) {
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder / "images", ignored)) {
    long long epoch = 0;
    const std::string name = "images/" + entry.path().filename().string();
    if (std::sscanf(name.c_str(), "images/epoch_%lld.png", &epoch) == 1 && epoch > last &&
        numbered(grid_format, epoch) == name)
      fs::remove(entry.path(), ignored);
  }
}

/// A measure's means in training and its values on the test images.
Image classifier_plot(const std::vector<EpochRecord>& history, std::size_t measure,
                      const std::string& title, const std::string& y_label) {
  Curve training{"Training", {}, {}}, test{"Test", {}, {}};
  for (const EpochRecord& e : history) {
    training.x.push_back(static_cast<double>(e.epoch));
    training.y.push_back(e.means[measure]);
    if (!e.test) continue;
    test.x.push_back(static_cast<double>(e.epoch));
    test.y.push_back((*e.test)[measure]);
  }
  return plot_figure({training, test}, {title, "Epoch", y_label}, 900, 400);
}

/// Makes the folder ready for a run that goes on from `state`; returns its log's path.
std::string prepare(const std::string& directory, const std::string& resumed_from,
                    const TrainingState& state) {
  for (const char* folder : {"", "/images", "/checkpoints"})
    ensure_writable_directory(directory + folder);
  std::string log = directory + "/log.jsonl";
  AtomicFile new_log(log);
  if (!resumed_from.empty()) {
    const fs::path source = fs::absolute(resumed_from).parent_path().parent_path();
    const fs::path old_log = source / "log.jsonl";
    if (fs::is_regular_file(old_log)) copy_lines(old_log.string(), state, new_log);
    copy_grids(source, directory, state);
  }
  new_log.finish();
  remove_grids_after(directory, static_cast<std::int64_t>(state.history.size()));
  if (resumed_from.empty())
    for (const char* name : {"/losses.png", "/evaluation.png", "/predictions.png", "/training.gif"})
      fs::remove(directory + name);
  return log;
}

}  // namespace

RunFolder::RunFolder(const std::string& directory, const std::string& resumed_from,
                     const TrainingState& state)
    : directory_(directory), log_(prepare(directory, resumed_from, state)) {}

std::string RunFolder::grid_path(std::int64_t epoch) const {
  return path(numbered(grid_format, epoch));
}

bool RunFolder::has_grid(std::int64_t epoch) const {
  return readable_picture(grid_path(epoch)).has_value();
}

std::string RunFolder::checkpoint_path(const TrainingState& state) const {
  return state.steps_in_epoch == 0
             ? checkpoint_path(static_cast<std::int64_t>(state.history.size()))
             : path(numbered("checkpoints/step_%08lld.safetensors", state.step));
}

std::string RunFolder::checkpoint_path(std::int64_t epoch) const {
  return path(numbered("checkpoints/epoch_%04lld.safetensors", epoch));
}

void RunFolder::log(const StepResult& s, const std::vector<std::string>& measure_names) {
  ordered_json line = {{"step", s.step}, {"epoch", s.epoch}};
  for (std::size_t i = 0; i < measure_names.size(); ++i) line[measure_names[i]] = s.measures[i];
  line["step_ms"] = s.milliseconds;
  line["images_per_s"] = static_cast<double>(s.images) / s.milliseconds * 1e3;
  log_.append(line.dump() + '\n');
}

void RunFolder::log(const EpochRecord& e, const std::vector<std::string>& measure_names,
                    const std::string& grid, const std::optional<Evaluation>& evaluation) {
  ordered_json line = {{"epoch", e.epoch}};
  for (std::size_t i = 0; i < measure_names.size(); ++i) line[measure_names[i]] = e.means[i];
  for (std::size_t i = 0; e.test && i < measure_names.size(); ++i)
    line["test_" + measure_names[i]] = (*e.test)[i];
  line["epoch_s"] = e.seconds;
  if (evaluation) line["evaluation"] = ordered_json::parse(figures_json(*evaluation));
  if (!grid.empty()) line["grid"] = grid.substr(directory_.size() + 1);
  log_.append(line.dump() + '\n');
}

void RunFolder::log_changes(const TrainingState& state) {
  ordered_json changed;
  for (const SettingChange& c : state.changes)
    if (c.step == state.step) changed[c.key] = {{"from", c.from}, {"to", c.to}};
  if (changed.empty()) return;
  const ordered_json line = {
      {"resumed", state.step}, {"epoch", state.history.size() + 1}, {"changed", changed}};
  log_.append(line.dump() + '\n');
}

void RunFolder::write_config(const Config& config, const TrainingState& state) const {
  ordered_json all = ordered_json::parse(to_json(config));
  for (const SettingChange& c : state.changes)
    all[changed_on_resume].push_back(
        {{"step", c.step}, {"key", c.key}, {"from", c.from}, {"to", c.to}});
  write_file_atomically(path("config.json"), all.dump(2) + "\n");
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

void RunFolder::write_losses(const std::string& preset,
                             const std::vector<EpochRecord>& history) const {
  const std::string title = preset_title(preset);
  if (task_of(preset) == Task::classifier)
    return write_png(path("losses.png"),
                     stacked(classifier_plot(history, 0, title + ": loss per epoch", "Loss"),
                             classifier_plot(history, 1, "Accuracy per epoch", "Accuracy")));
  Curve generator{"Generator", {}, {}}, discriminator{"Discriminator", {}, {}};
  for (const EpochRecord& e : history) {
    generator.x.push_back(static_cast<double>(e.epoch));
    generator.y.push_back(e.means[0]);
    discriminator.y.push_back(e.means[1]);
  }
  discriminator.x = generator.x;
  write_png(path("losses.png"), plot_figure({generator, discriminator},
                                            {title + ": mean loss per epoch", "Epoch", "Loss"}));
}

void RunFolder::write_distances(const std::string& preset,
                                const std::vector<EpochRecord>& history) const {
  Curve curve{"Samples", {}, {}};
  for (const EpochRecord& e : history) {
    if (!e.frechet_distance) continue;
    curve.x.push_back(static_cast<double>(e.epoch));
    curve.y.push_back(*e.frechet_distance);
  }
  if (curve.x.empty()) return;
  write_png(path("evaluation.png"),
            plot_figure({curve}, {preset_title(preset) + ": Frechet distance to the test images",
                                  "Epoch", "Frechet distance"}));
}

void RunFolder::write_predictions(const Dataset& images,
                                  const std::vector<float>& probabilities) const {
  const ImageBatch batch{images.pixels, static_cast<int>(images.count), images.height, images.width,
                         images.channels};
  write_png(path("predictions.png"),
            predictions_figure(batch, probabilities, images.labels, images.label_names));
}

void RunFolder::write_gif(std::int64_t last) {
  gif_bytes_ = 0;
  std::optional<Image> newest;  // its size counts: older ones may be of another version's making
  for (std::int64_t epoch = last; epoch > 0 && !newest; --epoch)
    newest = readable_picture(grid_path(epoch));
  if (!newest) return;
  GifWriter gif(path(gif_name), gif_delay_ms);
  for (std::int64_t epoch = 1; epoch <= last; ++epoch)
    if (const std::optional<Image> grid = readable_picture(grid_path(epoch)))
      if (same_size(*grid, *newest)) gif.add(*grid);
  gif.finish();
  gif_bytes_ = fs::file_size(path(gif_name));
}

void RunFolder::extend_gif(std::int64_t last) {
  std::error_code none;
  if (gif_bytes_ == 0 || fs::file_size(path(gif_name), none) != gif_bytes_) return write_gif(last);
  append_to_gif(path(gif_name), read_image(grid_path(last)), gif_delay_ms);
  gif_bytes_ = fs::file_size(path(gif_name));
}

}  // namespace dcgan
