// The processors of made-up machines, how items are shared out, and how products, attention and small ops are split for many threads.
#include <stdlib.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "kernels/pool.h"
#include "kernels/split.h"
#include "kernels/topology.h"

namespace {

using namespace easel::cpu;
namespace fs = std::filesystem;

int failures = 0;
#define CHECK(condition) \
  if (!(condition)) std::printf("line %d: %s\n", __LINE__, #condition), failures++

/// A machine's /sys and /proc below a folder.
struct Machine {
  fs::path root;
  Machine() {
    std::string name = (fs::temp_directory_path() / "easel-machine-XXXXXX").string();
    root = mkdtemp(name.data());
  }
  ~Machine() { fs::remove_all(root); }
  Machine& file(const std::string& path, const std::string& text) {
    fs::create_directories((root / path).parent_path());
    std::ofstream(root / path) << text << "\n";
    return *this;
  }
  Machine& siblings(int cpu, const std::string& list) {
    return file("sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/thread_siblings_list", list);
  }
};

std::vector<int> up_to(int count) {
  std::vector<int> list(count);
  for (int i = 0; i < count; i++) list[i] = i;
  return list;
}
std::vector<int> cpus(const Topology& topology) {
  std::vector<int> list;
  for (const auto& core : topology.cores) list.push_back(core.cpu);
  return list;
}

/// Two sockets of four cores with two threads each, numbered as Linux does: first all cores, then all siblings.
void two_sockets(Machine& machine) {
  for (int cpu = 0; cpu < 16; cpu++) machine.siblings(cpu, std::to_string(cpu % 8) + "," + std::to_string(cpu % 8 + 8));
  machine.file("sys/devices/system/node/online", "0-1");
  machine.file("sys/devices/system/node/node0/cpulist", "0-3,8-11").file("sys/devices/system/node/node1/cpulist", "4-7,12-15");
}

void topologies() {
  {
    Machine machine;
    two_sockets(machine);
    const auto whole = read_topology(machine.root, up_to(16));
    CHECK((cpus(whole) == std::vector{0, 1, 2, 3, 4, 5, 6, 7}) && whole.nodes == 2 && whole.processors == 16 && whole.quota == 0);
    CHECK(whole.cores[3].node == 0 && whole.cores[4].node == 1);
    CHECK(usual_threads(whole) == 8 && usually_pinned(whole, 8) && !usually_pinned(whole, 4) && !usually_pinned(whole, 16));
    // The mask leaves a sibling of one core, both of another, and one core of the second socket.
    const auto part = read_topology(machine.root, {2, 9, 10, 13});
    CHECK((cpus(part) == std::vector{9, 2, 13}) && part.nodes == 2 && part.cores[2].node == 1 && usual_threads(part) == 3);
    const auto second = read_topology(machine.root, {5, 6});
    CHECK(second.nodes == 1 && second.cores[0].node == 0 && !usually_pinned(second, 2));
  }
  {
    // Siblings beside each other, as on some machines, and one node.
    Machine machine;
    for (int cpu = 0; cpu < 4; cpu++) machine.siblings(cpu, cpu < 2 ? "0-1" : "2-3");
    const auto both = read_topology(machine.root, up_to(4));
    CHECK((cpus(both) == std::vector{0, 2}) && both.nodes == 1 && usual_threads(both) == 2 && usually_pinned(both, 2));
  }
  {
    // Nothing to read: each processor is a core.
    Machine machine;
    const auto bare = read_topology(machine.root, up_to(3));
    CHECK((cpus(bare) == std::vector{0, 1, 2}) && bare.nodes == 1 && usual_threads(bare) == 3 && !usually_pinned(bare, 3));
    CHECK(usual_threads(read_topology(machine.root, {})) == 1);
  }
}

void control_groups() {
  const auto quota = [](auto&& fill) {
    Machine machine;
    fill(machine);
    return read_topology(machine.root, up_to(8));
  };
  const auto newer = quota([](Machine& m) {
    m.file("proc/self/cgroup", "0::/a/b").file("sys/fs/cgroup/a/cpu.max", "250000 100000").file("sys/fs/cgroup/a/b/cpu.max", "max 100000");
  });
  CHECK(newer.quota == 2.5 && usual_threads(newer) == 3 && !usually_pinned(newer, 3));
  const auto least = quota([](Machine& m) {
    m.file("proc/self/cgroup", "0::/a/b")
        .file("sys/fs/cgroup/a/cpu.max", "400000 100000")
        .file("sys/fs/cgroup/a/b/cpu.max", "50000 100000");
  });
  CHECK(least.quota == 0.5 && usual_threads(least) == 1);
  // As a container sees its own.
  CHECK(quota([](Machine& m) { m.file("proc/self/cgroup", "0::/").file("sys/fs/cgroup/cpu.max", "1600000 100000"); }).quota == 16);
  const auto older = quota([](Machine& m) {
    m.file("proc/self/cgroup", "5:memory:/x\n4:cpu,cpuacct:/x\n0::/y").file("sys/fs/cgroup/cpu/x/cpu.cfs_quota_us", "200000");
    m.file("sys/fs/cgroup/cpu/x/cpu.cfs_period_us", "100000");
  });
  CHECK(older.quota == 2 && usual_threads(older) == 2);
  const auto none = quota([](Machine& m) {
    m.file("proc/self/cgroup", "4:cpu:/x")
        .file("sys/fs/cgroup/cpu/x/cpu.cfs_quota_us", "-1")
        .file("sys/fs/cgroup/cpu/x/cpu.cfs_period_us", "100000");
  });
  CHECK(none.quota == 0 && usual_threads(none) == 8);
}

/// Every item goes to one thread; a thread's own are neighbours, and it takes those of its own node first.
void shares() {
  for (const int size : {1, 2, 3, 8, 16, 64}) {
    std::vector<int> node_of(size);
    for (int i = 0; i < size; i++) node_of[i] = 2 * i / size;
    Shares shares(node_of);
    for (const long count : {1L, 2L, 7L, 64L, 1000L}) {
      const int taking = static_cast<int>(std::min<long>(size, count));
      shares.deal(count, taking);
      std::map<long, int> taken;
      // One thread after the other, and the last does the rest.
      for (int thread = 0; thread < taking; thread++) {
        const long own = count * (thread + 1) / taking - count * thread / taking;
        for (long i = 0; i < own; i++) {
          const long item = shares.take(thread);
          CHECK(item == count * thread / taking + i);
          taken[item]++;
        }
      }
      CHECK(static_cast<long>(taken.size()) == count && shares.take(0) == -1 && shares.take(taking - 1) == -1);
    }
  }
  // The third of four threads has no items left, and the fourth is of its node.
  Shares shares({0, 0, 1, 1});
  shares.deal(8, 4);
  CHECK(shares.take(2) == 4 && shares.take(2) == 5 && shares.take(2) == 7 && shares.take(2) == 6 && shares.take(2) == 1 &&
        shares.take(0) == 0 && shares.take(0) == 3 && shares.take(1) == 2 && shares.take(1) == -1);
}

/// All of the rows and columns once, and no thread waits long for another where there is enough to do.
void splits() {
  for (const int count : {1, 2, 3, 8, 16, 64}) {
    for (const long rows : {1L, 12L, 100L, 577L, 1370L, 5000L}) {
      for (const long columns : {1L, 2L, 12L, 48L, 320L}) {
        for (const Costs& costs : {Costs{}, Costs{12, 0.7}, Costs{1, 2}}) {
          const Split s = split(rows, columns, 240, 12, costs, count);
          CHECK(s.height % 12 == 0 && s.height <= 240 && s.wide <= columns);
          std::vector<int> seen(rows * columns);
          for (long item = 0; item < s.items(); item++) {
            CHECK(s.row(item) < rows && s.column(item) < columns);
            for (long r = s.row(item); r < std::min(rows, s.row(item) + s.height); r++)
              for (long c = s.column(item); c < std::min(columns, s.column(item) + s.wide); c++) seen[r * columns + c]++;
          }
          CHECK(std::all_of(seen.begin(), seen.end(), [](int times) { return times == 1; }));
          const double busy =
              static_cast<double>(rows * columns) / count / static_cast<double>((s.items() + count - 1) / count * s.height * s.wide);
          if (rows >= 577 && columns >= 12) CHECK(busy > 0.6);
        }
      }
    }
  }
  // Depth Anything's six heads have 29 runs of 48 queries each: three for some of 64 threads, two for others.
  const AttentionShape s{1, 6, 6, 1370, 1370, 64, 64, 1, false};
  for (const int count : {1, 2, 64}) {
    const long each = attention_rows(s, 48, count);
    CHECK(each == 48 || each == 24 || each == 12);
    if (count <= 2) CHECK(each == 48);
  }
  const AttentionShape one{1, 1, 1, 577, 577, 64, 64, 1, false};
  CHECK(attention_rows(one, 48, 64) == 12);
  for (const int count : {1, 2, 8, 64}) {
    CHECK(even_run(1000000, 42, count) == 42 && even_run(10, 42, count) == 5 && even_run(3, 1, count) == 1 && even_run(100, 0, count) == 1);
  }
  CHECK(even_run(1370, 42, 64) == 5 && even_run(1370, 42, 2) == 42);
}

/// The recording runs every item once, on this thread, and knows how many threads could share them.
void recordings() {
  record(4, 2);
  CHECK(threads() == 4);
  std::vector<int> times(40);
  {
    const Label label("some");
    parallel(40, [&](long item) {
      times[item]++;
      volatile double x = 1;
      for (int i = 0; i < 20000; i++) x = x * 1.0000001;
    });
  }
  parallel(1, [](long) { parallel(3, [](long) {}); });
  record(0, 0);
  for (const int once : times) CHECK(once == 1);
  const auto some = predicted("some"), all = predicted(nullptr);
  CHECK(some.calls == 1 && some.items == 40 && all.calls == 2 && all.items == 41 && predicted("nothing").calls == 0);
  CHECK(some.span >= some.work / 4 * 0.999 && some.span <= some.work && all.work >= some.work);
  CHECK(threads() >= 1);
}

}  // namespace

int main() {
  topologies();
  control_groups();
  shares();
  splits();
  recordings();
  std::puts(failures ? "wrong" : "all right");
  return failures ? 1 : 0;
}
