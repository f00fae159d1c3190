// Which sequence runs which timestep when.
//
// A masked step leaves the state of its sequence as it is, so a sequence is the same as the
// shorter one that consists of its unmasked steps. The sweep therefore runs over these only:
// in round s every sequence that has more than s unmasked steps takes its s-th. Within a group
// the sequences stand in order of falling length, so those still running are always the first
// ones, and padding costs nothing wherever it lies.
#pragma once

#include <cstdint>

#include "seqwise/lstm.h"

namespace seqwise {

struct Schedule {
  std::int64_t groups = 0;
  const std::int32_t* first = nullptr;   // [groups + 1] a group is order[first[g] .. first[g+1])
  const std::int32_t* order = nullptr;   // [B] the sequence at each place
  const std::int32_t* length = nullptr;  // [B] unmasked steps of each sequence; null: all T
  const std::int32_t* steps = nullptr;   // [B, T] where in the order of processing these are
};

// Bytes that build_schedule() needs.
std::size_t schedule_bytes(const Sizes& sizes, bool has_mask, std::int64_t groups);

// side_by_side: the number of groups that different workers take at the same time.
Schedule build_schedule(const Sizes& sizes, const std::uint8_t* mask, bool go_backwards,
                        std::int64_t groups, std::int64_t side_by_side, char* memory);

}  // namespace seqwise
