// Dense layers of the cpu backend.
#pragma once
#include <memory>

#include "backend/backend.h"

namespace dcgan::cpu {

std::unique_ptr<LinearOp> make_dense(const DenseShape&, const Epilogue&);

}  // namespace dcgan::cpu
