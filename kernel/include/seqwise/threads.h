// How many threads the kernel uses.
#pragma once

namespace seqwise {

// The threads a call may use, the calling one included. The default is SEQWISE_NUM_THREADS, else
// the number of CPUs in the process's affinity mask.
int num_threads();

// 0 restores the default. Calls already running keep what they started with.
void set_num_threads(int count);

}  // namespace seqwise
