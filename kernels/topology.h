// The processors that this process may use.
#pragma once
#include <string>
#include <vector>

namespace easel::cpu {

struct Core {
  /// The first of the core's processors that the process may use.
  int cpu;
  /// Its node of memory, counted from 0.
  int node;
};

struct Topology {
  /// Physical cores, those of one node of memory after those of another.
  std::vector<Core> cores;
  /// Processors that the process may use: several of a core where it runs several threads.
  int processors = 0;
  int nodes = 1;
  /// Processors' worth of time that the control group grants; 0: no limit.
  double quota = 0;
};

/// Reads /sys and /proc below `root`. `allowed` is the affinity mask.
Topology read_topology(const std::string& root, const std::vector<int>& allowed);

/// One thread for each core, as far as the control group grants time for them.
int usual_threads(const Topology& topology);

/// Whether a thread is kept on its core by itself: where the system might put two on one core, or one far from its memory, and every core has a
/// thread. Fewer threads go where the system sees room: another process may have as few.
bool usually_pinned(const Topology& topology, int threads);

}  // namespace easel::cpu
