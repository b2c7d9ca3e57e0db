// Dense layers by cuBLAS: its product, those that cublasLt's heuristics propose, and for one output
// the product of matrix and vector. Our matrices are row-major, cuBLAS's column-major: it computes
// the transposed product.
#include "bench/peers/cuda_peer.h"

namespace dcgan::bench {
namespace {

struct Operands {
  explicit Operands(const DenseShape& s) : x(s.batch * s.in), w(s.in * s.out), y(s.batch * s.out) {}
  Floats x, w, y;
};

/// c [m, n] = op_a(a) op_b(b), summed over k; column-major
struct Product {
  cublasOperation_t op_a, op_b;
  int m, n, k;
  const float* a;
  int lda;
  const float* b;
  int ldb;
  float* c;
  int ldc;
};

Product product(const DenseShape& s, Direction direction, const Operands& o) {
  const int batch = narrow(s.batch), in = narrow(s.in), out = narrow(s.out);
  float *const x = o.x.get(), *const w = o.w.get(), *const y = o.y.get();
  if (direction == Direction::forward)  // y^T [out, batch] = w^T [out, in] x^T
    return {CUBLAS_OP_N, CUBLAS_OP_N, out, batch, in, w, out, x, in, y, out};
  if (direction == Direction::backward_data)  // dx^T [in, batch] = w [in, out] dy^T
    return {CUBLAS_OP_T, CUBLAS_OP_N, in, batch, out, w, out, y, out, x, in};
  // dw^T [out, in] = dy^T [out, batch] x
  return {CUBLAS_OP_N, CUBLAS_OP_T, out, in, batch, y, out, x, in, w, out};
}

using Layout =
    Owned<cublasLtMatrixLayout_t, cublasLtMatrixLayoutCreate, cublasLtMatrixLayoutDestroy>;

struct LtProduct {
  LtProduct(const Product& p, Precision precision)
      : description(
            precision == Precision::fp32 ? CUBLAS_COMPUTE_32F : CUBLAS_COMPUTE_32F_FAST_TF32,
            CUDA_R_32F),
        a(CUDA_R_32F, p.op_a == CUBLAS_OP_N ? p.m : p.k, p.op_a == CUBLAS_OP_N ? p.k : p.m, p.lda),
        b(CUDA_R_32F, p.op_b == CUBLAS_OP_N ? p.k : p.n, p.op_b == CUBLAS_OP_N ? p.n : p.k, p.ldb),
        c(CUDA_R_32F, p.m, p.n, p.ldc) {
    check(cublasLtMatmulDescSetAttribute(description, CUBLASLT_MATMUL_DESC_TRANSA, &p.op_a,
                                         sizeof p.op_a));
    check(cublasLtMatmulDescSetAttribute(description, CUBLASLT_MATMUL_DESC_TRANSB, &p.op_b,
                                         sizeof p.op_b));
  }
  Owned<cublasLtMatmulDesc_t, cublasLtMatmulDescCreate, cublasLtMatmulDescDestroy> description;
  Layout a, b, c;
};

void add_lt_ways(std::vector<Way>& ways, const CudaContext& context, const Product& p,
                 Precision precision, const std::shared_ptr<const Operands>& operands) {
  constexpr int most = 16;
  const auto lt = std::make_shared<const LtProduct>(p, precision);
  const Owned<cublasLtMatmulPreference_t, cublasLtMatmulPreferenceCreate,
              cublasLtMatmulPreferenceDestroy>
      preference;
  const std::size_t bytes = CudaContext::workspace_bytes;
  check(cublasLtMatmulPreferenceSetAttribute(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
                                             &bytes, sizeof bytes));
  cublasLtMatmulHeuristicResult_t results[most] = {};
  int count = 0;
  if (cublasLtMatmulAlgoGetHeuristic(context.cublas_lt, lt->description, lt->a, lt->b, lt->c, lt->c,
                                     preference, most, results, &count) != CUBLAS_STATUS_SUCCESS)
    return;  // it knows none for this product
  for (int i = 0; i < count; ++i) {
    if (results[i].state != CUBLAS_STATUS_SUCCESS) continue;
    ways.push_back(planned("cublasLt's proposal " + std::to_string(i + 1),
                           [&context, p, lt, algorithm = results[i].algo, operands] {
                             check(cublasLtMatmul(context.cublas_lt, lt->description, &one, p.a,
                                                  lt->a, p.b, lt->b, &zero, p.c, lt->c, p.c, lt->c,
                                                  &algorithm, context.workspace,
                                                  CudaContext::workspace_bytes, context.stream));
                           }));
  }
}

}  // namespace

std::vector<Way> cublas_ways(const CudaContext& context, const DensePass& pass,
                             Precision precision) {
  const DenseShape& s = pass.shape;
  const auto operands = std::make_shared<const Operands>(s);
  const Product p = product(s, pass.direction, *operands);
  const cublasMath_t math =
      precision == Precision::fp32 ? CUBLAS_DEFAULT_MATH : CUBLAS_TF32_TENSOR_OP_MATH;
  std::vector<Way> ways;
  ways.push_back(planned("sgemm", [&context, p, math, operands] {
    check(cublasSetMathMode(context.cublas, math));
    check(cublasSgemm(context.cublas, p.op_a, p.op_b, p.m, p.n, p.k, &one, p.a, p.lda, p.b, p.ldb,
                      &zero, p.c, p.ldc));
  }));
  add_lt_ways(ways, context, p, precision, operands);
  // x^T [in, batch] is what cuBLAS sees of x: y = (x^T)^T w, dw = x^T dy.
  if (s.out == 1 && pass.direction != Direction::backward_data) {
    const bool forward = pass.direction == Direction::forward;
    ways.push_back(
        planned("sgemv", [&context, operands, forward, in = narrow(s.in), batch = narrow(s.batch)] {
          const float* vector = (forward ? operands->w : operands->y).get();
          float* result = (forward ? operands->y : operands->w).get();
          check(cublasSgemv(context.cublas, forward ? CUBLAS_OP_T : CUBLAS_OP_N, in, batch, &one,
                            operands->x.get(), in, vector, 1, &zero, result, 1));
        }));
  }
  return ways;
}

}  // namespace dcgan::bench
