#include "planning.h"

#include <unistd.h>

#include <algorithm>
#include <cstdint>

namespace seqwise {
namespace {

using Index = std::int64_t;

Index ceil_div(Index a, Index b) { return (a + b - 1) / b; }

// Places arrays one after the other, each at the start of a cache line.
class Layout {
 public:
  explicit Layout(char* memory) : memory_(memory) {}

  template <class Item>
  Item* array(Index count) {
    char* at = memory_ ? memory_ + used_ : nullptr;
    used_ += (count * sizeof(Item) + 63) / 64 * 64;
    return reinterpret_cast<Item*>(at);
  }
  std::size_t used() const { return used_; }

 private:
  char* memory_;
  std::size_t used_ = 0;
};

Index level2_bytes() {
  static const Index bytes = [] {
    Index size = 0;
#ifdef _SC_LEVEL2_CACHE_SIZE
    size = sysconf(_SC_LEVEL2_CACHE_SIZE);
#endif
    return size > 0 ? size : Index(512 * 1024);
  }();
  return bytes;
}

template <class Real>
Index weight_bytes(const Sizes& n) {
  return 4 * n.H * (n.F + n.H) * sizeof(Real);
}

// An odd number of cache lines, so that the same column of many rows spreads over the sets.
template <class Real>
Index row_stride(Index width) {
  constexpr Index kLine = 64 / sizeof(Real);
  return (ceil_div(width, kLine) | 1) * kLine;
}

// By units when there are too few sequences for the workers, or so few that weights which do
// not fit the second-level cache would be fetched more often than they are worth; and when a
// round is long against the barrier at its end.
template <class Real>
bool divide_by_units(const Sizes& n, int workers, Index panels) {
  if (workers == 1 || panels < workers) return false;
  const double flops_per_round = 8.0 * n.B * n.H * (n.F + n.H);
  if (flops_per_round < 2e5 * workers) return false;
  const Index rows = n.B / workers;
  return rows < 4 || (weight_bytes<Real>(n) > 2 * level2_bytes() && rows < 24);
}

template <class Real, class Plan>
void divide(Plan& plan, int lanes, Crew crew, Index bytes_per_row) {
  const Sizes& n = plan.n;
  plan.panels = ceil_div(n.H, lanes);
  plan.stride = row_stride<Real>(n.F + plan.panels * lanes);
  Division& division = plan.division;
  division.by_units = divide_by_units<Real>(n, crew.wanted, plan.panels);
  division.workers = crew.here;
  division.shares = crew.wanted;
  division.streams_weights =
      weight_bytes<Real>(n) / (division.by_units ? crew.wanted : 1) > level2_bytes() / 2;
  // What the weights leave of the second-level cache is for the rows of a group.
  const Index cache = level2_bytes();
  const Index room = std::max(cache * 7 / 8 - weight_bytes<Real>(n), cache / 3);
  const Index most = std::max(room / bytes_per_row, Index(48));
  const Index shares = division.by_units ? 1 : division.shares;
  const Index groups =
      std::max<Index>(1, std::min(n.B, shares * ceil_div(ceil_div(n.B, shares), most)));
  plan.max_rows = std::max<Index>(1, ceil_div(n.B, groups));
  plan.schedule.groups = groups;
  division.barrier->reset(crew.here);
}

template <class Plan>
void place_schedule(Plan& plan, Layout& layout, char* memory) {
  const Index groups = plan.schedule.groups;
  char* at = layout.array<char>(schedule_bytes(plan.n, plan.in.mask != nullptr, groups));
  if (memory)
    plan.schedule = build_schedule(plan.n, plan.in.mask, plan.options.go_backwards, groups,
                                   plan.division.by_units ? 1 : plan.division.shares, at);
}

template <class Real>
int different_rows(const Options& options, const Inputs<Real>& in) {
  return options.dropout_masks == 4 && (in.input_dropout || in.recurrent_dropout) ? 4 : 1;
}

}  // namespace

int useful_workers(const Sizes& n, int sweeps, int available) {
  const double flops = 8.0 * sweeps * n.B * n.T * n.H * (n.F + n.H);
  constexpr double kFlopsPerWorker = 1e6;  // some ten microseconds: what waking a worker costs
  return static_cast<int>(std::max(1.0, std::min<double>(available, flops / kFlopsPerWorker)));
}

template <class Real>
std::size_t make_plan(ForwardPlan<Real>& plan, int lanes, Crew crew, char* memory) {
  const Sizes& n = plan.n;
  plan.masks = different_rows(plan.options, plan.in);
  const Index units = ceil_div(n.H, lanes) * lanes;
  divide<Real>(plan, lanes, crew, (2 * plan.masks * (n.F + units) + units) * sizeof(Real));

  plan.division.tasks->reset(plan.schedule.groups);

  // Weights that stream through the caches are better used for several rounds at once; W can be.
  constexpr Index kLeastFeatures = 32, kRowsAhead = 128;
  const bool ahead = plan.division.streams_weights && n.F >= kLeastFeatures;
  const Index R = plan.max_rows, M = ahead ? std::min(std::max(R, kRowsAhead), R * n.T) : 0;
  plan.block_rows = M;
  plan.input_stride = row_stride<Real>(n.F);
  const Index reserve_bytes = n.T * n.B * 5 * units * sizeof(Real);
  plan.streams_reserve = plan.reserve && reserve_bytes > 8 * level2_bytes() &&
                         reinterpret_cast<std::uintptr_t>(plan.reserve) % 64 == 0;

  Layout layout(memory);
  place_schedule(plan, layout, memory);
  plan.weights = layout.array<Real>((n.F + n.H) * 4 * units);
  plan.bias = layout.array<Real>(4 * units);
  const int workers = crew.here;
  const Index shared = plan.division.by_units ? 1 : workers;
  plan.scratch = layout.array<ForwardScratch<Real>>(shared);
  const bool plain_states = plan.masks == 4 || plan.in.recurrent_dropout;
  for (Index k = 0; k < shared; ++k) {
    ForwardScratch<Real> scratch;
    for (Real*& rows : scratch.rows) rows = layout.array<Real>(R * plan.masks * plan.stride);
    scratch.inputs = layout.array<Real>(M * plan.masks * plan.input_stride);
    scratch.c = layout.array<Real>(R * units);
    scratch.z = layout.array<Real>(ahead ? M * 4 * units : workers / shared * R * 4 * lanes);
    scratch.h = layout.array<Real>(plain_states ? R * units : 0);
    if (memory) plan.scratch[k] = scratch;
  }
  return layout.used();
}

template <class Real>
std::size_t make_plan(BackwardPlan<Real>& plan, int lanes, Crew crew, char* memory) {
  const Sizes& n = plan.n;
  plan.masks = different_rows(plan.options, plan.in);
  const Index units = ceil_div(n.H, lanes) * lanes;
  divide<Real>(plan, lanes, crew,
               (plan.masks * (n.F + units) + 4 * units + 2 * units + n.F + n.H) * sizeof(Real));
  // Sums that stream through the caches, as the weights do, are touched less often.
  const Index block_rows = plan.division.streams_weights ? 256 : 128;
  plan.block_rows = std::max(plan.max_rows, block_rows) | 1;  // odd, as in row_stride()

  const bool by_units = plan.division.by_units;
  plan.division.tasks->reset(plan.division.shares);
  const Index parts = by_units ? crew.here : 1;
  const Index feature_panels = plan.to.dx ? ceil_div(n.F, lanes) : 0;
  plan.width = ceil_div(plan.panels, parts) * lanes;
  plan.input_width = ceil_div(feature_panels, parts) * lanes;
  plan.weights_size = (plan.width + plan.input_width) * 4 * units;

  Layout layout(memory);
  place_schedule(plan, layout, memory);
  const Index each = by_units ? 1 : plan.division.shares;
  plan.weights = layout.array<Real>(parts * plan.weights_size);
  plan.sums = layout.array<Real>(each * (n.F + n.H) * 4 * units);
  plan.bias_sums = layout.array<Real>(each * 4 * units);
  plan.scratch = layout.array<BackwardScratch<Real>>(each);
  const Index R = plan.max_rows, M = plan.block_rows;
  for (Index k = 0; k < each; ++k) {
    BackwardScratch<Real> scratch;
    scratch.rows = layout.array<Real>(M * plan.masks * plan.stride);
    scratch.dz = layout.array<Real>(M * 4 * units);
    scratch.state = layout.array<Real>(R * 2 * units);
    scratch.columns = layout.array<Real>(parts * R * plan.width);
    scratch.gate_columns = layout.array<Real>(plan.masks == 4 ? parts * R * plan.width : 0);
    scratch.inputs = layout.array<Real>(plan.to.dx ? parts * M * 4 * lanes : 0);
    scratch.input_rows = layout.array<Index>(M);
    if (memory) plan.scratch[k] = scratch;
  }
  return layout.used();
}

#define INSTANTIATE(Real)                                               \
  template std::size_t make_plan(ForwardPlan<Real>&, int, Crew, char*); \
  template std::size_t make_plan(BackwardPlan<Real>&, int, Crew, char*);
INSTANTIATE(float)
INSTANTIATE(double)
#undef INSTANTIATE

}  // namespace seqwise
