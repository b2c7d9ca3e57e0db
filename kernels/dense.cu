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
  return {.floats = std::max({forward_.workspace_floats(), backward_data_.workspace_floats(),
                              backward_weights_.workspace_floats()})};
}

void DenseKernels::forward(const float* x, const float* kernel, const EpilogueParameters& epilogue,
                           float* y, const Scratch& scratch, cudaStream_t stream) const {
  if (one_output_.applies) return one_output_forward(one_output_, x, kernel, epilogue, y, stream);
  dispatch(vec4_, [&](auto vec4) {
    run_product<vec4>({"dense_forward", bytes_}, forward_, MatrixAlongK<vec4>{{x}, batch_, in_},
                      MatrixAlongMn<vec4>{{kernel}, out_}, epilogue, y, scratch.floats, stream);
  });
}

void DenseKernels::backward_data(const float* dz, const float* kernel, float* dx,
                                 const Scratch& scratch, cudaStream_t stream) const {
  if (one_output_.applies) return one_output_backward_data(one_output_, dz, kernel, dx, stream);
  dispatch(vec4_, [&](auto vec4) {
    run_product<vec4>(
        {"dense_backward_data", bytes_}, backward_data_, MatrixAlongK<vec4>{{dz}, batch_, out_},
        MatrixAlongK<vec4>{{kernel}, in_, out_}, EpilogueParameters{}, dx, scratch.floats, stream);
  });
}

void DenseKernels::backward_weights(const float* x, const float* dz, float* dkernel,
                                    const Scratch& scratch, cudaStream_t stream) const {
  if (one_output_.applies)
    return one_output_backward_weights(one_output_, x, dz, dkernel, scratch, stream);
  dispatch(vec4_, [&](auto vec4) {
    run_product<vec4>({"dense_backward_weights", bytes_}, backward_weights_,
                      MatrixAlongMn<vec4>{{x}, in_}, MatrixAlongMn<vec4>{{dz}, out_},
                      EpilogueParameters{}, dkernel, scratch.floats, stream);
  });
}

}  // namespace dcgan::DCGAN_TARGET
