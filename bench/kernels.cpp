// Times every op of a training step at the presets' shapes, on any backend, beside what a library
// takes for the same: oneDNN on cpu, cuBLAS and cuDNN on cuda.
// kernels [--backend B] [--precision P]... [--preset P]... [--batch-size N] [--threads N]
// [--heaviest N]
//         [--seconds S] [--peers FILE.so] [--plot FILE.png] [--errors] [--benchmark_filter=REGEX]
//         [--benchmark_out=FILE.json] and Google Benchmark's other flags
#include <benchmark/benchmark.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>

#include "bench/device_limit.h"
#include "bench/error_table.h"
#include "bench/peers/peer.h"
#include "bench/preset_cases.h"
#include "bench/program.h"
#include "bench/share_plot.h"
#include "dcgan/error.h"
#include "ops/linear_case.h"
#include "train/model.h"
#ifdef DCGAN_HAS_CUDA
#include "bench/cuda_replay.h"
#endif

namespace dcgan::bench {
namespace {

struct Options {
  std::string backend = "cpu", plot, peers;
  std::vector<std::string> presets{"vanilla", "dcgan", "tf-tutorial"}, precisions{"fp32"};
  std::int64_t batch_size = 0;
  std::size_t heaviest = 0;
  double seconds = 0;
  int threads = 0;
  bool errors = false;
};

/// Something to time: how to start it again, run it once, and wait for what was started. `stream`:
/// the cudaStream_t that all its work is queued on, or null.
struct Subject {
  std::function<void()> restore, run, wait;
  void* stream = nullptr;
};

double seconds_of(const Subject& s, std::int64_t repeats) {
  s.restore();
  s.wait();
  const auto start = std::chrono::steady_clock::now();
  for (std::int64_t i = 0; i < repeats; ++i) s.run();
  s.wait();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// What one batch of runs takes, in seconds: on a GPU one replay of a CUDA graph of them, so that
/// short ops are not timed by how fast the host launches; elsewhere, or where they cannot be
/// captured, which `note` then says, one run after the other and one wait.
std::function<double()> batch_timer(const Subject& s, std::int64_t repeats,
                                    [[maybe_unused]] std::string& note) {
#ifdef DCGAN_HAS_CUDA
  if (s.stream != nullptr) try {
      const auto replay =
          std::make_shared<CudaReplay>(static_cast<cudaStream_t>(s.stream), repeats, s.run);
      return [&s, replay] {
        s.restore();
        s.wait();
        return replay->seconds();
      };
    } catch (const std::exception& e) {
      note = std::string("launched one by one: ") + e.what();
    }
#endif
  return [&s, repeats] { return seconds_of(s, repeats); };
}

void time(benchmark::State& state, const Subject& subject, const std::string& choice,
          const test::Pass& pass, const DeviceLimit& limit) {
  constexpr double batch_s = 2e-3;
  seconds_of(subject, 1);  // plans, caches, clocks
  double once = seconds_of(subject, 1);
  if (once < batch_s / 10) once = seconds_of(subject, 20) / 20;  // mostly the wait
  const auto repeats = std::clamp<std::int64_t>(std::llround(batch_s / once), 1, 1000);
  std::string note;
  const auto batch = batch_timer(subject, repeats, note);
  state.SetLabel(choice + (choice.empty() || note.empty() ? "" : "; ") + note);
  double seconds = 0;
  std::int64_t runs = 0;
  while (state.KeepRunningBatch(repeats)) {
    const double taken = batch();
    state.SetIterationTime(taken);
    seconds += taken;
    runs += repeats;
  }
  const double each = seconds / static_cast<double>(runs);
  state.counters["GFLOP/s"] = pass.op.flops / each * 1e-9;
  state.counters["GB/s"] = pass.op.bytes / each * 1e-9;
  state.counters["share"] = limit.seconds(pass.op.flops, pass.op.bytes, pass.footprint) / each;
  state.counters["flops"] = pass.op.flops;
  state.counters["bytes"] = pass.op.bytes;
}

/// What is being timed and its memory: one case of the backend's, whose passes follow each other,
/// and one peer of a pass of it. Google Benchmark calls for each several times.
class Workbench {
 public:
  Subject subject(Backend& backend, const std::shared_ptr<const test::Case>& op, std::size_t pass) {
    peer_.reset();
    if (op != op_ || &backend != backend_) {
      op_.reset();
      run_.reset();
      run_ = op->start(backend);
      for (std::size_t i = 0; i < op->passes().size(); ++i) run_->pass(i);
      op_ = op;
      backend_ = &backend;
    }
    return {[this, pass] { run_->restore(pass); }, [this, pass] { run_->pass(pass); },
            [&backend] { backend.synchronise(); },
            backend.name() == "cuda" ? backend.native_stream() : nullptr};
  }

  /// The peer of that benchmark, planned when it is first asked for.
  Peer& peer(const std::string& benchmark, const NamedPeer& named) {
    if (!peer_ || benchmark != peer_of_) {
      peer_.reset();
      peer_ = named.make();
      peer_of_ = benchmark;
    }
    return *peer_;
  }

 private:
  Backend* backend_ = nullptr;
  std::shared_ptr<const test::Case> op_;
  std::unique_ptr<test::Run> run_;
  std::string peer_of_;
  std::unique_ptr<Peer> peer_;
};

using PeerLibraries = std::vector<std::unique_ptr<PeerLibrary>>;

/// Those of the backend, or the one that was asked for; `note`: their versions, or why there are
/// none. A machine need not have NVIDIA's.
PeerLibraries peer_libraries(const Options& o, std::string& note) {
  PeerLibraries libraries;
  if (!o.peers.empty()) libraries.push_back(load_peer_library(o.peers));
  if (o.backend == "cpu") libraries.push_back(onednn_library());
#ifdef DCGAN_CUDA_PEERS
  if (o.backend == "cuda" && o.peers.empty()) try {
      libraries.push_back(load_peer_library(DCGAN_CUDA_PEERS));
    } catch (const std::exception& e) {
      note = std::string("no library: ") + e.what() +
             " (LD_LIBRARY_PATH must name the folders of cuBLAS and cuDNN; those of Python's "
             "wheels are site-packages/nvidia/*/lib)";
    }
#endif
  for (const auto& library : libraries) note += (note.empty() ? "" : ", ") + library->description();
  return libraries;
}

DeviceLimit limit_of(const Options& o) {
#ifdef DCGAN_HAS_CUDA
  if (o.backend == "cuda") return cuda_limit();
#endif
  return host_limit(o.threads);
}

/// Benchmarks that ended in an exception. One of a peer is in the table and no more.
int failures_of_backend = 0;

using Clock = std::chrono::steady_clock;

/// The backend in one precision, and how the table calls it: "cuda", "cuda tf32x3".
struct Contender {
  std::string name;
  std::unique_ptr<Backend> backend;
};

std::vector<Contender> contenders(const Options& o) {
  std::vector<Contender> all;
  for (const std::string& precision : o.precisions) {
    Config config;
    config.backend = o.backend;
    config.threads = o.threads;
    config.precision = precision;
    all.push_back({o.backend + (precision == "fp32" ? "" : " " + precision), make_backend(config)});
  }
  return all;
}

void register_pass(Workbench& bench, const std::vector<Contender>& contenders, const PresetPass& p,
                   const PeerLibraries& libraries, const DeviceLimit& limit,
                   Clock::time_point end) {
  const test::Pass pass = p.of.op->passes()[p.pass];
  const std::string name = p.of.where + "/" + p.of.op->name() + "/" + pass.name + "/";
  const auto add = [&](const std::string& who, auto run) {
    const auto bounded = [run, end](benchmark::State& state) {
      if (Clock::now() > end)
        state.SkipWithError("the time was up");
      else
        run(state);
    };
    benchmark::RegisterBenchmark((name + who).c_str(), bounded)
        ->UseManualTime()
        ->Unit(benchmark::kMicrosecond);
  };
  const bool multiplies = dynamic_cast<const test::LinearCase*>(p.of.op.get()) != nullptr;
  for (const Contender& c : contenders) {
    if (&c != &contenders.front() && !multiplies) continue;  // the same in every precision
    add(c.name, [&bench, &limit, &backend = *c.backend, op = p.of.op, pass,
                 index = p.pass](benchmark::State& state) {
      try {
        time(state, bench.subject(backend, op, index), "", pass, limit);
      } catch (const std::exception& e) {
        ++failures_of_backend;
        state.SkipWithError(e.what());
      }
    });
  }
  const std::optional<PeerOp> op = peer_op(p.of, p.pass);
  if (!op) return;
  for (const auto& library : libraries)
    for (const NamedPeer& named : library->peers(*op))
      add(named.name,
          [&bench, &limit, named, pass, key = name + named.name](benchmark::State& state) {
            try {
              Peer& peer = bench.peer(key, named);
              time(state, {[] {}, [&] { peer.run(); }, [&] { peer.wait(); }, peer.stream()},
                   peer.choice(), pass, limit);
            } catch (const std::exception& e) {
              state.SkipWithError(e.what());
            }
          });
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

int print_errors(const Options& o) {
  const std::vector<Contender> of_precisions = contenders(o);
  std::vector<std::pair<std::string, Backend*>> backends;
  for (const Contender& c : of_precisions) backends.emplace_back(c.name, c.backend.get());
  std::vector<PresetCase> cases;
  for (const std::string& preset : o.presets)
    for (PresetCase& c : preset_cases(preset, o.batch_size)) cases.push_back(std::move(c));
  print_error_table(backends, cases);
  return 0;
}

int run(int argc, char** argv) {
  Options o;
  CLI::App app{"Times every op of a training step"};
  app.allow_extras();
  app.footer(
      "Google Benchmark's flags hold too: --benchmark_filter=REGEX, --benchmark_min_time=SECONDS,\n"
      "--benchmark_out=FILE.json ...");
  app.add_option("--backend", o.backend, "Backend");
  app.add_option("--precision", o.precisions,
                 "Precisions of products: fp32 (default), tf32x3, tf32")
      ->check(CLI::IsMember({"fp32", "tf32x3", "tf32"}));
  app.add_option("--preset", o.presets, "Presets (default: the three of 28x28)");
  app.add_option("--batch-size", o.batch_size, "Images per step (default: the preset's)");
  app.add_option("--threads", o.threads, "The cpu backend's threads (0: one per core)");
  app.add_option("--heaviest", o.heaviest,
                 "Time only so many passes of each preset, those with the most work");
  app.add_option("--seconds", o.seconds,
                 "Start no more timings after so long; those of the most work come first");
  app.add_option("--peers", o.peers, "A shared library of peers, in place of cuBLAS and cuDNN's");
  app.add_flag("--errors", o.errors, "Print each layer's error against double instead");
  app.add_option("--plot", o.plot, "Write a plot of the shares of the device's limit here (PNG)");
  CLI11_PARSE(app, argc, argv);
  if (o.errors) return print_errors(o);
  // What is left is Google Benchmark's; its own order of flags: the last one holds.
  std::vector<std::string> flags{argv[0], "--benchmark_min_time=0.1"};
  for (const std::string& flag : app.remaining()) flags.push_back(flag);
  std::vector<char*> pointers;
  for (std::string& flag : flags) pointers.push_back(flag.data());
  int count = static_cast<int>(pointers.size());
  benchmark::Initialize(&count, pointers.data());
  if (benchmark::ReportUnrecognizedArguments(count, pointers.data())) return 2;

  const std::vector<Contender> backends = contenders(o);
  const DeviceLimit limit = limit_of(o);
  char text[240];
  std::snprintf(text, sizeof text, "%.0f GFLOP/s, %.0f GB/s (%s)", limit.flops_per_s * 1e-9,
                limit.memory.back().bytes_per_s * 1e-9, limit.source.c_str());
  const Backend& first = *backends.front().backend;
  const std::string device = first.name() + ", " + first.description();
  const char* const caches =
      "hot: no cache is flushed between repeats, and a share is of what the cache that holds the "
      "operands delivers";
  std::string beside;
  const PeerLibraries libraries = peer_libraries(o, beside);
  benchmark::AddCustomContext("backend", device);
  benchmark::AddCustomContext("beside", beside.empty() ? "nothing" : beside);
  benchmark::AddCustomContext("caches", caches);
  benchmark::AddCustomContext("limit", text);

  Workbench bench;
  std::vector<PresetPass> passes;
  for (const std::string& preset : o.presets)
    for (PresetPass& p : preset_passes(preset, o.batch_size, o.heaviest))
      passes.push_back(std::move(p));
  Clock::time_point end = Clock::time_point::max();
  if (o.seconds > 0) {  // what weighs most first
    end = Clock::now() +
          std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(o.seconds));
    std::stable_sort(passes.begin(), passes.end(),
                     [](const PresetPass& a, const PresetPass& b) { return a.work > b.work; });
  }
  for (const PresetPass& p : passes) register_pass(bench, backends, p, libraries, limit, end);
  Reporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  if (!o.plot.empty()) plot_shares(o.plot, reporter.shares, device + "; limit " + text);
  return failures_of_backend > 0 ? 1 : 0;
}

}  // namespace
}  // namespace dcgan::bench

int main(int argc, char** argv) {
  return dcgan::bench::run_program("kernels", dcgan::bench::run, argc, argv);
}
