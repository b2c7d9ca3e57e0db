// Times whole training steps of each preset and splits them by op.
// train_step [--preset P]... [--batch-size N] [--threads N] [--steps N] [--ops] [--json FILE]
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

#include "bench/timed_backend.h"
#include "dcgan/error.h"
#include "models/models.h"
#include "train/gan.h"

namespace dcgan::bench {
namespace {

struct Options {
  std::vector<std::string> presets{"vanilla", "dcgan", "tf-tutorial"};
  std::string backend = "cpu", json;
  std::int64_t batch_size = 0;
  int threads = 0, steps = 20, warm_up = 3;
  bool ops = false, worker = false;
};

struct Result {
  std::string preset, device;
  std::int64_t batch_size = 0;
  double minimum_ms = 0, median_ms = 0, gflop = 0;
  Account account;  // of all timed steps
  int steps = 0;
};

/// A step as Trainer takes it, from random pixels.
class Workload {
 public:
  Workload(Backend& backend, const Config& config)
      : backend_(backend), config_(config), gan_(backend, config) {
    const std::int64_t bytes = images * gan_.spec().image.size();
    std::vector<std::uint8_t> host(static_cast<std::size_t>(bytes));
    std::uint32_t state = 1;
    for (std::uint8_t& pixel : host)
      pixel = static_cast<std::uint8_t>((state = state * 1664525 + 1013904223) >> 24);
    pixels_ = backend.allocate(host.size());
    backend.upload(pixels_.u8(), host.data(), host.size());
  }

  void step() {
    const std::int64_t rows = config_.batch_size;
    const auto number = static_cast<std::uint64_t>(step_);
    const std::int64_t first = step_ * rows % (images - rows + 1);
    backend_.gather({pixels_.u8(),
                     images,
                     gan_.spec().image.size(),
                     {config_.seed, random_stream::shuffle, 0},
                     first,
                     rows},
                    gan_.real_images());
    backend_.draw_normal({config_.seed, random_stream::noise, number}, rows * config_.latent,
                         gan_.noise());
    gan_.train_step(rows, step_++);
    gan_.losses();
  }

 private:
  static constexpr std::int64_t images = 8192;
  Backend& backend_;
  Config config_;
  Gan gan_;
  Buffer pixels_;
  std::int64_t step_ = 0;
};

double timed_ms(Workload& workload) {
  const auto start = std::chrono::steady_clock::now();
  workload.step();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
      .count();
}

Result measure(const Options& o, const std::string& preset) {
  Config config = preset_config(preset);
  if (o.batch_size) config.batch_size = o.batch_size;
  Result result;
  result.preset = preset;
  result.batch_size = config.batch_size;
  result.steps = o.steps;
  const std::unique_ptr<Backend> backend = make_backend(o.backend, o.threads);
  result.device = backend->name() + ", " + backend->description();
  const std::unique_ptr<Backend> timed = make_timed_backend(*backend, result.account);
  Workload workload(*timed, config);
  for (int i = 0; i < o.warm_up; ++i) workload.step();
  result.account.clear();
  std::vector<double> milliseconds;
  for (int i = 0; i < o.steps; ++i) milliseconds.push_back(timed_ms(workload));
  std::sort(milliseconds.begin(), milliseconds.end());
  result.minimum_ms = milliseconds.front();
  result.median_ms = milliseconds[milliseconds.size() / 2];
  for (const auto& [name, cost] : result.account) result.gflop += cost.flops / o.steps * 1e-9;
  return result;
}

std::vector<std::pair<std::string, OpCost>> by_time(const Account& account) {
  std::vector<std::pair<std::string, OpCost>> ops(account.begin(), account.end());
  std::sort(ops.begin(), ops.end(),
            [](const auto& a, const auto& b) { return a.second.seconds > b.second.seconds; });
  return ops;
}

void print(const Result& r, bool with_ops) {
  std::printf(
      "%-12s batch %-5lld %8.2f ms (least %.2f)  %7.2f GFLOP  %7.1f GFLOP/s  %8.0f images/s\n",
      r.preset.c_str(), static_cast<long long>(r.batch_size), r.median_ms, r.minimum_ms, r.gflop,
      r.gflop / r.median_ms * 1e3, static_cast<double>(r.batch_size) / r.median_ms * 1e3);
  if (!with_ops) return;
  for (const auto& [name, cost] : by_time(r.account)) {
    std::printf("  %-48s %8.3f ms", name.c_str(), cost.seconds / r.steps * 1e3);
    if (cost.flops > 0) std::printf("  %7.1f GFLOP/s", cost.flops / cost.seconds * 1e-9);
    std::printf("\n");
  }
}

nlohmann::ordered_json to_json(const Result& r) {
  nlohmann::ordered_json ops = nlohmann::ordered_json::array();
  for (const auto& [name, cost] : by_time(r.account))
    ops.push_back({{"op", name},
                   {"ms_per_step", cost.seconds / r.steps * 1e3},
                   {"gflop_per_step", cost.flops / r.steps * 1e-9}});
  return {{"preset", r.preset},
          {"device", r.device},
          {"batch_size", r.batch_size},
          {"median_ms", r.median_ms},
          {"minimum_ms", r.minimum_ms},
          {"gflop_per_step", r.gflop},
          {"ops", ops}};
}

/// One contender of tools/compare: for each number N on standard input N steps and a line of their
/// milliseconds (tools/compare/protocol.py).
int serve(const Options& o) {
  Config config = preset_config(o.presets.front());
  if (o.batch_size) config.batch_size = o.batch_size;
  const std::unique_ptr<Backend> backend = make_backend(o.backend, o.threads);
  Workload workload(*backend, config);
  std::printf("ready %s\n", backend->description().c_str());
  std::fflush(stdout);
  for (int steps = 0; std::scanf("%d", &steps) == 1;) {
    std::vector<double> milliseconds;
    for (int i = 0; i < steps; ++i) milliseconds.push_back(timed_ms(workload));
    std::printf("%s\n", nlohmann::json(milliseconds).dump().c_str());
    std::fflush(stdout);
  }
  return 0;
}

int run(int argc, char** argv) {
  Options o;
  CLI::App app{"Times training steps"};
  app.add_option("--preset", o.presets, "Presets to time (default: the three of 28x28)");
  app.add_option("--backend", o.backend, "Backend");
  app.add_option("--batch-size", o.batch_size, "Images per step (default: the preset's)");
  app.add_option("--threads", o.threads, "Threads (0: one per core)");
  app.add_option("--steps", o.steps, "Steps to time")->check(CLI::PositiveNumber);
  app.add_flag("--ops", o.ops, "Split by op");
  app.add_flag("--worker", o.worker, "Run as many steps as standard input asks (tools/compare)");
  app.add_option("--json", o.json, "Write the figures to this file");
  CLI11_PARSE(app, argc, argv);
  if (o.worker) return serve(o);
  auto results = nlohmann::ordered_json::array();
  for (const std::string& preset : o.presets) {
    const Result result = measure(o, preset);
    if (results.empty()) std::printf("%s\n", result.device.c_str());
    print(result, o.ops);
    std::fflush(stdout);
    results.push_back(to_json(result));
  }
  if (!o.json.empty()) {
    std::ofstream file(o.json);
    file << results.dump(2) << "\n";
    if (!file.flush()) throw Error(o.json + ": cannot be written");
  }
  return 0;
}

}  // namespace
}  // namespace dcgan::bench

int main(int argc, char** argv) {
  try {
    return dcgan::bench::run(argc, argv);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "train_step: %s\n", e.what());
    return 1;
  }
}
