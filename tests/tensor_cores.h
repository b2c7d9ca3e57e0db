// Which backends have the precisions of tensor cores.
#pragma once
#include <string>

#include "backend/backend.h"
#include "dcgan/error.h"

namespace dcgan::test {

/// Of a backend that can be used; a GPU may be too old.
inline bool has_tensor_cores(const std::string& backend) {
  if (backend != "cuda") return backend != "cpu";
  try {
    make_backend(backend, 1, Precision::tf32);
  } catch (const Error&) {
    return false;
  }
  return true;
}

}  // namespace dcgan::test
