// The three products of a dense layer, each the main loop over plain matrices but where there is
// one output.
#include "kernels/dense.h"

namespace dcgan::DCGAN_TARGET {

DenseKernels::DenseKernels(const DenseShape& s)
    : batch_(static_cast<int>(s.batch)),
      in_(static_cast<int>(s.in)),
      out_(static_cast<int>(s.out)),
      vec4_(packs_of_four(s.in) && packs_of_four(s.out)),
      forward_(plan_product(s.batch, s.out, s.in, vec4_)),
      backward_data_(plan_product(s.batch, s.in, s.out, vec4_)),
      backward_weights_(plan_product(s.in, s.out, s.batch, vec4_)),
      one_output_(plan_one_output(s)) {}

std::size_t DenseKernels::workspace_floats() const {
  if (one_output_.applies) return one_output_.workspace_floats;
  return std::max({forward_.workspace_floats(), backward_data_.workspace_floats(),
                   backward_weights_.workspace_floats()});
}

void DenseKernels::forward(const float* x, const float* kernel, const EpilogueParameters& epilogue,
                           float* y, float* workspace, cudaStream_t stream) const {
  if (one_output_.applies) return one_output_forward(one_output_, x, kernel, epilogue, y, stream);
  const auto run = [&](auto vec4) {
    run_product<vec4.value>("dense_forward", forward_, MatrixAlongK<vec4.value>{x, batch_, in_},
                            MatrixAlongMn<vec4.value>{kernel, out_}, epilogue, y, workspace,
                            stream);
  };
  vec4_ ? run(std::true_type{}) : run(std::false_type{});
}

void DenseKernels::backward_data(const float* dz, const float* kernel, float* dx, float* workspace,
                                 cudaStream_t stream) const {
  if (one_output_.applies) return one_output_backward_data(one_output_, dz, kernel, dx, stream);
  const auto run = [&](auto vec4) {
    run_product<vec4.value>(
        "dense_backward_data", backward_data_, MatrixAlongK<vec4.value>{dz, batch_, out_},
        MatrixAlongK<vec4.value>{kernel, in_, out_}, EpilogueParameters{}, dx, workspace, stream);
  };
  vec4_ ? run(std::true_type{}) : run(std::false_type{});
}

void DenseKernels::backward_weights(const float* x, const float* dz, float* dkernel,
                                    float* workspace, cudaStream_t stream) const {
  if (one_output_.applies)
    return one_output_backward_weights(one_output_, x, dz, dkernel, workspace, stream);
  const auto run = [&](auto vec4) {
    run_product<vec4.value>("dense_backward_weights", backward_weights_,
                            MatrixAlongMn<vec4.value>{x, in_}, MatrixAlongMn<vec4.value>{dz, out_},
                            EpilogueParameters{}, dkernel, workspace, stream);
  };
  vec4_ ? run(std::true_type{}) : run(std::false_type{});
}

}  // namespace dcgan::DCGAN_TARGET
