// Times every op of a training step at the presets' shapes, on any backend, beside what a library
// takes for the same: oneDNN on cpu, cuBLAS and cuDNN on cuda.
// kernels [--backend B] [--preset P]... [--batch-size N] [--threads N] [--plot FILE.png]
//         [--benchmark_filter=REGEX] [--benchmark_out=FILE.json] and Google Benchmark's other flags
#include <benchmark/benchmark.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>

#include "bench/device_limit.h"
#include "bench/peers/peer.h"
#include "bench/preset_cases.h"
#include "bench/program.h"
#include "bench/share_plot.h"
#include "dcgan/error.h"

namespace dcgan::bench {
namespace {

struct Options {
  std::string backend = "cpu", plot;
  std::vector<std::string> presets{"vanilla", "dcgan", "tf-tutorial"};
  std::int64_t batch_size = 0;
  int threads = 0;
};

/// Something to time: how to start it again, run it once, and wait for what was started.
struct Subject {
  std::function<void()> restore, run, wait;
};

double seconds_of(const Subject& s, std::int64_t repeats) {
  s.restore();
  s.wait();
  const auto start = std::chrono::steady_clock::now();
  for (std::int64_t i = 0; i < repeats; ++i) s.run();
  s.wait();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// A short op is started many times between two waits: a GPU works through them without a gap, and
/// the wait, which no event on a backend's own stream can replace, is divided among them.
void time(benchmark::State& state, const Subject& subject, const test::Pass& pass,
          const DeviceLimit& limit) {
  constexpr double batch_s = 2e-3;
  seconds_of(subject, 1);  // plans, caches, clocks
  const double once = seconds_of(subject, 1);
  const auto repeats = std::clamp<std::int64_t>(std::llround(batch_s / once), 1, 1000);
  double seconds = 0;
  std::int64_t runs = 0;
  while (state.KeepRunningBatch(repeats)) {
    const double taken = seconds_of(subject, repeats);
    state.SetIterationTime(taken);
    seconds += taken;
    runs += repeats;
  }
  const double each = seconds / static_cast<double>(runs);
  state.counters["GFLOP/s"] = pass.flops / each * 1e-9;
  state.counters["GB/s"] = pass.bytes / each * 1e-9;
  state.counters["share"] = limit.seconds(pass.flops, pass.bytes, pass.footprint) / each;
  state.counters["flops"] = pass.flops;
  state.counters["bytes"] = pass.bytes;
}

/// The memory of one case at a time: all passes of a case are timed in a row.
class Workbench {
 public:
  Workbench(Backend& backend) : backend_(backend), fence_(backend.allocate(sizeof(float))) {}

  Subject subject(const std::shared_ptr<const test::Case>& op, std::size_t pass) {
    if (op != op_) {
      run_.reset();
      run_ = op->start(backend_);
      op_ = op;
      for (std::size_t i = 0; i < op->passes().size(); ++i) run_->pass(i);
    }
    return {[this, pass] { run_->restore(pass); }, [this, pass] { run_->pass(pass); },
            [this] { wait(); }};
  }

 private:
  void wait() {
    float value;
    backend_.download(&value, fence_.f32(), sizeof value);
  }

  Backend& backend_;
  Buffer fence_;
  std::shared_ptr<const test::Case> op_;
  std::unique_ptr<test::Run> run_;
};

std::vector<NamedPeer> peers_of(const std::string& backend, const test::Case& op,
                                std::size_t pass) {
  if (backend == "cpu") return onednn_peers(op, pass);
#ifdef DCGAN_BENCH_CUDA_PEERS
  if (backend == "cuda") return cublas_cudnn_peers(op, pass);
#endif
  return {};
}

DeviceLimit limit_of(const Options& o) {
#ifdef DCGAN_HAS_CUDA
  if (o.backend == "cuda") return cuda_limit();
#endif
  return host_limit(o.threads);
}

void time_peer(benchmark::State& state, const NamedPeer& named, const test::Pass& pass,
               const DeviceLimit& limit) {
  const std::unique_ptr<Peer> peer = named.make();
  state.SetLabel(peer->choice());
  time(state, {[] {}, [&] { peer->run(); }, [&] { peer->wait(); }}, pass, limit);
}

void register_case(Workbench& bench, const std::string& backend, const PresetCase& c,
                   const DeviceLimit& limit) {
  const auto passes = c.op->passes();
  for (std::size_t i = 0; i < passes.size(); ++i) {
    const std::string name = c.where + "/" + c.op->name() + "/" + passes[i].name + "/";
    const auto add = [&](const std::string& who, auto run) {
      benchmark::RegisterBenchmark((name + who).c_str(), run)
          ->UseManualTime()
          ->Unit(benchmark::kMicrosecond);
    };
    add(backend, [&bench, &limit, op = c.op, pass = passes[i], i](benchmark::State& state) {
      time(state, bench.subject(op, i), pass, limit);
    });
    for (const NamedPeer& peer : peers_of(backend, *c.op, i))
      add(peer.library, [peer, &limit, pass = passes[i]](benchmark::State& state) {
        time_peer(state, peer, pass, limit);
      });
  }
}

/// Prints as usual and keeps the shares for the plot.
class Reporter final : public benchmark::ConsoleReporter {
 public:
  Reporter() : ConsoleReporter(OO_Tabular) {}
  void ReportRuns(const std::vector<benchmark::BenchmarkReporter::Run>& runs) override {
    ConsoleReporter::ReportRuns(runs);
    for (const auto& run : runs) {
      const auto share = run.counters.find("share");
      if (share == run.counters.end() || run.run_type != run.RT_Iteration) continue;
      std::string name = run.run_name.function_name;
      const std::size_t slash = name.rfind('/');
      shares.push_back({name.substr(0, slash), name.substr(slash + 1), share->second.value});
    }
  }
  std::vector<Share> shares;
};

int run(int argc, char** argv) {
  Options o;
  CLI::App app{"Times every op of a training step"};
  app.allow_extras();
  app.footer(
      "Google Benchmark's flags hold too: --benchmark_filter=REGEX, --benchmark_min_time=SECONDS,\n"
      "--benchmark_out=FILE.json ...");
  app.add_option("--backend", o.backend, "Backend");
  app.add_option("--preset", o.presets, "Presets (default: the three of 28x28)");
  app.add_option("--batch-size", o.batch_size, "Images per step (default: the preset's)");
  app.add_option("--threads", o.threads, "The cpu backend's threads (0: one per core)");
  app.add_option("--plot", o.plot, "Write a plot of the shares of the device's limit here (PNG)");
  CLI11_PARSE(app, argc, argv);
  // What is left is Google Benchmark's; its own order of flags: the last one holds.
  std::vector<std::string> flags{argv[0], "--benchmark_min_time=0.1"};
  for (const std::string& flag : app.remaining()) flags.push_back(flag);
  std::vector<char*> pointers;
  for (std::string& flag : flags) pointers.push_back(flag.data());
  int count = static_cast<int>(pointers.size());
  benchmark::Initialize(&count, pointers.data());
  if (benchmark::ReportUnrecognizedArguments(count, pointers.data())) return 2;

  const std::unique_ptr<Backend> backend = make_backend(o.backend, o.threads);
  const DeviceLimit limit = limit_of(o);
  char text[160];
  std::snprintf(text, sizeof text, "%.0f GFLOP/s, %.0f GB/s (%s)", limit.flops_per_s * 1e-9,
                limit.memory.back().bytes_per_s * 1e-9, limit.source.c_str());
  const std::string device = backend->name() + ", " + backend->description();
  std::printf("%s; limit %s\n", device.c_str(), text);
  benchmark::AddCustomContext("backend", device);
  benchmark::AddCustomContext("limit", text);

  Workbench bench(*backend);
  for (const std::string& preset : o.presets)
    for (const PresetCase& c : preset_cases(preset, o.batch_size))
      register_case(bench, o.backend, c, limit);
  Reporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  if (!o.plot.empty()) plot_shares(o.plot, reporter.shares, device + "; limit " + text);
  return 0;
}

}  // namespace
}  // namespace dcgan::bench

int main(int argc, char** argv) {
  return dcgan::bench::run_program("kernels", dcgan::bench::run, argc, argv);
}
