// Large pages for large arrays: a new array then costs a five-hundredth of the page faults, which
// otherwise take a good part of a training step.
#pragma once

#include <cstddef>

namespace seqwise {

constexpr std::size_t kLargePage = 2 * 1024 * 1024;

// Asks the system for large pages under memory that has not been touched yet. Harmless where there
// are none, or where it has been touched.
void prefer_large_pages(void* memory, std::size_t bytes);

}  // namespace seqwise
