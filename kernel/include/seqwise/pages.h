// What new arrays cost: the system fills every page with zeros when it is first touched, which
// takes a good part of a training step whose arrays are made anew each time.
#pragma once

#include <cstddef>

namespace seqwise {

constexpr std::size_t kLargePage = 2 * 1024 * 1024;

// Asks the system for large pages under memory that has not been touched yet: a five-hundredth of
// the page faults. Harmless where there are none, or where it has been touched.
void prefer_large_pages(void* memory, std::size_t bytes);

// Has the C library keep up to 1 GB of freed memory for the next arrays of the process, instead of
// giving it back to the system. Does nothing where the user has set the library's own environment
// variables for this (MALLOC_TRIM_THRESHOLD_ and the like), or where it is not glibc.
void keep_freed_memory();

}  // namespace seqwise
