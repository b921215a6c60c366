#ifdef __linux__
#include "topology.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <sstream>

namespace easel::cpu {

namespace {

std::string line_of(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

/// "0-3,8" as numbers.
std::vector<int> numbers(const std::string& text) {
  std::vector<int> list;
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, ',');) {
    std::istringstream range(part);
    int first;
    if (!(range >> first)) continue;
    char dash;
    int last = first;
    if (range >> dash && !(range >> last)) continue;
    for (int i = first; i <= last && list.size() < 65536; i++) list.push_back(i);
  }
  return list;
}

bool names(const std::string& list, const std::string& name) {
  std::istringstream parts(list);
  for (std::string part; std::getline(parts, part, ',');)
    if (part == name) return true;
  return false;
}

/// The control group's limit, the least of its own and of those above it; 0 without one.
double quota_of(const std::string& root) {
  double least = 0;
  const auto take = [&](double quota, double period) {
    if (quota > 0 && period > 0) least = least == 0 ? quota / period : std::min(least, quota / period);
  };
  std::ifstream groups(root + "/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    const auto first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const auto kinds = line.substr(first + 1, second - first - 1);
    const bool newer = kinds.empty(), older = names(kinds, "cpu");
    if (!newer && !older) continue;
    for (std::string group = line.substr(second + 1);; group.resize(group.rfind('/'))) {
      if (group == "/") group.clear();
      if (newer) {
        std::istringstream both(line_of(root + "/sys/fs/cgroup" + group + "/cpu.max"));
        double quota = 0, period = 0;
        if (both >> quota >> period) take(quota, period);
      } else {
        const std::string folder = root + "/sys/fs/cgroup/cpu" + group;
        take(std::atof(line_of(folder + "/cpu.cfs_quota_us").c_str()), std::atof(line_of(folder + "/cpu.cfs_period_us").c_str()));
      }
      if (group.rfind('/') == std::string::npos) break;
    }
  }
  return least;
}

}  // namespace

Topology read_topology(const std::string& root, const std::vector<int>& allowed) {
  const std::string system = root + "/sys/devices/system";
  std::map<int, int> node_of;
  for (const int node : numbers(line_of(system + "/node/online")))
    for (const int cpu : numbers(line_of(system + "/node/node" + std::to_string(node) + "/cpulist"))) node_of[cpu] = node;
  // The first of a core's processors names it, also where the process may not use that one.
  std::map<int, Core> first_of;
  for (const int cpu : allowed) {
    const std::string folder = system + "/cpu/cpu" + std::to_string(cpu) + "/topology/";
    const auto siblings = numbers(line_of(folder + "thread_siblings_list"));
    const auto node = node_of.find(cpu);
    first_of.emplace(siblings.empty() ? cpu : *std::min_element(siblings.begin(), siblings.end()),
                     Core{cpu, node == node_of.end() ? 0 : node->second});
  }
  Topology made;
  for (const auto& [name, core] : first_of) made.cores.push_back(core);
  std::stable_sort(made.cores.begin(), made.cores.end(), [](const Core& a, const Core& b) { return a.node < b.node; });
  // Nodes without a processor of the process are left out.
  int last = -1, count = 0;
  for (auto& core : made.cores) {
    if (core.node != last) last = core.node, count++;
    core.node = count - 1;
  }
  made.nodes = std::max(1, count);
  made.processors = static_cast<int>(allowed.size());
  made.quota = quota_of(root);
  return made;
}

int usual_threads(const Topology& topology) {
  const int cores = std::max(1, static_cast<int>(topology.cores.size()));
  return topology.quota > 0 ? std::clamp(static_cast<int>(std::ceil(topology.quota)), 1, cores) : cores;
}

bool usually_pinned(const Topology& topology, int threads) {
  const int cores = static_cast<int>(topology.cores.size());
  return threads > 1 && threads == cores && (topology.nodes > 1 || topology.processors > cores);
}

}  // namespace easel::cpu
#endif
