// conv2d and conv_transpose2d of the cpu backend, each by the way that is expected to be the
// fastest for its shape.
#pragma once
#include <dnnl.hpp>
#include <memory>

#include "backend/backend.h"

namespace dcgan::cpu {

std::unique_ptr<LinearOp> make_conv2d(const dnnl::engine&, const dnnl::stream&, const ConvShape&,
                                      const Epilogue&);
std::unique_ptr<LinearOp> make_conv_transpose2d(const dnnl::engine&, const dnnl::stream&,
                                                const ConvShape&, const Epilogue&);

}  // namespace dcgan::cpu
