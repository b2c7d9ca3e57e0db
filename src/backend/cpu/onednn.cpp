// Plans one direction of a convolution with oneDNN and runs it.
#include "backend/cpu/onednn.h"

#include <string>

namespace dcgan::cpu {
namespace {

using dnnl::memory;

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

dnnl::primitive_desc_base describe_convolution(const dnnl::engine& engine, const OnednnShape& s,
                                               Direction direction) {
  using namespace dnnl;
  constexpr auto f32 = memory::data_type::f32;
  constexpr auto direct = algorithm::convolution_direct;
  const memory::desc source(s.source, f32, memory::format_tag::nhwc);
  const memory::desc weights(s.weights, f32, memory::format_tag::any);
  const memory::desc destination(s.destination, f32, memory::format_tag::nhwc);
  const UnsafeConvolution unsafe(s);
  const auto forward = describe<convolution_forward>(engine, unsafe, prop_kind::forward_training,
                                                     direct, source, weights, destination,
                                                     s.strides, s.padding_before, s.padding_after);
  if (direction == Direction::forward) return forward;
  if (direction == Direction::backward_data)
    return describe_backward<convolution_backward_data>(engine, unsafe, forward, direct, source,
                                                        weights, destination, s.strides,
                                                        s.padding_before, s.padding_after);
  return describe_backward<convolution_backward_weights>(engine, unsafe, forward, direct, source,
                                                         weights, destination, s.strides,
                                                         s.padding_before, s.padding_after);
}

void point_at(const memory& object, const float* data) {
  object.set_data_handle(const_cast<float*>(data));
}

}  // namespace

OnednnPrimitive::OnednnPrimitive(const dnnl::engine& engine, const OnednnShape& shape,
                                 Direction direction)
    : direction_(direction) {
  const dnnl::primitive_desc_base description = describe_convolution(engine, shape, direction);
  const auto layout_of = [&](int argument) {
    return description.query_md(dnnl::query::exec_arg_md, argument);
  };
  const int source = direction == Direction::backward_data ? DNNL_ARG_DIFF_SRC : DNNL_ARG_SRC;
  const int weights =
      direction == Direction::backward_weights ? DNNL_ARG_DIFF_WEIGHTS : DNNL_ARG_WEIGHTS;
  const int destination = direction == Direction::forward ? DNNL_ARG_DST : DNNL_ARG_DIFF_DST;
  const memory::desc plain(shape.weights, memory::data_type::f32, memory::format_tag::hwio);
  primitive_ = dnnl::primitive(description.get());
  source_ = memory(layout_of(source), engine, nullptr);
  destination_ = memory(layout_of(destination), engine, nullptr);
  plain_weights_ = memory(plain, engine, nullptr);
  reorders_ = layout_of(weights) != plain;
  weights_ = reorders_ ? memory(layout_of(weights), engine) : plain_weights_;
  const auto scratchpad = [&](const dnnl::primitive_desc_base& of) {
    return memory(of.query_md(dnnl::query::scratchpad_md), engine);
  };
  if (reorders_) {
    const bool back = direction == Direction::backward_weights;
    const memory &from = back ? weights_ : plain_weights_, &to = back ? plain_weights_ : weights_;
    const dnnl::reorder::primitive_desc reordering(engine, from.get_desc(), engine, to.get_desc(),
                                                   own_scratchpad());
    reorder_ = dnnl::reorder(reordering);
    reorder_arguments_ = {
        {DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}, {DNNL_ARG_SCRATCHPAD, scratchpad(reordering)}};
  }
  arguments_ = {{source, source_},
                {weights, weights_},
                {destination, destination_},
                {DNNL_ARG_SCRATCHPAD, scratchpad(description)}};
}

void OnednnPrimitive::run(dnnl::stream& stream, const float* source, const float* weights,
                          const float* destination) {
  point_at(source_, source);
  point_at(destination_, destination);
  point_at(plain_weights_, weights);
  if (reorders_ && direction_ != Direction::backward_weights)
    reorder_.execute(stream, reorder_arguments_);
  primitive_.execute(stream, arguments_);
  if (reorders_ && direction_ == Direction::backward_weights)
    reorder_.execute(stream, reorder_arguments_);
  stream.wait();
}

}  // namespace dcgan::cpu
