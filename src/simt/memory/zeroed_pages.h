// Zeroed memory: address space is reserved, pages are used once touched.
#pragma once
#include <sys/mman.h>

#include <cstddef>
#include <new>

namespace simt {

template <class T>
class ZeroedPages {
 public:
  explicit ZeroedPages(std::size_t count) : bytes_((count + 1) * sizeof(T)) {
    void* memory = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    data_ = static_cast<T*>(memory);
  }
  ~ZeroedPages() { munmap(data_, bytes_); }
  ZeroedPages(const ZeroedPages&) = delete;
  ZeroedPages& operator=(const ZeroedPages&) = delete;
  T& operator[](std::size_t i) const { return data_[i]; }
  T* data() const { return data_; }

 private:
  std::size_t bytes_;
  T* data_;
};

}  // namespace simt
