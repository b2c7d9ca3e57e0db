// Plans one direction of a convolution with oneDNN and runs it.
#include "backend/cpu/onednn.h"

#include <string>

#include "dcgan/error.h"

namespace dcgan::cpu {
namespace {

using dnnl::memory;

struct Descriptions {
  memory::desc source, weights, destination;  // weights in the layout oneDNN chose
  dnnl::primitive primitive;
};

constexpr auto forward_kind = dnnl::prop_kind::forward_training;

/// oneDNN's own 1x1 convolutions write past their scratch memory when the stride is above one and
/// the channels are no multiple of 16 (backward-weights in 2.6 and 3.2).
struct UnsafeConvolution {
  bool strided_1x1;
  explicit UnsafeConvolution(const OnednnShape& s)
      : strided_1x1(s.weights[2] == 1 && s.weights[3] == 1 && s.strides[0] > 1) {}
  bool operator()(const std::string& implementation) const {
    return strided_1x1 && implementation.find("1x1") != std::string::npos;
  }
};

Descriptions describe(const dnnl::engine& engine, const OnednnShape& s, Direction direction,
                      const memory::desc& source, const memory::desc& weights,
                      const memory::desc& destination) {
  using namespace dnnl;
  constexpr auto direct = algorithm::convolution_direct;
  const UnsafeConvolution unsafe(s);
  auto forward = detail::describe<convolution_forward>(engine, unsafe, forward_kind, direct, source,
                                                       weights, destination, s.strides,
                                                       s.padding_before, s.padding_after);
  switch (direction) {
    case Direction::forward:
      return {source, forward.weights_desc(), destination, convolution_forward(forward)};
    case Direction::backward_data: {
      auto backward = detail::describe_backward<convolution_backward_data>(
          engine, unsafe, forward, direct, source, weights, destination, s.strides,
          s.padding_before, s.padding_after);
      return {source, backward.weights_desc(), destination, convolution_backward_data(backward)};
    }
    case Direction::backward_weights:
      break;
  }
  auto backward = detail::describe_backward<convolution_backward_weights>(
      engine, unsafe, forward, direct, source, weights, destination, s.strides, s.padding_before,
      s.padding_after);
  return {source, backward.diff_weights_desc(), destination,
          convolution_backward_weights(backward)};
}

void point_at(const memory& object, const float* data) {
  object.set_data_handle(const_cast<float*>(data));
}

}  // namespace

OnednnPrimitive::OnednnPrimitive(const dnnl::engine& engine, const OnednnShape& shape,
                                 Direction direction)
    : direction_(direction) {
  constexpr auto f32 = memory::data_type::f32;
  const memory::desc source(shape.source, f32, memory::format_tag::nhwc);
  const memory::desc any_weights(shape.weights, f32, memory::format_tag::any);
  const memory::desc plain(shape.weights, f32, memory::format_tag::hwio);
  const memory::desc destination(shape.destination, f32, memory::format_tag::nhwc);
  const Descriptions d = describe(engine, shape, direction, source, any_weights, destination);
  primitive_ = d.primitive;
  source_ = memory(d.source, engine, nullptr);
  destination_ = memory(d.destination, engine, nullptr);
  plain_weights_ = memory(plain, engine, nullptr);
  reorders_ = d.weights != plain;
  weights_ = reorders_ ? memory(d.weights, engine) : plain_weights_;
  if (reorders_)
    reorder_ = direction == Direction::backward_weights ? dnnl::reorder(weights_, plain_weights_)
                                                        : dnnl::reorder(plain_weights_, weights_);
  switch (direction) {
    case Direction::forward:
      arguments_ = {
          {DNNL_ARG_SRC, source_}, {DNNL_ARG_WEIGHTS, weights_}, {DNNL_ARG_DST, destination_}};
      break;
    case Direction::backward_data:
      arguments_ = {{DNNL_ARG_DIFF_SRC, source_},
                    {DNNL_ARG_WEIGHTS, weights_},
                    {DNNL_ARG_DIFF_DST, destination_}};
      break;
    case Direction::backward_weights:
      arguments_ = {{DNNL_ARG_SRC, source_},
                    {DNNL_ARG_DIFF_WEIGHTS, weights_},
                    {DNNL_ARG_DIFF_DST, destination_}};
      break;
  }
}

void OnednnPrimitive::run(dnnl::stream& stream, const float* source, const float* weights,
                          const float* destination) {
  point_at(source_, source);
  point_at(destination_, destination);
  point_at(plain_weights_, weights);
  if (reorders_ && direction_ != Direction::backward_weights)
    reorder_.execute(stream, plain_weights_, weights_);
  primitive_.execute(stream, arguments_);
  if (reorders_ && direction_ == Direction::backward_weights)
    reorder_.execute(stream, weights_, plain_weights_);
  stream.wait();
}

}  // namespace dcgan::cpu
