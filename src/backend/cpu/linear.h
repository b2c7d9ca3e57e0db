// Dense, conv2d and conv_transpose2d of the cpu backend, by oneDNN.
#pragma once
#include <dnnl.hpp>
#include <memory>

#include "backend/backend.h"

namespace dcgan::cpu {

std::unique_ptr<LinearOp> make_dense(const dnnl::engine&, const dnnl::stream&, const DenseShape&,
                                     const Epilogue&);
std::unique_ptr<LinearOp> make_conv2d(const dnnl::engine&, const dnnl::stream&, const ConvShape&,
                                      const Epilogue&);
std::unique_ptr<LinearOp> make_conv_transpose2d(const dnnl::engine&, const dnnl::stream&,
                                                const ConvShape&, const Epilogue&);

}  // namespace dcgan::cpu
