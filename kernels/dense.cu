// The three products of a dense layer: the main loop over plain matrices, except for layers with
// one output.
#include "kernels/dense.h"

#include "kernels/matmul/product.h"

namespace dcgan::DCGAN_TARGET {

DenseKernels::DenseKernels(const DenseShape& s, Precision precision)
    : batch_(narrow(s.batch)),
      in_(narrow(s.in)),
      out_(narrow(s.out)),
      bytes_(describe(s, Direction::forward).bytes),
      vec4_(packs_of_four(s.in) && packs_of_four(s.out)),
      forward_(plan_product(s.batch, s.out, s.in, vec4_, precision)),
      backward_data_(plan_product(s.batch, s.in, s.out, vec4_, precision)),
      backward_weights_(plan_product(s.in, s.out, s.batch, vec4_, precision)),
      one_output_(plan_one_output(s)) {}

ScratchSize DenseKernels::scratch() const {
  if (one_output_.applies) return one_output_.scratch;
  return {.floats = std::max(forward_.workspace_floats(), backward_data_.workspace_floats())};
}

bool DenseKernels::can_go_back_through(const EpilogueBackward& before) const {
  return one_output_.applies || (vec4_ && can_finish_backward(backward_data_, in_, before));
}

ScratchSize DenseKernels::scratch_through(const EpilogueBackward& before) const {
  if (one_output_.applies)
    return before.dbias ? epilogue_scratch(before.rows, before.channels) : ScratchSize{};
  return backward_scratch(backward_data_, backward_data_.splits, before);
}

bool DenseKernels::can_make_forward_statistics(const BatchNormShape& after) const {
  return vec4_ && can_make_statistics(forward_, batch_, out_, after);
}

bool DenseKernels::can_make_backward_sums(const BatchNormShape& before) const {
  return vec4_ && can_serve(backward_data_, batch_, in_, before);
}

ScratchSize DenseKernels::batch_norm_scratch() const {
  const auto of = [&](const Product& p) {
    return dcgan::DCGAN_TARGET::batch_norm_scratch(p, p.splits, batch_);
  };
  return larger(of(forward_), of(backward_data_));
}

/// run of finish_forward and finish_with_statistics.
template <bool vec4>
auto DenseKernels::forward_product(const float* x, const float* kernel, cudaStream_t stream) const {
  return [=, this](const Work& op, const auto& finish, float* y) {
    launch_product<vec4>(op, forward_, MatrixAlongK<vec4>{{x}, batch_, in_},
                         MatrixAlongMn<vec4>{{kernel}, out_}, finish, y, stream);
  };
}

void DenseKernels::forward(const float* x, const float* kernel, const EpilogueParameters& epilogue,
                           float* y, const Scratch& scratch, cudaStream_t stream) const {
  if (one_output_.applies) return one_output_forward(one_output_, x, kernel, epilogue, y, stream);
  dispatch(vec4_, [&](auto vec4) {
    finish_forward({"dense_forward", bytes_}, forward_, batch_, out_, epilogue, y, scratch.floats,
                   stream, forward_product<vec4>(x, kernel, stream));
  });
}

/// run of finish_forward, finish_backward and finish_with_sums.
template <bool vec4>
auto DenseKernels::backward_data_product(const float* dz, const float* kernel,
                                         cudaStream_t stream) const {
  return [=, this](const Work& op, const auto& finish, float* dx) {
    launch_product<vec4>(op, backward_data_, MatrixAlongK<vec4>{{dz}, batch_, out_},
                         MatrixAlongK<vec4>{{kernel}, in_, out_}, finish, dx, stream);
  };
}

void DenseKernels::backward_data(const float* dz, const float* kernel, float* dx,
                                 const Scratch& scratch, cudaStream_t stream) const {
  if (one_output_.applies) return one_output_backward_data(one_output_, dz, kernel, dx, stream);
  dispatch(vec4_, [&](auto vec4) {
    finish_forward({"dense_backward_data", bytes_}, backward_data_, batch_, in_, {}, dx,
                   scratch.floats, stream, backward_data_product<vec4>(dz, kernel, stream));
  });
}

void DenseKernels::backward_data_through(const float* dz, const float* kernel,
                                         const EpilogueBackward& before, const Scratch& scratch,
                                         cudaStream_t stream) const {
  if (one_output_.applies)
    return epilogue_backward(before, GradientOfOneOutput{dz, kernel, Divider(in_)},
                             4.0 * (batch_ + in_), one_output_.fmas, scratch, stream);
  finish_backward({"dense_backward_data", bytes_}, backward_data_, batch_, in_, before, scratch,
                  stream, backward_data_product<true>(dz, kernel, stream));
}

void DenseKernels::forward_with_statistics(const float* x, const float* kernel, const float* bias,
                                           float* y, const BatchNormStatistics& after,
                                           const Scratch& scratch, cudaStream_t stream) const {
  finish_with_statistics({"dense_forward", bytes_}, forward_, batch_, out_, bias, after, y, scratch,
                         stream, forward_product<true>(x, kernel, stream));
}

void DenseKernels::backward_data_with_sums(const float* dz, const float* kernel,
                                           const BatchNormSums& before, const Scratch& scratch,
                                           cudaStream_t stream) const {
  finish_with_sums({"dense_backward_data", bytes_}, backward_data_, batch_, in_, before, scratch,
                   stream, backward_data_product<true>(dz, kernel, stream));
}

template <bool vec4>
auto DenseKernels::backward_weights_product(const float* x, const float* dz,
                                            cudaStream_t stream) const {
  return [=, this](const Work& op, const auto& finish, float* to) {
    launch_product<vec4>(op, backward_weights_, MatrixAlongMn<vec4>{{x}, in_},
                         MatrixAlongMn<vec4>{{dz}, out_}, finish, to, stream);
  };
}

void DenseKernels::backward_weights(const float* x, const float* dz, float* dkernel,
                                    const Scratch& scratch, cudaStream_t stream) const {
  if (one_output_.applies)
    return one_output_backward_weights(one_output_, x, dz, dkernel, scratch, stream);
  dispatch(vec4_, [&](auto vec4) {
    finish_forward({"dense_backward_weights", bytes_}, backward_weights_, in_, out_, {}, dkernel,
                   scratch.floats, stream, backward_weights_product<vec4>(x, dz, stream));
  });
}

void DenseKernels::backward_weights_in_parts(const float* x, const float* dz, float* parts,
                                             cudaStream_t stream) const {
  dispatch(vec4_, [&](auto vec4) {
    backward_weights_product<vec4>(x, dz, stream)({"dense_backward_weights", bytes_},
                                                  ForwardFinish{}, parts);
  });
}

}  // namespace dcgan::DCGAN_TARGET
