// Both layers are a convolution: a transposed one is the adjoint of a convolution from its output
// to its input, so its forward pass is that convolution's backward-data (oneDNN's own deconvolution
// is slower and can fall to its reference path).
#include "backend/cpu/conv.h"

#include <omp.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "backend/cpu/convolution.h"
#include "backend/cpu/epilogue.h"
#include "backend/cpu/memory.h"
#include "backend/cpu/one_channel.h"
#include "backend/cpu/onednn.h"

namespace dcgan::cpu {
namespace {

/// transposed: source and destination change places.
class ConvLayer final : public LinearOp {
 public:
  ConvLayer(std::unique_ptr<Convolution> convolution, bool transposed, const EpilogueRun& epilogue)
      : convolution_(std::move(convolution)), transposed_(transposed), epilogue_(epilogue) {}
  void forward(const float* x, const float* kernel, const float* bias, const std::uint8_t* keep,
               float* y) override {
    transposed_ ? convolution_->to_source(x, kernel, y)
                : convolution_->to_destination(x, kernel, y);
    epilogue_.forward(bias, keep, y);
  }
  void backward_data(const float* dz, const float* kernel, float* dx) override {
    transposed_ ? convolution_->to_destination(dz, kernel, dx)
                : convolution_->to_source(dz, kernel, dx);
  }
  void backward_weights(const float* x, const float* dz, float* dkernel) override {
    transposed_ ? convolution_->kernel_gradient(dz, x, dkernel)
                : convolution_->kernel_gradient(x, dz, dkernel);
  }
  void backward(const float* x, const float* dz, const float* kernel, float* dx,
                float* dkernel) override {
    transposed_ ? convolution_->backward_transposed(x, dz, kernel, dx, dkernel)
                : convolution_->backward(x, dz, kernel, dx, dkernel);
  }

 private:
  std::unique_ptr<Convolution> convolution_;
  bool transposed_;
  EpilogueRun epilogue_;
};

OnednnShape onednn_shape(const ConvShape& s) {
  return {{s.batch, s.in, s.height, s.width},
          {s.out, s.in, s.kernel, s.kernel},
          {s.batch, s.out, s.out_height(), s.out_width()},
          {s.stride, s.stride},
          {s.pad_top(), s.pad_left()},
          {s.pad_bottom(), s.pad_right()}};
}

/// While it lives, oneDNN plans for one thread.
class PlansForOneThread {
 public:
  PlansForOneThread() { omp_set_num_threads(1); }
  ~PlansForOneThread() { omp_set_num_threads(threads_); }
  PlansForOneThread(const PlansForOneThread&) = delete;
  PlansForOneThread& operator=(const PlansForOneThread&) = delete;

 private:
  int threads_ = omp_get_max_threads();
};

/// oneDNN's sums depend on the number of its threads. Here the batch is cut into parts, as the
/// shape alone decides, each part is computed by one thread, and the kernel's gradient is summed
/// over the parts in their order. Each direction is planned when it is first needed: a program that
/// only samples never plans backward.
class OnednnConvolution final : public Convolution {
 public:
  OnednnConvolution(const dnnl::engine& engine, const ConvShape& s)
      : engine_(engine), shape_(s), parts_(count_parts(s)) {}
  void to_destination(const float* source, const float* kernel, float* destination) override {
    run(Direction::forward, source, kernel, destination);
  }
  void to_source(const float* destination, const float* kernel, float* source) override {
    run(Direction::backward_data, source, kernel, destination);
  }
  void kernel_gradient(const float* source, const float* destination, float* gradient) override {
    const std::int64_t size = shape_.kernel_size();
    if (!gradients_.f32()) gradients_ = allocate_floats(parts_ * size);
    run(Direction::backward_weights, source, gradients_.f32(), destination);
#pragma omp parallel for schedule(static)
    for (std::int64_t i = 0; i < size; ++i) {
      float sum = 0;
      for (std::int64_t part = 0; part < parts_; ++part) sum += gradients_.f32()[part * size + i];
      gradient[i] = sum;
    }
  }

 private:
  struct Plan {
    std::vector<OnednnPrimitive> primitives;  ///< one per part
    std::vector<dnnl::stream> streams;
  };

  /// Many enough for the threads that there may be, unless their kernels would fill the memory.
  static std::int64_t count_parts(const ConvShape& s) {
    constexpr std::int64_t most = 16, few = 4, most_floats = std::int64_t{1} << 26;
    return std::min(s.batch, std::clamp(most_floats / s.kernel_size(), few, most));
  }
  /// The first sample of a part.
  std::int64_t first_of(std::int64_t part) const { return shape_.batch * part / parts_; }

  Plan& plan(Direction direction) {
    Plan& plan = plans_[direction];
    if (!plan.primitives.empty()) return plan;
    const PlansForOneThread one;
    for (std::int64_t part = 0; part < parts_; ++part) {
      ConvShape shape = shape_;
      shape.batch = first_of(part + 1) - first_of(part);
      plan.primitives.emplace_back(engine_, onednn_shape(shape), direction);
      plan.streams.emplace_back(engine_);
    }
    return plan;
  }

  /// weights: the kernel or, one behind the other, the gradients of the parts.
  void run(Direction direction, const float* source, const float* weights,
           const float* destination) {
    Plan& all = plan(direction);
    const std::int64_t source_size = shape_.x_size() / shape_.batch,
                       destination_size = shape_.y_size() / shape_.batch,
                       step = direction == Direction::backward_weights ? shape_.kernel_size() : 0;
#pragma omp parallel for schedule(dynamic)
    for (std::int64_t part = 0; part < parts_; ++part) {
      const auto p = static_cast<std::size_t>(part);
      all.primitives[p].run(all.streams[p], source + first_of(part) * source_size,
                            weights + part * step, destination + first_of(part) * destination_size);
    }
  }

  dnnl::engine engine_;
  ConvShape shape_;
  std::int64_t parts_;
  Buffer gradients_;  ///< [parts, kernel]
  std::map<Direction, Plan> plans_;
};

/// The conv2d `s` by the method expected to be the fastest.
std::unique_ptr<Convolution> choose_convolution(const ConvContext& context, const ConvShape& s) {
  if (auto one_channel = make_one_channel_convolution(s)) return one_channel;
  const DftGeometry dft(s);
  if (dft.pays()) return make_dft_convolution(dft, context.scratch);
  return std::make_unique<OnednnConvolution>(context.engine, s);
}

}  // namespace

void EpilogueRun::forward(const float* bias, const std::uint8_t* keep, float* y) const {
  if (epilogue.does_something()) epilogue_forward({epilogue, rows, channels, bias, keep, y});
}

std::unique_ptr<LinearOp> make_layer(std::unique_ptr<Convolution> convolution, const ConvShape& s,
                                     const Epilogue& epilogue) {
  return std::make_unique<ConvLayer>(
      std::move(convolution), s.transposed,
      EpilogueRun{epilogue, s.batch * s.out_height() * s.out_width(), s.out});
}

std::unique_ptr<LinearOp> make_convolution(const ConvContext& context, const ConvShape& s,
                                           const Epilogue& epilogue) {
  return make_layer(choose_convolution(context, s.conv2d()), s, epilogue);
}

}  // namespace dcgan::cpu
