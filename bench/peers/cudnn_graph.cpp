#include "bench/peers/cudnn_graph.h"

#include <algorithm>

namespace dcgan::bench {
namespace {

constexpr std::size_t most_engines = 10;

cudnnStatus_t create(cudnnBackendDescriptor_t* value, cudnnBackendDescriptorType_t type) {
  return cudnnBackendCreateDescriptor(type, value);
}

/// One of the interface's descriptors: attributes by name, then finalize().
class Descriptor {
 public:
  explicit Descriptor(cudnnBackendDescriptorType_t type) : value_(type) {}
  template <class T>
  void set(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, const T* values,
           std::int64_t count = 1) {
    check(cudnnBackendSetAttribute(value_, name, type, count, values));
  }
  void set(cudnnBackendAttributeName_t name, std::int64_t value) {
    set(name, CUDNN_TYPE_INT64, &value);
  }
  void set(cudnnBackendAttributeName_t name, const Descriptor& other) {
    const cudnnBackendDescriptor_t value = other;
    set(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, &value);
  }
  void finalize() { check(cudnnBackendFinalize(value_)); }
  operator cudnnBackendDescriptor_t() const { return value_; }

 private:
  Owned<cudnnBackendDescriptor_t, create, cudnnBackendDestroyDescriptor> value_;
};

constexpr std::int64_t x_id = 'x', w_id = 'w', y_id = 'y';

void describe(Descriptor& d, const GraphTensor& t, std::int64_t id) {
  constexpr std::int64_t alignment_bytes = 16;
  const cudnnDataType_t type = CUDNN_DATA_FLOAT;
  d.set(CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, &type);
  d.set(CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_TYPE_INT64, t.dimensions, 4);
  d.set(CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_INT64, t.strides, 4);
  d.set(CUDNN_ATTR_TENSOR_UNIQUE_ID, id);
  d.set(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, alignment_bytes);
  d.finalize();
}

/// What a direction's operation and its attributes are called.
struct Names {
  cudnnBackendDescriptorType_t operation;
  cudnnBackendAttributeName_t x, w, y, convolution, alpha, beta;
};
Names names_of(Direction direction) {
  if (direction == Direction::forward)
    return {CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
            CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
            CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
            CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y,
            CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
            CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA,
            CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA};
  if (direction == Direction::backward_data)
    return {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR,
            CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX,
            CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
            CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY,
            CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
            CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA,
            CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA};
  return {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR,
          CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
          CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
          CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY,
          CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
          CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA,
          CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA};
}

/// The graph and what it is made of.
struct Graph {
  Graph(const CudaContext& context, const GraphConvolution& c)
      : operation(names_of(c.direction).operation) {
    describe(x, c.x, x_id);
    describe(w, c.w, w_id);
    describe(y, c.y, y_id);
    constexpr std::int64_t dilations[2] = {1, 1};
    const cudnnDataType_t type = CUDNN_DATA_FLOAT;
    const cudnnConvolutionMode_t mode = CUDNN_CROSS_CORRELATION;
    convolution.set(CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, &type);
    convolution.set(CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE, &mode);
    convolution.set(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, 2);
    convolution.set(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, CUDNN_TYPE_INT64, c.padding, 2);
    convolution.set(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, CUDNN_TYPE_INT64, c.padding, 2);
    convolution.set(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, CUDNN_TYPE_INT64, c.stride, 2);
    convolution.set(CUDNN_ATTR_CONVOLUTION_DILATIONS, CUDNN_TYPE_INT64, dilations, 2);
    convolution.finalize();
    const Names names = names_of(c.direction);
    operation.set(names.x, x);
    operation.set(names.w, w);
    operation.set(names.y, y);
    operation.set(names.convolution, convolution);
    operation.set(names.alpha, CUDNN_TYPE_FLOAT, &one);
    operation.set(names.beta, CUDNN_TYPE_FLOAT, &zero);
    operation.finalize();
    const cudnnHandle_t handle = context.cudnn;
    graph.set(CUDNN_ATTR_OPERATIONGRAPH_HANDLE, CUDNN_TYPE_HANDLE, &handle);
    graph.set(CUDNN_ATTR_OPERATIONGRAPH_OPS, operation);
    graph.finalize();
  }
  Descriptor x{CUDNN_BACKEND_TENSOR_DESCRIPTOR}, w{CUDNN_BACKEND_TENSOR_DESCRIPTOR},
      y{CUDNN_BACKEND_TENSOR_DESCRIPTOR}, convolution{CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR};
  Descriptor operation;
  Descriptor graph{CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR};
};

using Engines = std::vector<std::shared_ptr<const Descriptor>>;

/// The configured engines that the heuristics of `mode` propose for the graph, the best first.
Engines proposed(const Graph& graph, cudnnBackendHeurMode_t mode) {
  Descriptor heuristics(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
  heuristics.set(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph.graph);
  heuristics.set(CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, &mode);
  heuristics.finalize();
  Engines engines;
  std::vector<cudnnBackendDescriptor_t> raw;
  for (std::size_t i = 0; i < most_engines; ++i) {
    engines.push_back(std::make_shared<const Descriptor>(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR));
    raw.push_back(*engines.back());
  }
  std::int64_t count = 0;
  check(cudnnBackendGetAttribute(heuristics, CUDNN_ATTR_ENGINEHEUR_RESULTS,
                                 CUDNN_TYPE_BACKEND_DESCRIPTOR,
                                 static_cast<std::int64_t>(raw.size()), &count, raw.data()));
  engines.resize(std::min(engines.size(), static_cast<std::size_t>(count)));
  return engines;
}

struct Engine {
  std::int64_t number = 0;
  bool tensor_cores = false, narrows_inputs = false;
};

Engine engine_of(const Descriptor& configured) {
  const Descriptor engine(CUDNN_BACKEND_ENGINE_DESCRIPTOR);
  cudnnBackendDescriptor_t raw = engine;
  std::int64_t count = 0;
  check(cudnnBackendGetAttribute(configured, CUDNN_ATTR_ENGINECFG_ENGINE,
                                 CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &count, &raw));
  Engine found;
  check(cudnnBackendGetAttribute(engine, CUDNN_ATTR_ENGINE_GLOBAL_INDEX, CUDNN_TYPE_INT64, 1,
                                 &count, &found.number));
  cudnnBackendNumericalNote_t notes[CUDNN_NUMERICAL_NOTE_TYPE_COUNT];
  check(cudnnBackendGetAttribute(engine, CUDNN_ATTR_ENGINE_NUMERICAL_NOTE,
                                 CUDNN_TYPE_NUMERICAL_NOTE, CUDNN_NUMERICAL_NOTE_TYPE_COUNT, &count,
                                 notes));
  const auto has = [&](cudnnBackendNumericalNote_t note) {
    return std::find(notes, notes + count, note) != notes + count;
  };
  found.tensor_cores = has(CUDNN_NUMERICAL_NOTE_TENSOR_CORE);
  found.narrows_inputs = has(CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS);
  return found;
}

/// A plan and the pointers it is executed with.
class Plan {
 public:
  Plan(const CudaContext& context, const GraphConvolution& c, std::shared_ptr<const Graph> graph,
       std::shared_ptr<const Descriptor> engine)
      : context_(context), graph_(std::move(graph)), engine_(std::move(engine)) {
    const cudnnHandle_t handle = context.cudnn;
    plan_.set(CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE, &handle);
    plan_.set(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, *engine_);
    plan_.finalize();
    std::int64_t bytes = 0, count = 0;
    check(cudnnBackendGetAttribute(plan_, CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE,
                                   CUDNN_TYPE_INT64, 1, &count, &bytes));
    if (bytes > static_cast<std::int64_t>(CudaContext::workspace_bytes))
      throw Error("cuDNN: the workspace is too small");
    constexpr std::int64_t ids[3] = {x_id, w_id, y_id};
    void* const data[3] = {c.x.data, c.w.data, c.y.data};
    void* const workspace = context.workspace;
    pointers_.set(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64, ids, 3);
    pointers_.set(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, data, 3);
    pointers_.set(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, &workspace);
    pointers_.finalize();
  }
  void run() const { check(cudnnBackendExecute(context_.cudnn, plan_, pointers_)); }

 private:
  const CudaContext& context_;
  std::shared_ptr<const Graph> graph_;
  std::shared_ptr<const Descriptor> engine_;
  Descriptor plan_{CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR};
  Descriptor pointers_{CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR};
};

}  // namespace

std::vector<Way> graph_ways(const CudaContext& context, const GraphConvolution& c,
                            const std::string& layout,
                            const std::shared_ptr<const void>& operands) {
  std::vector<Way> ways;
  for (const cudnnBackendHeurMode_t mode : {CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_FALLBACK}) try {
      const auto graph = std::make_shared<const Graph>(context, c);
      for (const auto& configured : proposed(*graph, mode)) {
        const Engine engine = engine_of(*configured);
        if (engine.narrows_inputs || (c.precision == Precision::fp32 && engine.tensor_cores))
          continue;
        if (ways.size() < most_engines)
          ways.push_back({"graph engine " + std::to_string(engine.number) + layout,
                          [&context, c, graph, configured, operands]() -> Way::Run {
                            const auto plan =
                                std::make_shared<const Plan>(context, c, graph, configured);
                            return [plan, operands] { plan->run(); };
                          }});
      }
    } catch (const Error& e) {
      ways.push_back({"graph" + layout,
                      [reason = std::string(e.what())]() -> Way::Run { throw Error(reason); }});
    }
  return ways;
}

}  // namespace dcgan::bench
