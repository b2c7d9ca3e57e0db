// Times whole training steps of each preset, splits them by op, and shows how their cost grows.
// train_step [--preset P]... [--backend B] [--precision P]... [--batch-size N] [--threads N]
//            [--steps N] [--ops] [--against BACKEND] [--json FILE] [--sweep PNG]
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "bench/device_limit.h"
#include "bench/program.h"
#include "bench/step_sweep.h"
#include "bench/step_timing.h"
#include "io/atomic_file.h"
#include "models/models.h"

namespace dcgan::bench {
namespace {

struct Options {
  std::vector<std::string> presets{"vanilla", "dcgan", "tf-tutorial"};
  std::vector<std::string> precisions{"fp32"};
  std::string backend = "cpu", against, json, sweep;
  std::int64_t batch_size = 0;
  int threads = 0, steps = 20, warm_up = 3;
  bool ops = false, worker = false;
};

/// Of all presets in one precision, then in the next.
std::vector<Config> configs_of(const Options& o) {
  std::vector<Config> configs;
  for (const std::string& precision : o.precisions)
    for (const std::string& preset : o.presets) {
      Config config = preset_config(preset);
      if (o.batch_size) config.batch_size = o.batch_size;
      config.backend = o.backend;
      config.threads = o.threads;
      config.precision = precision;
      configs.push_back(config);
    }
  return configs;
}

/// "dcgan", or "dcgan/tf32x3".
std::string label(const Config& config) {
  return config.preset + (config.precision == "fp32" ? "" : "/" + config.precision);
}

std::vector<std::pair<std::string, OpCost>> by_time(const Account& account) {
  std::vector<std::pair<std::string, OpCost>> ops(account.begin(), account.end());
  std::sort(ops.begin(), ops.end(),
            [](const auto& a, const auto& b) { return a.second.seconds > b.second.seconds; });
  return ops;
}

/// `peak`: the device's greatest FLOP/s, 0: unknown. Nominal FLOPs may exceed it: an algorithm may
/// need fewer.
void print(const Config& config, const StepTimes& t, bool with_ops, double peak) {
  std::printf(
      "%-18s batch %-5lld %8.2f ms (least %.2f)  %7.2f GFLOP  %7.1f GFLOP/s  %8.0f images/s\n",
      label(config).c_str(), static_cast<long long>(config.batch_size), t.median_ms, t.minimum_ms,
      t.gflop, t.gflop_per_s(), static_cast<double>(config.batch_size) / t.median_ms * 1e3);
  if (!with_ops) return;
  for (const auto& [name, cost] : by_time(t.account)) {
    std::printf("  %-48s %8.3f ms", name.c_str(), cost.seconds / t.steps * 1e3);
    if (cost.flops > 0) std::printf("  %7.1f GFLOP/s", cost.flops / cost.seconds * 1e-9);
    if (cost.flops > 0 && peak > 0)
      std::printf("  %5.1f %% of the peak", cost.flops / cost.seconds / peak * 100);
    std::printf("\n");
  }
  double seconds = 0;
  for (const auto& [name, cost] : t.account) seconds += cost.seconds;
  std::printf("  %-48s %8.3f ms, %.0f %% of the step\n", "all of these", seconds / t.steps * 1e3,
              seconds / t.steps * 1e5 / t.median_ms);
}

nlohmann::ordered_json to_json(const Config& config, const StepTimes& r, double peak) {
  nlohmann::ordered_json ops = nlohmann::ordered_json::array();
  for (const auto& [name, cost] : by_time(r.account))
    ops.push_back({{"op", name},
                   {"ms_per_step", cost.seconds / r.steps * 1e3},
                   {"gflop_per_step", cost.flops / r.steps * 1e-9}});
  return {{"preset", config.preset},
          {"precision", config.precision},
          {"device", r.device},
          {"batch_size", config.batch_size},
          {"width", config.width},
          {"threads", config.threads},
          {"peak_gflop_per_s", peak * 1e-9},
          {"median_ms", r.median_ms},
          {"minimum_ms", r.minimum_ms},
          {"gflop_per_step", r.gflop},
          {"ops", ops}};
}

/// The figures so far: a run that is stopped leaves those of the presets that it has finished.
void write_json(const Options& o, const nlohmann::ordered_json& results) {
  if (!o.json.empty()) write_file_atomically(o.json, results.dump(2) + "\n");
}

/// Of `steps` steps: same seed and same images on every backend.
std::vector<Measures> measures_of(const Config& config, int steps) {
  const std::unique_ptr<Backend> backend = make_backend(config);
  StepWorkload workload(*backend, config);
  std::vector<Measures> measures;
  for (int i = 0; i < steps; ++i) {
    workload.timed_ms();
    measures.push_back(workload.measures());
  }
  return measures;
}

/// Of |here - there| / max(1, |there|), over the measures of all steps; NaN where one is NaN.
double largest_difference(const std::vector<Measures>& here, const std::vector<Measures>& there) {
  double largest = 0;
  for (std::size_t i = 0; i < here.size(); ++i)
    for (std::size_t m = 0; m < here[i].size(); ++m) {
      const double reference = there[i][m];
      const double difference =
          std::abs(here[i][m] - reference) / std::fmax(1.0, std::abs(reference));
      if (std::isnan(difference)) return difference;
      largest = std::fmax(largest, difference);
    }
  return largest;
}

/// Steps of each preset on both backends, the other's in fp32, their losses side by side. Exit
/// status 1 where they differ.
int compare_with_other_backend(const Options& o) {
  auto results = nlohmann::ordered_json::array();
  bool all_agree = true;
  for (const Config& config : configs_of(o)) {
    // Float arithmetic in another order moves the losses of two steps by some 1e-6, factors of 11
    // bits by some 1e-3.
    const double tolerance = config.precision == "tf32" ? 1e-2 : 1e-4;
    Config other = config;
    other.backend = o.against;
    other.precision = "fp32";
    const auto here = measures_of(config, o.steps);
    const auto there = measures_of(other, o.steps);
    const double difference = largest_difference(here, there);
    const bool agree = difference <= tolerance;
    all_agree = all_agree && agree;
    const std::vector<std::string>& names = measure_names(config);
    auto steps = nlohmann::ordered_json::array();
    for (std::size_t i = 0; i < here.size(); ++i) {
      std::printf("%-12s step %zu ", label(config).c_str(), i + 1);
      for (std::size_t m = 0; m < names.size(); ++m)
        std::printf(" %s: %s %.7f, %s %.7f", names[m].c_str(), o.backend.c_str(), here[i][m],
                    o.against.c_str(), there[i][m]);
      std::printf("\n");
      const auto values = [&](const Measures& of_step) {
        return std::vector<double>(of_step.begin(), of_step.begin() + std::ssize(names));
      };
      steps.push_back({{o.backend, values(here[i])}, {o.against, values(there[i])}});
    }
    std::printf("%-12s %s: the losses differ by %.1e at most\n", label(config).c_str(),
                agree ? "agrees" : "DIFFERS", difference);
    std::fflush(stdout);
    results.push_back({{"preset", config.preset},
                       {"precision", config.precision},
                       {"agrees", agree},
                       {"largest_difference", difference},
                       {"measures", names},
                       {"steps", steps}});
    write_json(o, results);
  }
  return all_agree ? 0 : 1;
}

/// One contender of tools/compare: for each number N on standard input N steps and a line of their
/// milliseconds (tools/compare/protocol.py).
int serve(const Options& o) {
  const Config config = configs_of(o).front();
  const std::unique_ptr<Backend> backend = make_backend(config);
  StepWorkload workload(*backend, config);
  std::printf("ready %s\n", backend->description().c_str());
  std::fflush(stdout);
  for (int steps = 0; std::scanf("%d", &steps) == 1;) {
    std::printf("%s\n", nlohmann::json(workload.timed_steps(steps)).dump().c_str());
    std::fflush(stdout);
  }
  return 0;
}

int run(int argc, char** argv) {
  Options o;
  CLI::App app{"Times training steps"};
  app.add_option("--preset", o.presets, "Presets to time (default: the three of 28x28)");
  app.add_option("--backend", o.backend, "Backend");
  app.add_option("--precision", o.precisions,
                 "Precisions of products: fp32 (default), tf32x3, tf32")
      ->check(CLI::IsMember({"fp32", "tf32x3", "tf32"}));
  app.add_option("--batch-size", o.batch_size, "Images per step (default: the preset's)");
  app.add_option("--threads", o.threads, "Threads (0: one per core)");
  app.add_option("--steps", o.steps, "Steps to time")->check(CLI::PositiveNumber);
  app.add_flag("--ops", o.ops, "Split by op, with the share of the cores' measured peak");
  app.add_option("--sweep", o.sweep,
                 "Time batches of 32 to 1024, widths of 1, 2 and 4, and threads; plot to this PNG");
  app.add_option("--against", o.against,
                 "Compare the losses of --steps steps with those of this backend instead");
  app.add_flag("--worker", o.worker, "Run as many steps as standard input asks (tools/compare)");
  app.add_option("--json", o.json, "Write the figures to this file");
  CLI11_PARSE(app, argc, argv);
  if (o.worker) return serve(o);
  if (!o.against.empty()) return compare_with_other_backend(o);
  auto results = nlohmann::ordered_json::array();
  // Of the cores; bench/kernels computes a GPU's.
  const double peak = o.ops && o.backend == "cpu" ? host_flops_per_s(o.threads) : 0;
  if (peak > 0) std::printf("peak of fused multiply-adds: %.0f GFLOP/s (measured)\n", peak * 1e-9);
  const std::vector<Config> configs = configs_of(o);
  if (o.sweep.empty()) {
    for (const Config& config : configs) {
      const StepTimes times = time_steps(config, o.warm_up, o.steps, o.ops);
      if (results.empty()) std::printf("%s\n", times.device.c_str());
      print(config, times, o.ops, peak);
      std::fflush(stdout);
      results.push_back(to_json(config, times, peak));
      write_json(o, results);
    }
  } else {
    const std::vector<SweepPoint> points = sweep(configs, std::min(o.steps, 7));
    for (const SweepPoint& p : points)
      results.push_back({{"preset", p.preset},
                         {"quantity", p.quantity},
                         {"value", p.value},
                         {"median_ms", p.times.median_ms},
                         {"minimum_ms", p.times.minimum_ms},
                         {"gflop_per_step", p.times.gflop}});
    write_json(o, results);
    plot_sweep(o.sweep, points);
  }
  return 0;
}

}  // namespace
}  // namespace dcgan::bench

int main(int argc, char** argv) {
  return dcgan::bench::run_program("train_step", dcgan::bench::run, argc, argv);
}
