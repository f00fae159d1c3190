// A team of threads for one call, and the two ways in which its members share work.
#pragma once

#include <atomic>
#include <cstdint>

#include "seqwise/threads.h"

namespace seqwise {

// Holds the process's worker threads for the lifetime of the object, or those of the OpenMP runtime
// that the calling thread shares. When another call holds them already, the team is the calling
// thread alone.
class Team {
 public:
  enum class Wake {
    always,    // wake sleeping workers
    if_awake,  // for work of microseconds: use the workers only if they are still spinning
  };
  explicit Team(int wanted, Wake wake = Wake::always);
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  int size() const { return size_; }
  // Calls work(context, worker) once for every worker in [0, size()), the caller being worker 0.
  void run(void (*work)(void*, int), void* context);

 private:
  int size_;
  const OpenMp* shared_ = nullptr;
};

// All members wait for each other. Spins first: steps of an LSTM are microseconds apart.
class Barrier {
 public:
  void reset(int members);
  void wait();

 private:
  int members_ = 1;
  alignas(64) std::atomic<int> waiting_{0};
  alignas(64) std::atomic<std::uint32_t> round_{0};
};

// Hands out 0 .. count-1, each number once.
class TaskQueue {
 public:
  void reset(std::int64_t count);
  // The next number, or -1 when all are taken.
  std::int64_t take();

 private:
  std::int64_t count_ = 0;
  alignas(64) std::atomic<std::int64_t> next_{0};
};

// Scratch memory that is kept from call to call, because fresh pages are slow.
class Workspace {
 public:
  explicit Workspace(std::size_t bytes);
  ~Workspace();
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;
  char* data() const { return data_; }

 private:
  char* data_;
  std::size_t bytes_;
};

}  // namespace seqwise
