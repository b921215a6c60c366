import { task as depthanything } from "./capabilities/depthanything/task.ts";
import { task as depthpro } from "./capabilities/depthpro/task.ts";
import { task as flux2 } from "./capabilities/flux2/task.ts";
import { task as qwen } from "./capabilities/qwen/task.ts";
import { task as seedvr2 } from "./capabilities/seedvr2/task.ts";
import { task as zimage } from "./capabilities/zimage/task.ts";
import { task as kernels } from "./check/kernels/task.ts";
import { task as selftest } from "./check/selftest-task.ts";
import type { Task } from "./engine/task.ts";

/** Every family that the engine can run: one line each. */
export const tasks: Readonly<Record<string, Task>> = Object.fromEntries(
  [depthanything, depthpro, flux2, qwen, seedvr2, zimage, selftest, kernels].map((task) => [
    task.family,
    task,
  ]),
);
