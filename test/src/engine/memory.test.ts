import { expect, test } from "bun:test";
import { cgroupLimit, likelyWorkingSet, machineMemory } from "../../../src/engine/memory.ts";

const files = (contents: Record<string, string>) => (path: string) => contents[path];

test("cgroupLimit() takes the least limit between the group and the root", () => {
  const read = files({
    "/proc/self/cgroup": "0::/system.slice/easel.service\n",
    "/sys/fs/cgroup/system.slice/easel.service/memory.max": "max\n",
    "/sys/fs/cgroup/system.slice/memory.max": "8589934592\n",
    "/sys/fs/cgroup/memory.max": "17179869184\n",
  });
  expect(cgroupLimit(read)).toBe(8589934592);
});

test("cgroupLimit() finds a container's limit at the root of the mount", () => {
  const path = "0::/docker/0123456789abcdef\n";
  expect(cgroupLimit(files({ "/proc/self/cgroup": path, "/sys/fs/cgroup/memory.max": "1073741824\n" }))).toBe(
    1073741824,
  );
  expect(cgroupLimit(files({ "/proc/self/cgroup": "0::/../..\n", "/sys/fs/cgroup/memory.max": "5\n" }))).toBe(
    5,
  );
});

test("cgroupLimit() reads version 1, where no limit is a number near 2^63", () => {
  const group = "12:cpu,cpuacct:/x\n5:memory:/user\n0::/\n";
  const limit = "/sys/fs/cgroup/memory/user/memory.limit_in_bytes";
  expect(cgroupLimit(files({ "/proc/self/cgroup": group, [limit]: "4096\n" }))).toBe(4096);
  expect(
    cgroupLimit(files({ "/proc/self/cgroup": group, [limit]: "9223372036854771712\n" })),
  ).toBeUndefined();
});

test("cgroupLimit() knows no limit where nothing says one", () => {
  expect(cgroupLimit(files({}))).toBeUndefined();
  expect(
    cgroupLimit(files({ "/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/memory.max": "max\n" })),
  ).toBeUndefined();
});

test("likelyWorkingSet() is what Metal recommends at least, by the memory of the Mac", () => {
  const gb = 1024 ** 3;
  const known = [8, 16, 24, 36, 64].map(
    (size) => [size, likelyWorkingSet(size * gb, "darwin")! / gb] as const,
  );
  expect(known.map(([size, set]) => [size, Number(set.toFixed(1))])).toEqual([
    [8, 5.3],
    [16, 10.7],
    [24, 16],
    [36, 27],
    [64, 48],
  ]);
  expect(likelyWorkingSet(16 * gb, "linux")).toBeUndefined();
});

test("machineMemory() reads this machine", () => {
  expect(machineMemory().total).toBeGreaterThan(2 ** 28);
});
