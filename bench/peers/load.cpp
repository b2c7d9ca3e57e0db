// NVIDIA's libraries are large and not on every machine with a GPU: what is linked to them is a
// shared library of its own, loaded where it is asked for.
#include <dlfcn.h>

#include "bench/peers/peer.h"
#include "dcgan/error.h"

namespace dcgan::bench {

std::unique_ptr<PeerLibrary> load_peer_library(const std::string& file) {
  void* const library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);  // for the program's life
  if (library == nullptr) throw Error(dlerror());
  const auto make = reinterpret_cast<PeerLibrary* (*)()>(dlsym(library, "dcgan_peer_library"));
  if (make == nullptr) throw Error(file + " is no library of peers: " + dlerror());
  return std::unique_ptr<PeerLibrary>(make());
}

}  // namespace dcgan::bench
