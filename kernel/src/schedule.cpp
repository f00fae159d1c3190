#include "schedule.h"

#include <algorithm>
#include <numeric>

namespace seqwise {

std::size_t schedule_bytes(const Sizes& n, bool has_mask, std::int64_t groups) {
  const std::size_t order = groups + 1 + 2 * n.B;  // sorting needs a second copy
  return sizeof(std::int32_t) * (has_mask ? order + n.B + n.B * n.T : order);
}

Schedule build_schedule(const Sizes& n, const std::uint8_t* mask, bool go_backwards,
                        std::int64_t groups, std::int64_t side_by_side, char* memory) {
  auto* first = reinterpret_cast<std::int32_t*>(memory);
  std::int32_t* order = first + groups + 1;
  std::int32_t* sorted = order + n.B;
  Schedule schedule;
  schedule.groups = groups;
  schedule.first = first;
  schedule.order = order;
  for (std::int64_t g = 0; g <= groups; ++g) first[g] = static_cast<std::int32_t>(n.B * g / groups);
  if (!mask) {
    std::iota(order, order + n.B, 0);
    return schedule;
  }

  std::int32_t* length = sorted + n.B;
  std::int32_t* steps = length + n.B;
  schedule.length = length;
  schedule.steps = steps;
  for (std::int64_t b = 0; b < n.B; ++b) {
    std::int32_t count = 0;
    for (std::int64_t s = 0; s < n.T; ++s)
      if (mask[b * n.T + (go_backwards ? n.T - 1 - s : s)])
        steps[b * n.T + count++] = static_cast<std::int32_t>(s);
    length[b] = count;
  }
  std::iota(sorted, sorted + n.B, 0);
  std::sort(sorted, sorted + n.B, [&](std::int32_t a, std::int32_t b) {
    return length[a] != length[b] ? length[a] > length[b] : a < b;
  });
  // Sequences of like length go into like groups, `side_by_side` of which are dealt out together
  // like cards, so that workers who take one each have the same to do. Groups differ by one in
  // size at most; those that are full are passed over in the last round.
  std::int64_t next = 0;
  for (std::int64_t begin = 0; begin < groups; begin += side_by_side) {
    const std::int64_t end = std::min(begin + side_by_side, groups);
    for (std::int64_t round = 0; next < first[end]; ++round)
      for (std::int64_t g = begin; g < end; ++g)
        if (first[g] + round < first[g + 1]) order[first[g] + round] = sorted[next++];
  }
  return schedule;
}

}  // namespace seqwise
