#include "simt/observe/observer.h"

#include "simt/check/host_access.h"

namespace simt::observe {

__thread AccessObserver* observer = &check::host_accesses;

}  // namespace simt::observe
