// Plans one direction of a convolution or inner product with oneDNN and runs it.
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
  explicit UnsafeConvolution(const LinearShape& s)
      : strided_1x1(s.weights[2] == 1 && s.weights[3] == 1 && s.strides[0] > 1) {}
  bool operator()(const std::string& implementation) const {
    return strided_1x1 && implementation.find("1x1") != std::string::npos;
  }
};

bool none(const std::string&) { return false; }

Descriptions describe_convolution(const dnnl::engine& engine, const LinearShape& s,
                                  Direction direction, const memory::desc& source,
                                  const memory::desc& weights, const memory::desc& destination) {
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

Descriptions describe_inner_product(const dnnl::engine& engine, Direction direction,
                                    const memory::desc& source, const memory::desc& weights,
                                    const memory::desc& destination) {
  using namespace dnnl;
  const auto forward = detail::describe<inner_product_forward>(engine, none, forward_kind, source,
                                                               weights, destination);
  switch (direction) {
    case Direction::forward:
      return {source, forward.weights_desc(), destination, inner_product_forward(forward)};
    case Direction::backward_data: {
      const auto backward = detail::describe_backward<inner_product_backward_data>(
          engine, none, forward, source, weights, destination);
      return {source, backward.weights_desc(), destination, inner_product_backward_data(backward)};
    }
    case Direction::backward_weights:
      break;
  }
  const auto backward = detail::describe_backward<inner_product_backward_weights>(
      engine, none, forward, source, weights, destination);
  return {source, backward.diff_weights_desc(), destination,
          inner_product_backward_weights(backward)};
}

void point_at(const memory& object, const float* data) {
  object.set_data_handle(const_cast<float*>(data));
}

}  // namespace

LinearPrimitive::LinearPrimitive(const dnnl::engine& engine, const LinearShape& shape,
                                 Direction direction)
    : direction_(direction) {
  constexpr auto f32 = memory::data_type::f32;
  const memory::desc source(shape.source, f32, shape.activation_tag);
  const memory::desc any_weights(shape.weights, f32, memory::format_tag::any);
  const memory::desc plain(shape.weights, f32, shape.weights_tag);
  const memory::desc destination(shape.destination, f32, shape.activation_tag);
  const Descriptions d =
      shape.strides.empty()
          ? describe_inner_product(engine, direction, source, any_weights, destination)
          : describe_convolution(engine, shape, direction, source, any_weights, destination);
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

void LinearPrimitive::run(dnnl::stream& stream, const float* source, const float* weights,
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
