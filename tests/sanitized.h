// Whether this is the build with sanitizers, in which everything takes several times as long: what
// costs much and shows nothing that smaller shapes do not show is left to the other build. What it
// is for is lost where assertions are compiled out.
#pragma once

namespace dcgan::test {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool sanitized = true;
#if defined(NDEBUG)
#error "the build with sanitizers must have its assertions"
#endif
#else
constexpr bool sanitized = false;
#endif

}  // namespace dcgan::test
