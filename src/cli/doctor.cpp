#include "cli/doctor.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>
#include <vector>

#include "backend/backend.h"
#include "backend/machine_limits.h"
#include "cli/estimates.h"
#include "cli/messages.h"
#include "data/cifar.h"
#include "data/data_source.h"
#include "data/idx_files.h"
#include "data/picture_files.h"
#include "dcgan/error.h"
#include "models/models.h"
#include "train/checkpoint.h"
#include "train/images_wanted.h"
#include "train/model.h"

namespace dcgan::cli {
namespace {

namespace fs = std::filesystem;

std::string shape_text(std::int64_t height, std::int64_t width, std::int64_t channels) {
  return message("{}x{}x{}", height, width, channels);
}

class Doctor {
 public:
  Doctor(const Config& config, std::string out) : config_(config), out_(std::move(out)) {}

  bool examine() {
    check("backend", [&] { backends(); });
    check("threads", [&] { threads(); });
    check("data", [&] { data(); });
    check("memory", [&] { memory(); });
    check("disk", [&] { disk(); });
    check("time", [&] { time(); });
    say("{}\n", healthy_ ? "nothing prevents this run" : "mend the problems above first");
    return healthy_;
  }

 private:
  template <class Look>
  void check(const char* what, const Look& look) {
    try {
      look();
    } catch (const std::exception& e) {
      problem(what, e.what());
    }
    std::fflush(stdout);
  }
  static void line(const char* state, const std::string& what, const std::string& text) {
    say("{:8} {}: {}\n", state, what, text);
  }
  static void ok(const std::string& what, const std::string& text) { line("ok", what, text); }
  static void warn(const std::string& what, const std::string& text) {
    line("warning", what, text);
  }
  void problem(const std::string& what, const std::string& text) {
    line("problem", what, text);
    healthy_ = false;
  }

  void backends() {
    for (const BackendStatus& b : backend_statuses()) {
      const bool wanted =
          b.name == config_.backend || (config_.backend == "auto" && backend_.empty());
      std::string why = b.why_unavailable, description;
      if (why.empty()) try {
          description = make_backend(b.name, config_.threads)->description();
        } catch (const Error& e) {
          why = e.what();
        }
      if (!why.empty() && b.name == config_.backend)
        problem("backend " + b.name, why + "; --backend auto takes one that can be used");
      else if (!why.empty())
        warn("backend " + b.name, "not usable: " + why);
      else
        ok("backend " + b.name, description + (wanted ? "; this run's" : ""));
      if (wanted && why.empty()) backend_ = b.name;
    }
  }

  void threads() {
    const long all = sysconf(_SC_NPROCESSORS_ONLN);
    const int most = processors_for(0);
    const int taken = config_.threads > 0 ? config_.threads : most;
    const std::string text = message("{} of {} processors may be used", most, all);
    if (taken > most)
      warn("threads", text + message(", but threads={} would share them: leave it at 0", taken));
    else if (most < all)
      ok("threads", text + "; a container, a service or taskset has the rest");
    else
      ok("threads", text);
  }

  void data() {
    const ImagesWanted image = images_wanted(config_);
    const std::string place = data_place(config_);
    Dataset found;
    std::string where = place;
    switch (kind_of_data(place, image.channels)) {
      case DataKind::pictures: {
        const PictureFiles files = find_pictures(place);
        images_ = static_cast<std::int64_t>(files.paths.size());
        const std::string others =
            files.ignored.empty() ? "" : "; ignored: " + to_string(files.ignored);
        if (files.paths.empty())
          problem("data", place + ": no PNG or JPEG picture is there" + others +
                              "; name the folder that has them with --data DIR");
        else
          ok("data", message("{} PNG and JPEG pictures in {}", images_, place) + others);
        return;
      }
      case DataKind::cifar:
        found = read_cifar_dataset(place);
        break;
      case DataKind::idx:
        where = find_idx_files(place).images;
        found = read_idx_dataset(place);
        break;
    }
    images_ = found.count;
    const std::string shape = shape_text(found.height, found.width, found.channels),
                      wanted = shape_text(image.size, image.size, image.channels);
    const std::string text =
        message("{}, {} images of {}: {}", found.name, found.count, shape, where);
    if (task_of(config_.preset) == Task::classifier && found.labels.empty())
      problem("data", text + "; there are no labels beside them, without which preset '" +
                          config_.preset + "' cannot train");
    else if (shape == wanted)
      ok("data", text);
    else if (!image.any_size)
      problem("data", text + "; preset '" + config_.preset + "' trains on " + wanted +
                          ", --preset dcgan-32 on any size");
    else
      ok("data", text + "; made " + wanted);
  }

  void memory() {
    const std::int64_t need = memory_bytes(config_, pixel_bytes(), backend_),
                       least = model_bytes(config_) + 2 * pixel_bytes(), have = free_memory_bytes();
    const std::string text = message("{} with batches of {} takes about {}", config_.preset,
                                     config_.batch_size, bytes_text(need)),
                      free = "; " + bytes_text(have) + " are free",
                      remedy = ": a smaller --batch-size, --set width or preset may fit";
    fits_ = backend_ == "cuda" || least <= have;
    if (backend_ == "cuda")
      ok("memory", text + " of the GPU's");
    else if (!fits_)
      problem("memory", text + free + remedy);
    else if (need > have)
      warn("memory", text + free + remedy);
    else
      ok("memory", text + free);
    std::string others;
    for (const std::string& name : preset_names())
      others +=
          (others.empty() ? "" : ", ") + name + " " + bytes_text(model_bytes(preset_config(name)));
    ok("memory", "of the presets' networks, at their own batches: " + others);
  }

  void disk() {
    fs::path place = fs::absolute(out_);
    std::error_code none;
    while (!fs::exists(place, none) && place.has_relative_path()) place = place.parent_path();
    if (!fs::is_directory(place, none) || access(place.c_str(), W_OK | X_OK) != 0)
      return problem("disk", place.string() +
                                 " cannot be written to: name another folder with "
                                 "--out");
    const std::int64_t each = checkpoint_bytes(config_), epochs = epochs_of_run(),
                       checkpoints = std::max<std::int64_t>(1, epochs / config_.checkpoint_every),
                       need = each * checkpoints;
    const auto have = static_cast<std::int64_t>(
        std::min<std::uintmax_t>(fs::space(place, none).available, std::uintmax_t{1} << 62));
    const std::string text = message("{}: {} are free; {} checkpoint(s) take {}", place.string(),
                                     bytes_text(have), checkpoints, bytes_text(need));
    if (have < each)
      problem("disk", text + ": make room, or name another folder with --out");
    else if (have < need)
      warn("disk", text + ": make room, or write fewer with --set checkpoint_every=N");
    else
      ok("disk", text);
  }

  void time() {
    if (!fits_ || backend_.empty()) return warn("time", "not measured, for the problems above");
    if (backend_ != "cpu" && backend_ != "cuda")
      return warn("time", "not measured: " + backend_ + " is there to test kernels, not to train");
    Config config = config_;
    config.backend = backend_;
    const StepTime step = measure_step(config);
    std::string text =
        message("{}{:.0f} ms a step", step.of_few_images ? "about " : "", step.seconds * 1e3);
    if (images_ > 0) {
      const auto steps = static_cast<double>(steps_per_epoch());
      const double all = config_.steps > 0 ? static_cast<double>(config_.steps)
                                           : steps * static_cast<double>(config_.epochs);
      text += message(", {} an epoch, {} in all", time_text(step.seconds * steps),
                      time_text(step.seconds * all));
    }
    ok("time", text);
  }

  std::int64_t pixel_bytes() const { return images_ * image_shape(config_).size(); }
  std::int64_t steps_per_epoch() const {
    return (images_ + config_.batch_size - 1) / config_.batch_size;
  }
  std::int64_t epochs_of_run() const {
    if (config_.steps == 0) return config_.epochs;
    return images_ > 0 ? config_.steps / steps_per_epoch() : 1;
  }

  const Config& config_;
  std::string out_, backend_;
  std::int64_t images_ = 0;
  bool healthy_ = true, fits_ = true;
};

}  // namespace

bool examine(const Config& config, const std::string& out) {
  (void)image_shape(config);  // wrong usage is no matter of the machine
  return Doctor(config, out).examine();
}

}  // namespace dcgan::cli
