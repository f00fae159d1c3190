#include "pool.h"

#include <pthread.h>
#include <sched.h>

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>
#include <vector>

#include "seqwise/pages.h"
#include "seqwise/threads.h"

namespace seqwise {
namespace {

using Clock = std::chrono::steady_clock;
// How long a worker looks out for the next call before it sleeps. To wake a sleeping thread can
// take longer than a small model's training step, and these follow each other closely. It does not
// yield meanwhile: where others are busy, it would be without a CPU when the call comes.
constexpr auto kSpin = std::chrono::microseconds(500);

inline void relax() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Spins until done() holds; gives the CPU away now and then once `patience` rounds have passed,
// in case there are more threads than CPUs.
template <class Done>
void spin_until(Done done, int patience = 4000) {
  for (int round = 0; !done(); ++round) {
    if (round < patience) {
      relax();
    } else {
      sched_yield();
    }
  }
}

struct Block {
  char* data;
  std::size_t bytes;
};

// Everything the process shares. A forked child starts with a new one: the threads of the old
// one do not exist there, and its locks may be held for ever.
struct Process {
  std::mutex owner;  // held by the Team that uses the workers
  int workers = 0;
  std::vector<pthread_t> threads;  // of the workers
  int caller_cpu = -1;             // which the workers keep off

  std::mutex sleep;
  std::condition_variable wake;
  std::atomic<int> sleeping{0};
  std::atomic<std::uint32_t> job{0};  // counts jobs; a change is the signal to start
  std::atomic<int> unfinished{0};
  int job_size = 0;
  void (*work)(void*, int) = nullptr;
  void* context = nullptr;
  Clock::time_point last_small_job{};

  std::mutex blocks_lock;
  std::vector<Block> blocks;
};

std::atomic<Process*> g_process{nullptr};
std::atomic<int> g_threads{0};
std::atomic<bool> g_forked{false};
thread_local const OpenMp* t_shared = nullptr;

Process& process() {
  Process* current = g_process.load(std::memory_order_acquire);
  if (current) return *current;
  static const int registered = pthread_atfork(nullptr, nullptr, [] {
    g_process.store(nullptr, std::memory_order_release);
    g_forked.store(true, std::memory_order_relaxed);
  });
  (void)registered;
  auto* fresh = new Process;
  if (g_process.compare_exchange_strong(current, fresh)) return *fresh;
  delete fresh;
  return *current;
}

void serve(Process* p, int worker, std::uint32_t seen) {
  for (;;) {
    const auto idle_since = Clock::now();
    while (p->job.load(std::memory_order_acquire) == seen) {
      for (int i = 0; i < 64 && p->job.load(std::memory_order_acquire) == seen; ++i) relax();
      if (Clock::now() - idle_since < kSpin) continue;
      std::unique_lock<std::mutex> lock(p->sleep);
      p->sleeping.fetch_add(1);
      p->wake.wait(lock, [&] { return p->job.load() != seen; });
      p->sleeping.fetch_sub(1);
    }
    seen = p->job.load(std::memory_order_acquire);
    if (worker < p->job_size) p->work(p->context, worker);
    p->unfinished.fetch_sub(1, std::memory_order_release);
  }
}

void notify(Process& p) {
  if (p.sleeping.load() == 0) return;
  std::lock_guard<std::mutex> lock(p.sleep);
  p.wake.notify_all();
}

// A thread that wakes up is often laid on the CPU of the thread that wakes it, and stays there for
// milliseconds, while both wait for each other. So the workers keep off the caller's CPU.
void spread_out(Process& p) {
#if defined(__linux__)
  const int cpu = sched_getcpu();
  if (cpu == p.caller_cpu) return;
  p.caller_cpu = cpu;
  cpu_set_t cpus;
  if (cpu < 0 || sched_getaffinity(0, sizeof cpus, &cpus) != 0 || CPU_COUNT(&cpus) <= p.workers)
    return;
  CPU_CLR(cpu, &cpus);
  for (pthread_t thread : p.threads) pthread_setaffinity_np(thread, sizeof cpus, &cpus);
#else
  (void)p;
#endif
}

void start_job(Process& p, int size, void (*work)(void*, int), void* context) {
  spread_out(p);
  p.job_size = size;
  p.work = work;
  p.context = context;
  p.unfinished.store(p.workers, std::memory_order_relaxed);
  p.job.fetch_add(1);  // sequentially consistent, before `sleeping` is read
  notify(p);
}

void ensure_workers(Process& p, int wanted) {
  for (; p.workers < wanted; ++p.workers) {
    try {
      std::thread thread(serve, &p, p.workers + 1, p.job.load());
      p.threads.push_back(thread.native_handle());
      p.caller_cpu = -1;
      thread.detach();
    } catch (const std::system_error&) {
      return;
    }
  }
}

struct SharedJob {
  const OpenMp* runtime;
  int size;
  void (*work)(void*, int);
  void* context;
  std::atomic<int> short_of{0};  // members of the team that the runtime did not start
};

// What each of the runtime's threads does.
void share_job(void* context) {
  SharedJob& job = *static_cast<SharedJob*>(context);
  const int count = job.runtime->count();
  if (count == job.size)
    job.work(job.context, job.runtime->number());
  else
    job.short_of.store(job.size - count, std::memory_order_relaxed);
}

// The members wait for each other, so all of them must run: where the runtime's settings (a limit,
// a dynamic number) do not allow it, threads that live for this job do the work.
void run_shared(const OpenMp& runtime, int size, void (*work)(void*, int), void* context) {
  SharedJob job{&runtime, size, work, context};
  runtime.parallel(share_job, &job, static_cast<unsigned>(size), 0);
  if (job.short_of.load() == 0) return;
  std::vector<std::thread> others;
  for (int worker = 1; worker < size; ++worker) others.emplace_back(work, context, worker);
  work(context, 0);
  for (std::thread& other : others) other.join();
}

// Large blocks lie in large pages: weights that stream through the caches would otherwise miss the
// address cache at every page.
std::size_t page_bytes(std::size_t bytes) { return bytes < kLargePage ? 4096 : kLargePage; }

int default_threads() {
  if (const char* text = std::getenv("SEQWISE_NUM_THREADS")) {
    const int count = std::atoi(text);
    if (count > 0) return count;
  }
#if defined(__linux__)
  cpu_set_t cpus;
  if (sched_getaffinity(0, sizeof cpus, &cpus) == 0) return CPU_COUNT(&cpus);
#endif
  const unsigned count = std::thread::hardware_concurrency();
  return count ? static_cast<int>(count) : 1;
}

}  // namespace

int num_threads() {
  int count = g_threads.load(std::memory_order_relaxed);
  if (count <= 0) {
    count = default_threads();
    g_threads.store(count, std::memory_order_relaxed);
  }
  return count;
}

void set_num_threads(int count) {
  g_threads.store(count > 0 ? count : 0, std::memory_order_relaxed);
}

SharedThreads::SharedThreads(const OpenMp* runtime) : before_(t_shared) {
  if (runtime) process();  // notices a fork from now on
  t_shared = runtime;
}

SharedThreads::~SharedThreads() { t_shared = before_; }

Team::Team(int wanted, Wake wake) : size_(1) {
  if (wanted <= 1) return;
  Process& p = process();
  const bool shared = t_shared && !g_forked.load(std::memory_order_relaxed) && !t_shared->nested();
  if (!p.owner.try_lock()) return;
  if (wake == Wake::if_awake) {
    const auto now = Clock::now();
    const bool stream = now - p.last_small_job < 2 * kSpin;
    p.last_small_job = now;
    if (shared) {  // its threads cannot be asked whether they are awake
      p.owner.unlock();
      return;
    }
    if (p.workers + 1 < wanted || p.sleeping.load() != 0) {
      // Calls follow each other closely: an empty job has the workers spinning for the next.
      if (stream && p.unfinished.load(std::memory_order_acquire) == 0) {
        ensure_workers(p, wanted - 1);
        start_job(p, 0, nullptr, nullptr);
      }
      p.owner.unlock();
      return;
    }
  }
  if (shared) {
    shared_ = t_shared;
    size_ = wanted;
    return;
  }
  spin_until([&] { return p.unfinished.load(std::memory_order_acquire) == 0; });
  ensure_workers(p, wanted - 1);
  if (p.workers == 0) {
    p.owner.unlock();
    return;
  }
  size_ = wanted <= p.workers + 1 ? wanted : p.workers + 1;
}

Team::~Team() {
  if (size_ > 1) process().owner.unlock();
}

void Team::run(void (*work)(void*, int), void* context) {
  if (size_ == 1) return work(context, 0);
  if (shared_) return run_shared(*shared_, size_, work, context);
  Process& p = process();
  start_job(p, size_, work, context);
  work(context, 0);
  spin_until([&] { return p.unfinished.load(std::memory_order_acquire) == 0; });
}

void Barrier::reset(int members) {
  members_ = members;
  waiting_.store(0, std::memory_order_relaxed);
}

void Barrier::wait() {
  if (members_ == 1) return;
  const std::uint32_t round = round_.load(std::memory_order_acquire);
  if (waiting_.fetch_add(1, std::memory_order_acq_rel) + 1 == members_) {
    waiting_.store(0, std::memory_order_relaxed);
    round_.store(round + 1, std::memory_order_release);
  } else {
    spin_until([&] { return round_.load(std::memory_order_acquire) != round; });
  }
}

void TaskQueue::reset(std::int64_t count) {
  count_ = count;
  next_.store(0, std::memory_order_relaxed);
}

std::int64_t TaskQueue::take() {
  const std::int64_t task = next_.fetch_add(1, std::memory_order_relaxed);
  return task < count_ ? task : -1;
}

Workspace::Workspace(std::size_t bytes) : data_(nullptr), bytes_(bytes) {
  Process& p = process();
  {
    // The smallest kept block that is large enough.
    std::lock_guard<std::mutex> lock(p.blocks_lock);
    std::size_t best = p.blocks.size();
    for (std::size_t k = 0; k < p.blocks.size(); ++k) {
      if (p.blocks[k].bytes < bytes) continue;
      if (best == p.blocks.size() || p.blocks[k].bytes < p.blocks[best].bytes) best = k;
    }
    if (best < p.blocks.size()) {
      data_ = p.blocks[best].data;
      bytes_ = p.blocks[best].bytes;
      p.blocks.erase(p.blocks.begin() + best);
      return;
    }
  }
  const std::size_t page = page_bytes(bytes);
  bytes_ = (bytes + page - 1) / page * page;
  data_ = static_cast<char*>(::operator new(bytes_, std::align_val_t(page)));
  prefer_large_pages(data_, bytes_);
}

Workspace::~Workspace() {
  constexpr std::size_t kKeptBlocks = 8;
  Process& p = process();
  Block surplus{data_, bytes_};
  {
    std::lock_guard<std::mutex> lock(p.blocks_lock);
    p.blocks.push_back(surplus);
    if (p.blocks.size() <= kKeptBlocks) return;
    std::size_t smallest = 0;
    for (std::size_t k = 1; k < p.blocks.size(); ++k)
      if (p.blocks[k].bytes < p.blocks[smallest].bytes) smallest = k;
    surplus = p.blocks[smallest];
    p.blocks.erase(p.blocks.begin() + smallest);
  }
  ::operator delete(surplus.data, std::align_val_t(page_bytes(surplus.bytes)));
}

}  // namespace seqwise
