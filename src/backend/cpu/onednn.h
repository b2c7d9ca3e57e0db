// oneDNN 2.x and 3.x behind one interface. They differ in how a primitive is described (3.x dropped
// the operation descriptors); everything that differs is in this file.
#pragma once
#include <dnnl.hpp>
#include <string>
#include <unordered_map>

#include "dcgan/error.h"
#include "ops/op.h"

namespace dcgan::cpu {

/// The first implementation whose name `refused` does not refuse. 2.x's next_impl() reads the
/// operation descriptor, which must still exist.
template <class PrimitiveDescription, class Refused>
PrimitiveDescription first_accepted(PrimitiveDescription description, const Refused& refused) {
  while (refused(std::string(description.impl_info_str())))
    if (!description.next_impl()) throw Error("oneDNN has no safe implementation of a layer here");
  return description;
}

/// Working memory is the primitive's argument: the library's own belongs to the thread that made
/// the primitive, which another may run.
inline dnnl::primitive_attr own_scratchpad() {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attributes;
}

/// PrimitiveDesc(engine, arguments of the operation).
template <class Primitive, class Refused, class... Arguments>
typename Primitive::primitive_desc describe(const dnnl::engine& engine, const Refused& refused,
                                            const Arguments&... arguments) {
  using Description = typename Primitive::primitive_desc;
#if DNNL_VERSION_MAJOR >= 3
  return first_accepted(Description(engine, arguments..., own_scratchpad()), refused);
#else
  const typename Primitive::desc operation(arguments...);
  return first_accepted(Description(operation, own_scratchpad(), engine), refused);
#endif
}

/// The same for a backward primitive, for which oneDNN needs its forward one.
template <class Primitive, class Refused, class Hint, class... Arguments>
typename Primitive::primitive_desc describe_backward(const dnnl::engine& engine,
                                                     const Refused& refused, const Hint& hint,
                                                     const Arguments&... arguments) {
  using Description = typename Primitive::primitive_desc;
#if DNNL_VERSION_MAJOR >= 3
  return first_accepted(Description(engine, arguments..., hint, own_scratchpad()), refused);
#else
  const typename Primitive::desc operation(arguments...);
  return first_accepted(Description(operation, own_scratchpad(), engine, hint), refused);
#endif
}

/// A convolution's shapes as oneDNN names them: logical dims NCHW and OIHW. In memory our
/// activations are NHWC and our kernels HWIO.
struct OnednnShape {
  dnnl::memory::dims source, weights, destination, strides, padding_before, padding_after;
};

/// One direction of a convolution, its memory objects bound once: running it only changes pointers.
/// The kernel is reordered from our layout to the one oneDNN prefers, and the kernel's gradient
/// back. One may run beside others, each in a thread of its own.
class OnednnPrimitive {
 public:
  OnednnPrimitive(const dnnl::engine& engine, const OnednnShape& shape, Direction direction);
  /// source, weights and destination, or their gradients, depending on the direction.
  void run(dnnl::stream& stream, const float* source, const float* weights,
           const float* destination);

 private:
  Direction direction_;
  dnnl::primitive primitive_;
  dnnl::memory source_, weights_, destination_;
  dnnl::memory plain_weights_;  // in our layout; the same object as weights_ where they agree
  dnnl::reorder reorder_;
  std::unordered_map<int, dnnl::memory> reorder_arguments_;
  bool reorders_ = false;
  std::unordered_map<int, dnnl::memory> arguments_;
};

}  // namespace dcgan::cpu
