// Whether this is the build with sanitizers, which is several times slower: it skips what is slow
// and shows nothing that smaller shapes do not show. It must keep its assertions.
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
