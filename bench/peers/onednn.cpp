// oneDNN as its manual recommends: nhwc activations, weights in the layout it prefers and kept
// there, direct convolutions, a transposed convolution as the adjoint.
#include <algorithm>
#include <dnnl.hpp>
#include <unordered_map>

#include "bench/peers/peer.h"

namespace dcgan::bench {
namespace {

using dnnl::memory;
using Arguments = std::unordered_map<int, memory>;
// Version 3 dropped the operation descriptors.
template <class Primitive, class... Operands>
auto describe(const dnnl::engine& engine, const Operands&... operands) {
#if DNNL_VERSION_MAJOR >= 3
  return typename Primitive::primitive_desc(engine, operands...);
#else
  return typename Primitive::primitive_desc(typename Primitive::desc(operands...), engine);
#endif
}
template <class Primitive, class Hint, class... Operands>
auto describe_backward(const dnnl::engine& engine, const Hint& hint, const Operands&... operands) {
#if DNNL_VERSION_MAJOR >= 3
  return typename Primitive::primitive_desc(engine, operands..., hint);
#else
  return typename Primitive::primitive_desc(typename Primitive::desc(operands...), engine, hint);
#endif
}

class OnednnPeer final : public Peer {
 public:
  void run() override { primitive_.execute(stream_, arguments_); }
  void wait() override { stream_.wait(); }

  void dense(const DenseShape& s, Direction direction) {
    constexpr auto f32 = memory::data_type::f32;
    const memory::desc x({s.batch, s.in}, f32, memory::format_tag::nc),
        w({s.out, s.in}, f32, memory::format_tag::any),
        y({s.batch, s.out}, f32, memory::format_tag::nc);
    using namespace dnnl;
    const auto forward =
        describe<inner_product_forward>(engine_, prop_kind::forward_training, x, w, y);
    if (direction == Direction::forward)
      bind_forward(forward, inner_product_forward(forward));
    else if (direction == Direction::backward_data)
      bind_data(describe_backward<inner_product_backward_data>(engine_, forward, x, w, y));
    else
      bind_weights(describe_backward<inner_product_backward_weights>(engine_, forward, x, w, y));
  }

  void convolution(const ConvShape& s, Direction direction) {
    constexpr auto f32 = memory::data_type::f32;
    const memory::desc x({s.batch, s.in, s.height, s.width}, f32, memory::format_tag::nhwc),
        w({s.out, s.in, s.kernel, s.kernel}, f32, memory::format_tag::any),
        y({s.batch, s.out, s.out_height(), s.out_width()}, f32, memory::format_tag::nhwc);
    const memory::dims strides{s.stride, s.stride}, before{s.pad_top(), s.pad_left()},
        after{s.pad_bottom(), s.pad_right()};
    using namespace dnnl;
    constexpr auto direct = algorithm::convolution_direct;
    const auto forward = describe<convolution_forward>(engine_, prop_kind::forward_training, direct,
                                                       x, w, y, strides, before, after);
    if (direction == Direction::forward)
      bind_forward(forward, convolution_forward(forward));
    else if (direction == Direction::backward_data)
      bind_data(describe_backward<convolution_backward_data>(engine_, forward, direct, x, w, y,
                                                             strides, before, after));
    else
      bind_weights(describe_backward<convolution_backward_weights>(engine_, forward, direct, x, w,
                                                                   y, strides, before, after));
  }

 private:
  memory filled(const memory::desc& description) {
    memory m(description, engine_);
    const std::size_t n = description.get_size() / sizeof(float);
    auto* values = static_cast<float*>(m.get_data_handle());
    for (std::size_t i = 0; i < n; ++i) values[i] = static_cast<float>(i % 17) / 17 - 0.5F;
    return m;
  }
  template <class Description>
  void bind_forward(const Description& d, dnnl::primitive primitive) {
    primitive_ = std::move(primitive);
    arguments_ = {{DNNL_ARG_SRC, filled(d.src_desc())},
                  {DNNL_ARG_WEIGHTS, filled(d.weights_desc())},
                  {DNNL_ARG_DST, filled(d.dst_desc())}};
  }
  template <class Description>
  void bind_data(const Description& d) {
    primitive_ = dnnl::primitive(d.get());
    arguments_ = {{DNNL_ARG_DIFF_SRC, filled(d.diff_src_desc())},
                  {DNNL_ARG_WEIGHTS, filled(d.weights_desc())},
                  {DNNL_ARG_DIFF_DST, filled(d.diff_dst_desc())}};
  }
  template <class Description>
  void bind_weights(const Description& d) {
    primitive_ = dnnl::primitive(d.get());
    arguments_ = {{DNNL_ARG_SRC, filled(d.src_desc())},
                  {DNNL_ARG_DIFF_WEIGHTS, filled(d.diff_weights_desc())},
                  {DNNL_ARG_DIFF_DST, filled(d.diff_dst_desc())}};
  }

  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream_{engine_};
  dnnl::primitive primitive_;
  Arguments arguments_;
};

class OnednnLibrary final : public PeerLibrary {
 public:
  std::string description() const override {
    const dnnl_version_t& v = *dnnl::version();
    return "oneDNN " + std::to_string(v.major) + "." + std::to_string(v.minor) + "." +
           std::to_string(v.patch);
  }
  std::vector<NamedPeer> peers(const PeerOp& op) override {
    const auto named = [](auto plan) {
      return std::vector<NamedPeer>{{"onednn", [plan] {
                                       auto peer = std::make_unique<OnednnPeer>();
                                       plan(*peer);
                                       return peer;
                                     }}};
    };
    if (const auto* dense = std::get_if<DensePass>(&op))
      return named([p = *dense](OnednnPeer& peer) { peer.dense(p.shape, p.direction); });
    if (const auto* conv = std::get_if<ConvolutionPass>(&op))
      return named([p = *conv](OnednnPeer& peer) { peer.convolution(p.shape, p.direction); });
    return {};
  }
};

}  // namespace

std::unique_ptr<PeerLibrary> onednn_library() { return std::make_unique<OnednnLibrary>(); }

}  // namespace dcgan::bench
