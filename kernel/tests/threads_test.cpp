// Calls from several threads at once, and calls in a forked child.
#include "seqwise/threads.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "case.h"

namespace seqwise::test {
namespace {

Case large_case(int sequences) {
  std::mt19937 random(3);
  return random_case(random, {sequences, 20, 16, 48});
}

double gap(const Results<float>& a, const Results<float>& b) {
  double most = 0;
  Results<float>::visit(
      [&](const char*, auto member) { most = std::fmax(most, difference(a.*member, b.*member)); });
  return most;
}

// All results are the same to the bit, however many threads a call gets and whenever they come.
void call_concurrently(const Case& c) {
  Run<float> truth(c);
  truth.train();

  std::vector<std::thread> callers;
  std::vector<double> gaps(8);
  for (int k = 0; k < 8; ++k)
    callers.emplace_back([&, k] {
      for (int repeat = 0; repeat < 10; ++repeat) {
        Run<float> mine(c);
        mine.train();
        gaps[k] = std::fmax(gaps[k], gap(mine.r, truth.r));
      }
    });
  for (std::thread& caller : callers) caller.join();
  for (double value : gaps) expect(value == 0, "concurrent calls", c.text(), value);
}

void call_in_a_child(const Case& c) {
  Run<float> truth(c);
  truth.train();
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    Run<float> mine(c);
    mine.train();
    _exit(gap(mine.r, truth.r) == 0 ? 0 : 1);
  }
  int status = 1;
  waitpid(child, &status, 0);
  expect(status == 0, "forked child", c.text(), status);
}

// An OpenMP runtime of plain threads, which starts at most `limit` of them.
struct FakeOpenMp {
  static inline unsigned limit = 0;
  static inline bool in_parallel = false;
  static inline std::atomic<int> regions{0};
  static inline thread_local int number = 0;
  static inline thread_local int count = 1;

  static void parallel(void (*work)(void*), void* context, unsigned threads, unsigned) {
    ++regions;
    const int started = static_cast<int>(std::min(threads, limit));
    std::vector<std::thread> members;
    for (int k = 0; k < started; ++k)
      members.emplace_back([=] {
        number = k;
        count = started;
        work(context);
      });
    for (std::thread& member : members) member.join();
  }
};

constexpr OpenMp kFake{&FakeOpenMp::parallel, [] { return FakeOpenMp::number; },
                       [] { return FakeOpenMp::count; },
                       [] { return static_cast<int>(FakeOpenMp::in_parallel); }};

// The same results to the bit on shared threads, also where the runtime gives fewer than asked for,
// or none because the caller is one of its threads already.
void share_threads(const Case& c) {
  Run<float> truth(c);
  truth.train();
  for (unsigned limit : {2u, 1u})
    for (bool in_parallel : {false, true}) {
      FakeOpenMp::limit = limit;
      FakeOpenMp::in_parallel = in_parallel;
      FakeOpenMp::regions = 0;
      Run<float> mine(c);
      {
        const SharedThreads shared(&kFake);
        mine.train();
      }
      expect(gap(mine.r, truth.r) == 0, "shared threads", c.text(), gap(mine.r, truth.r));
      expect((FakeOpenMp::regions > 0) == !in_parallel, "regions of the runtime", c.text());
    }
  FakeOpenMp::regions = 0;
  Run<float> after(c);
  after.train();
  expect(FakeOpenMp::regions == 0, "threads of our own again", c.text());
}

int run() {
  set_num_threads(2);
  share_threads(large_case(64));
  for (int sequences : {64, 1000}) call_concurrently(large_case(sequences));
  call_in_a_child(large_case(64));

  set_num_threads(0);
  expect(num_threads() >= 1, "default threads", "");
  std::printf("threads: %d failures\n", failures);
  return failures != 0;
}

}  // namespace
}  // namespace seqwise::test

int main() { return seqwise::test::run(); }
