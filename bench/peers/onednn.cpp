// oneDNN as its manual recommends: nhwc activations, weights in the layout it prefers and kept
// there, direct convolutions, a transposed convolution as the adjoint.
#include <dnnl.hpp>
#include <initializer_list>
#include <unordered_map>

#include "backend/cpu/onednn.h"
#include "bench/peers/peer.h"

namespace dcgan::bench {
namespace {

using dnnl::memory;
constexpr auto forward_arguments = {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST};
constexpr auto data_arguments = {DNNL_ARG_DIFF_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DIFF_DST};
constexpr auto weights_arguments = {DNNL_ARG_SRC, DNNL_ARG_DIFF_WEIGHTS, DNNL_ARG_DIFF_DST};
constexpr auto none = [](const std::string&) { return false; };  // no implementation is refused

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
        cpu::describe<inner_product_forward>(engine_, none, prop_kind::forward_training, x, w, y);
    if (direction == Direction::forward)
      bind(forward, forward_arguments);
    else if (direction == Direction::backward_data)
      bind(cpu::describe_backward<inner_product_backward_data>(engine_, none, forward, x, w, y),
           data_arguments);
    else
      bind(cpu::describe_backward<inner_product_backward_weights>(engine_, none, forward, x, w, y),
           weights_arguments);
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
    const auto forward = cpu::describe<convolution_forward>(
        engine_, none, prop_kind::forward_training, direct, x, w, y, strides, before, after);
    if (direction == Direction::forward)
      bind(forward, forward_arguments);
    else if (direction == Direction::backward_data)
      bind(cpu::describe_backward<convolution_backward_data>(engine_, none, forward, direct, x, w,
                                                             y, strides, before, after),
           data_arguments);
    else
      bind(cpu::describe_backward<convolution_backward_weights>(engine_, none, forward, direct, x,
                                                                w, y, strides, before, after),
           weights_arguments);
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
  void bind(const Description& d, std::initializer_list<int> arguments) {
    primitive_ = dnnl::primitive(d.get());
    for (const int argument : arguments)
      arguments_[argument] = filled(d.query_md(dnnl::query::exec_arg_md, argument));
    arguments_[DNNL_ARG_SCRATCHPAD] = memory(d.query_md(dnnl::query::scratchpad_md), engine_);
  }

  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream_{engine_};
  dnnl::primitive primitive_;
  std::unordered_map<int, memory> arguments_;
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
