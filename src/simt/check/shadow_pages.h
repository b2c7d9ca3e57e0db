// Zeroed memory for shadows: address space is reserved, pages are used once touched.
#pragma once
#include <sys/mman.h>

#include <cstddef>
#include <new>
#include <utility>

namespace simt::check {

template <class T>
class ShadowPages {
 public:
  ShadowPages() = default;
  explicit ShadowPages(std::size_t count) : bytes_((count + 1) * sizeof(T)) {
    void* memory = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    data_ = static_cast<T*>(memory);
  }
  ShadowPages(ShadowPages&& other) noexcept { *this = std::move(other); }
  ShadowPages& operator=(ShadowPages&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~ShadowPages() {
    if (data_) munmap(data_, bytes_);
  }
  T& operator[](std::size_t i) const { return data_[i]; }
  T* data() const { return data_; }

 private:
  T* data_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace simt::check
