import type { Capability } from "./capability.ts";
import { depthanything } from "./depthanything/operation.ts";
import { depthpro } from "./depthpro/operation.ts";

/** Every family that the server offers, in the order of its lists: one line each. */
export const capabilities: readonly Capability[] = [depthpro, depthanything];
