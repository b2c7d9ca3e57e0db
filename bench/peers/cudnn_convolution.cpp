// cuDNN's convolutions, in both layouts: every algorithm of its older interface, and the engines
// that the newer one proposes. cuDNN's older interface pads alike on both sides; where 'same' is
// uneven the image gets the larger padding on both, which leaves the shapes and the work as they
// are.
#include <algorithm>

#include "bench/peers/cudnn_graph.h"

namespace dcgan::bench {
namespace {

using Filter =
    Owned<cudnnFilterDescriptor_t, cudnnCreateFilterDescriptor, cudnnDestroyFilterDescriptor>;
using Convolution = Owned<cudnnConvolutionDescriptor_t, cudnnCreateConvolutionDescriptor,
                          cudnnDestroyConvolutionDescriptor>;

struct Operands {
  explicit Operands(const ConvShape& s) : x(s.x_size()), w(s.kernel_size()), y(s.y_size()) {}
  Floats x, w, y;
};

/// A convolution by one of the older interface's algorithms.
class Algorithm {
 public:
  Algorithm(const CudaContext& context, const ConvolutionPass& pass, cudnnTensorFormat_t layout,
            cudnnMathType_t math, int algorithm, std::shared_ptr<const Operands> operands)
      : context_(context),
        direction_(pass.direction),
        algorithm_(algorithm),
        o_(std::move(operands)) {
    const ConvShape& s = pass.shape;
    check(cudnnSetTensor4dDescriptor(x_is_, layout, CUDNN_DATA_FLOAT, narrow(s.batch), narrow(s.in),
                                     narrow(s.height), narrow(s.width)));
    check(cudnnSetTensor4dDescriptor(y_is_, layout, CUDNN_DATA_FLOAT, narrow(s.batch),
                                     narrow(s.out), narrow(s.out_height()), narrow(s.out_width())));
    check(cudnnSetFilter4dDescriptor(w_is_, CUDNN_DATA_FLOAT, layout, narrow(s.out), narrow(s.in),
                                     narrow(s.kernel), narrow(s.kernel)));
    check(cudnnSetConvolution2dDescriptor(conv_, narrow(s.pad_bottom()), narrow(s.pad_right()),
                                          narrow(s.stride), narrow(s.stride), 1, 1,
                                          CUDNN_CROSS_CORRELATION, CUDNN_DATA_FLOAT));
    check(cudnnSetConvolutionMathType(conv_, math));
    if (workspace_bytes() > CudaContext::workspace_bytes)
      throw Error("cuDNN: the workspace is too small");
  }
  void run() const {
    void* const workspace = context_.workspace;
    constexpr std::size_t bytes = CudaContext::workspace_bytes;
    if (direction_ == Direction::forward)
      check(cudnnConvolutionForward(context_.cudnn, &one, x_is_, o_->x.get(), w_is_, o_->w.get(),
                                    conv_, static_cast<cudnnConvolutionFwdAlgo_t>(algorithm_),
                                    workspace, bytes, &zero, y_is_, o_->y.get()));
    else if (direction_ == Direction::backward_data)
      check(cudnnConvolutionBackwardData(context_.cudnn, &one, w_is_, o_->w.get(), y_is_,
                                         o_->y.get(), conv_,
                                         static_cast<cudnnConvolutionBwdDataAlgo_t>(algorithm_),
                                         workspace, bytes, &zero, x_is_, o_->x.get()));
    else
      check(cudnnConvolutionBackwardFilter(context_.cudnn, &one, x_is_, o_->x.get(), y_is_,
                                           o_->y.get(), conv_,
                                           static_cast<cudnnConvolutionBwdFilterAlgo_t>(algorithm_),
                                           workspace, bytes, &zero, w_is_, o_->w.get()));
  }
  static int count(Direction direction) {
    if (direction == Direction::forward) return CUDNN_CONVOLUTION_FWD_ALGO_COUNT;
    return direction == Direction::backward_data ? int{CUDNN_CONVOLUTION_BWD_DATA_ALGO_COUNT}
                                                 : int{CUDNN_CONVOLUTION_BWD_FILTER_ALGO_COUNT};
  }

 private:
  std::size_t workspace_bytes() const {
    std::size_t bytes = 0;
    if (direction_ == Direction::forward)
      check(cudnnGetConvolutionForwardWorkspaceSize(
          context_.cudnn, x_is_, w_is_, conv_, y_is_,
          static_cast<cudnnConvolutionFwdAlgo_t>(algorithm_), &bytes));
    else if (direction_ == Direction::backward_data)
      check(cudnnGetConvolutionBackwardDataWorkspaceSize(
          context_.cudnn, w_is_, y_is_, conv_, x_is_,
          static_cast<cudnnConvolutionBwdDataAlgo_t>(algorithm_), &bytes));
    else
      check(cudnnGetConvolutionBackwardFilterWorkspaceSize(
          context_.cudnn, x_is_, y_is_, conv_, w_is_,
          static_cast<cudnnConvolutionBwdFilterAlgo_t>(algorithm_), &bytes));
    return bytes;
  }

  const CudaContext& context_;
  Direction direction_;
  int algorithm_;
  std::shared_ptr<const Operands> o_;
  Tensor x_is_, y_is_;
  Filter w_is_;
  Convolution conv_;
};

GraphTensor tensor(bool channels_last, std::int64_t n, std::int64_t c, std::int64_t h,
                   std::int64_t w, const Floats& data) {
  if (channels_last) return {{n, c, h, w}, {c * h * w, 1, c * w, c}, data.get()};
  return {{n, c, h, w}, {c * h * w, h * w, w, 1}, data.get()};
}

}  // namespace

std::vector<Way> cudnn_ways(const CudaContext& context, const ConvolutionPass& pass,
                            Precision precision) {
  const ConvShape& s = pass.shape;
  const auto operands = std::make_shared<const Operands>(s);
  const cudnnMathType_t math = precision == Precision::fp32 ? CUDNN_FMA_MATH : CUDNN_DEFAULT_MATH;
  std::vector<Way> ways;
  for (const auto& [layout, name] : layouts) {
    for (int i = 0; i < Algorithm::count(pass.direction); ++i)
      ways.push_back({"algorithm " + std::to_string(i) + name,
                      [&context, pass, in = layout, math, i, operands]() -> Way::Run {
                        const auto algorithm =
                            std::make_shared<const Algorithm>(context, pass, in, math, i, operands);
                        return [algorithm] { algorithm->run(); };
                      }});
    const bool last = layout == CUDNN_TENSOR_NHWC;
    const GraphConvolution graph{
        pass.direction,
        tensor(last, s.batch, s.in, s.height, s.width, operands->x),
        tensor(last, s.out, s.in, s.kernel, s.kernel, operands->w),
        tensor(last, s.batch, s.out, s.out_height(), s.out_width(), operands->y),
        {s.pad_bottom(), s.pad_right()},
        {s.stride, s.stride},
        precision};
    for (Way& way : graph_ways(context, graph, name, operands)) ways.push_back(std::move(way));
  }
  return ways;
}

}  // namespace dcgan::bench
