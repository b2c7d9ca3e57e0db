// The host's arithmetic and memory, measured with the widest vectors it has.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "bench/host_limit.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h:
#include <hwy/highway.h>
#include <omp.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <vector>

#include "bench/device_limit.h"

HWY_BEFORE_NAMESPACE();
namespace dcgan::bench::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// `rounds` rounds of twelve independent multiply-adds; returns the FLOPs done, and the sum through
/// `sink` so that the compiler drops none.
double MultiplyAdds(std::int64_t rounds, float* sink) {
  const hn::ScalableTag<float> d;
  const auto factor = hn::Set(d, 0.999F), term = hn::Set(d, 0.001F);
  // Different from each other, or the compiler would do one for all.
  auto a0 = hn::Set(d, 0.0F), a1 = hn::Set(d, 0.1F), a2 = hn::Set(d, 0.2F), a3 = hn::Set(d, 0.3F);
  auto a4 = hn::Set(d, 0.4F), a5 = hn::Set(d, 0.5F), a6 = hn::Set(d, 0.6F), a7 = hn::Set(d, 0.7F);
  auto a8 = hn::Set(d, 0.8F), a9 = hn::Set(d, 0.9F), a10 = hn::Set(d, 1.1F), a11 = hn::Set(d, 1.2F);
  for (std::int64_t i = 0; i < rounds; ++i) {
    a0 = hn::MulAdd(a0, factor, term), a1 = hn::MulAdd(a1, factor, term);
    a2 = hn::MulAdd(a2, factor, term), a3 = hn::MulAdd(a3, factor, term);
    a4 = hn::MulAdd(a4, factor, term), a5 = hn::MulAdd(a5, factor, term);
    a6 = hn::MulAdd(a6, factor, term), a7 = hn::MulAdd(a7, factor, term);
    a8 = hn::MulAdd(a8, factor, term), a9 = hn::MulAdd(a9, factor, term);
    a10 = hn::MulAdd(a10, factor, term), a11 = hn::MulAdd(a11, factor, term);
  }
  const auto sum = hn::Add(hn::Add(hn::Add(a0, a1), hn::Add(a2, a3)),
                           hn::Add(hn::Add(hn::Add(a4, a5), hn::Add(a6, a7)),
                                   hn::Add(hn::Add(a8, a9), hn::Add(a10, a11))));
  *sink = hn::GetLane(hn::SumOfLanes(d, sum));
  return 24.0 * static_cast<double>(rounds) * static_cast<double>(hn::Lanes(d));
}

/// a = b + 3 c over n floats, a multiple of every vector's length; `past` the caches or into them.
void Triad(const float* b, const float* c, std::int64_t n, bool past, float* a) {
  const hn::ScalableTag<float> d;
  const auto three = hn::Set(d, 3.0F);
  for (std::int64_t i = 0; i < n; i += static_cast<std::int64_t>(hn::Lanes(d))) {
    const auto sum = hn::MulAdd(hn::Load(d, c + i), three, hn::Load(d, b + i));
    past ? hn::Stream(sum, d, a + i) : hn::Store(sum, d, a + i);
  }
}

}  // namespace dcgan::bench::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <hwy/aligned_allocator.h>

namespace dcgan::bench {
namespace {

HWY_EXPORT(MultiplyAdds);
HWY_EXPORT(Triad);

/// Work per second, the best of many trials of `trial`, which returns the work it did.
template <class F>
double best_rate(F trial) {
  double best = 0;
  for (int i = 0; i < 10; ++i) {
    const auto start = std::chrono::steady_clock::now();
    const double work = trial();
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    best = std::max(best, work / seconds.count());
  }
  return best;
}

double multiply_add_rate(int workers) {
  return best_rate([&] {
    double flops = 0;
#pragma omp parallel num_threads(workers) reduction(+ : flops)
    {
      volatile float kept;
      float sink;
      flops += HWY_DYNAMIC_DISPATCH(MultiplyAdds)(2'000'000, &sink);
      kept = sink;
      (void)kept;
    }
    return flops;
  });
}

/// Over three arrays of n floats, each thread its own part repeatedly.
double triad_rate(int workers, std::int64_t n) {
  const auto count = static_cast<std::size_t>(n);
  const auto a = hwy::AllocateAligned<float>(count), b = hwy::AllocateAligned<float>(count),
             c = hwy::AllocateAligned<float>(count);
  for (float* array : {a.get(), b.get(), c.get()})  // pages are only there once written
    std::fill_n(array, count, 1.0F);
  const std::int64_t part = n / workers / 64 * 64;
  const std::int64_t rounds = std::max<std::int64_t>(1, (std::int64_t{1} << 22) / n);
  double best = 0;
  for (const bool past : {false, true})
    best = std::max(best, best_rate([&] {
#pragma omp parallel num_threads(workers)
                      {
                        const std::int64_t at = omp_get_thread_num() * part;
                        for (std::int64_t i = 0; i < rounds; ++i) HWY_DYNAMIC_DISPATCH(Triad)
                        (b.get() + at, c.get() + at, part, past, a.get() + at);
                      }
                      return 12.0 * static_cast<double>(part * workers * rounds);
                    }));
  return best;
}

}  // namespace

double DeviceLimit::seconds(double flops, double bytes, double footprint) const {
  double bandwidth = memory.back().bytes_per_s;
  for (const Bandwidth& m : memory)
    if (footprint <= m.footprint) {
      bandwidth = m.bytes_per_s;
      break;
    }
  return std::max(flops / flops_per_s, bytes / bandwidth);
}

double host_flops_per_s(int threads) {
  return multiply_add_rate(threads > 0 ? threads : omp_get_max_threads());
}

DeviceLimit host_limit(int threads) {
  const int workers = threads > 0 ? threads : omp_get_max_threads();
  DeviceLimit limit;
  limit.source = "measured, " + std::to_string(workers) + " threads";
  limit.flops_per_s = multiply_add_rate(workers);
  for (std::int64_t bytes = std::int64_t{1} << 17; bytes <= std::int64_t{1} << 28; bytes *= 2)
    limit.memory.push_back({static_cast<double>(bytes), triad_rate(workers, bytes / 12)});
  return limit;
}

}  // namespace dcgan::bench
#endif  // HWY_ONCE
