// How many threads the kernel uses.
#pragma once

namespace seqwise {

// The threads a call may use, the calling one included. The default is SEQWISE_NUM_THREADS, else
// the number of CPUs in the process's affinity mask.
int num_threads();

// 0 restores the default. Calls already running keep what they started with.
void set_num_threads(int count);

// The threads of an OpenMP runtime: GOMP_parallel, omp_get_thread_num, omp_get_num_threads and
// omp_in_parallel. A library that computes with them leaves them spinning for milliseconds behind
// each of its operations, on the CPUs that our own threads would need next.
struct OpenMp {
  void (*parallel)(void (*work)(void*), void* context, unsigned threads, unsigned flags);
  int (*number)();
  int (*count)();
  int (*nested)();
};

// Calls of this thread use these threads instead of ours, for as long as the object lives. Null:
// they use ours. A forked child always does: OpenMP's threads are not there.
class SharedThreads {
 public:
  explicit SharedThreads(const OpenMp* runtime);
  ~SharedThreads();
  SharedThreads(const SharedThreads&) = delete;
  SharedThreads& operator=(const SharedThreads&) = delete;

 private:
  const OpenMp* before_;
};

}  // namespace seqwise
