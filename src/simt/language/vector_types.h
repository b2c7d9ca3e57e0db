// CUDA's built-in vector types for the SIMT machine. Copies go through one vector of the compiler,
// so that a float4 is one 16-byte access in machine code too, as it is on a GPU.
#pragma once
#include <cstdint>

namespace simt {

struct uint3 {
  unsigned x, y, z;
};

struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"  // anonymous structs

#define SIMT_VECTOR4(name, type)                                                               \
  struct alignas(4 * sizeof(type)) name {                                                      \
    typedef type Whole __attribute__((vector_size(4 * sizeof(type)), may_alias));              \
    union {                                                                                    \
      struct {                                                                                 \
        type x, y, z, w;                                                                       \
      };                                                                                       \
      Whole whole;                                                                             \
    };                                                                                         \
    name() = default;                                                                          \
    __attribute__((always_inline)) name(type a, type b, type c, type d) : whole{a, b, c, d} {} \
    __attribute__((always_inline)) name(const name& other) : whole(other.whole) {}             \
    __attribute__((always_inline)) name& operator=(const name& other) {                        \
      whole = other.whole;                                                                     \
      return *this;                                                                            \
    }                                                                                          \
  };                                                                                           \
  __attribute__((always_inline)) inline name make_##name(type a, type b, type c, type d) {     \
    return {a, b, c, d};                                                                       \
  }

#define SIMT_VECTOR2(name, type)                                                   \
  struct alignas(2 * sizeof(type)) name {                                          \
    typedef type Whole __attribute__((vector_size(2 * sizeof(type)), may_alias));  \
    union {                                                                        \
      struct {                                                                     \
        type x, y;                                                                 \
      };                                                                           \
      Whole whole;                                                                 \
    };                                                                             \
    name() = default;                                                              \
    __attribute__((always_inline)) name(type a, type b) : whole{a, b} {}           \
    __attribute__((always_inline)) name(const name& other) : whole(other.whole) {} \
    __attribute__((always_inline)) name& operator=(const name& other) {            \
      whole = other.whole;                                                         \
      return *this;                                                                \
    }                                                                              \
  };                                                                               \
  __attribute__((always_inline)) inline name make_##name(type a, type b) { return {a, b}; }

SIMT_VECTOR4(float4, float)
SIMT_VECTOR4(int4, int)
SIMT_VECTOR4(uint4, unsigned)
SIMT_VECTOR4(uchar4, unsigned char)
SIMT_VECTOR2(float2, float)
SIMT_VECTOR2(int2, int)
SIMT_VECTOR2(uint2, unsigned)
SIMT_VECTOR2(double2, double)

#undef SIMT_VECTOR4
#undef SIMT_VECTOR2
#pragma GCC diagnostic pop

}  // namespace simt
