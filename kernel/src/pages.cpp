#include "seqwise/pages.h"

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace seqwise {

void prefer_large_pages(void* memory, std::size_t bytes) {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  if (bytes < kLargePage / 2) return;
  // The pages at both ends too, although others may use the rest of them: it is only advice.
  const auto begin = reinterpret_cast<std::uintptr_t>(memory) / kLargePage;
  const auto end = (reinterpret_cast<std::uintptr_t>(memory) + bytes + kLargePage - 1) / kLargePage;
  madvise(reinterpret_cast<void*>(begin * kLargePage), (end - begin) * kLargePage, MADV_HUGEPAGE);
#else
  (void)memory, (void)bytes;
#endif
}

void keep_freed_memory() {
#if defined(__GLIBC__)
  constexpr const char* kOwn[] = {"MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_",
                                  "MALLOC_MMAP_MAX_",       "MALLOC_TOP_PAD_",
                                  "MALLOC_ARENA_MAX",       "GLIBC_TUNABLES"};
  for (const char* name : kOwn)
    if (std::getenv(name)) return;
  mallopt(M_MMAP_MAX, 0);  // a mapping of its own is given back as soon as it is freed
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  mallopt(M_ARENA_MAX,
          1);  // as do the large blocks of a thread's own arena; XLA computes in threads
#endif
}

}  // namespace seqwise
