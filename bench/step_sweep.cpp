#include "bench/step_sweep.h"

#include <algorithm>
#include <cstdio>
#include <thread>

#include "plot/figure.h"

namespace dcgan::bench {
namespace {

struct Quantity {
  std::string name, axis;
  std::vector<double> values;
  void (*set)(Config&, double);
};

std::vector<Quantity> quantities() {
  Quantity threads{
      "threads", "threads", {}, [](Config& c, double v) { c.threads = static_cast<int>(v); }};
  const int cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  for (int n = 1; n < cores; n *= 2) threads.values.push_back(n);
  threads.values.push_back(cores);
  return {{"batch",
           "images per batch",
           {32, 64, 128, 256, 512, 1024},
           [](Config& c, double v) { c.batch_size = static_cast<std::int64_t>(v); }},
          {"width",
           "width of the hidden layers, as a multiple of the preset's",
           {1, 2, 4},
           [](Config& c, double v) { c.width = v; }},
          threads};
}

/// Pictures of one width, one below the other.
Image stacked(const std::vector<Image>& images) {
  Image all = images.front();
  for (std::size_t i = 1; i < images.size(); ++i) {
    all.height += images[i].height;
    all.pixels.insert(all.pixels.end(), images[i].pixels.begin(), images[i].pixels.end());
  }
  return all;
}

}  // namespace

std::vector<SweepPoint> sweep(const std::vector<Config>& presets, int steps) {
  std::vector<SweepPoint> points;
  for (const Quantity& quantity : quantities())
    for (const Config& preset : presets)
      for (const double value : quantity.values) {
        Config config = preset;
        quantity.set(config, value);
        points.push_back({preset.preset, quantity.name, value, time_steps(config, 2, steps)});
        const StepTimes& t = points.back().times;
        std::printf("%-12s %-8s %6g %10.2f ms (least %.2f)  %8.1f GFLOP/s  %8.0f images/s\n",
                    preset.preset.c_str(), quantity.name.c_str(), value, t.median_ms, t.minimum_ms,
                    t.gflop_per_s(), static_cast<double>(config.batch_size) / t.median_ms * 1e3);
        std::fflush(stdout);
      }
  return points;
}

void plot_sweep(const std::string& path, const std::vector<SweepPoint>& points) {
  std::vector<Image> panels;
  for (const Quantity& quantity : quantities()) {
    std::vector<Curve> curves;
    for (const SweepPoint& p : points) {
      if (p.quantity != quantity.name) continue;
      if (curves.empty() || curves.back().label != p.preset) curves.push_back({p.preset, {}, {}});
      curves.back().x.push_back(p.value);
      curves.back().y.push_back(p.times.median_ms);
    }
    PlotText text{"Training step over " + quantity.name, quantity.axis, "ms per step"};
    text.logarithmic = true;  // a step's cost spans three powers of ten
    panels.push_back(plot_figure(curves, text, 900, 360));
  }
  write_png(path, stacked(panels));
}

}  // namespace dcgan::bench
