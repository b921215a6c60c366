import { depthMap } from "./artworks/operation.ts";
import type { Capability, Operation } from "./capability.ts";
import { depthanything } from "./depthanything/operation.ts";
import { depthpro } from "./depthpro/operation.ts";
import { qwen } from "./qwen/operation.ts";
import { seedvr2 } from "./seedvr2/operation.ts";

/** Every family that the server offers, in the order of its lists: one line each. */
export const capabilities: readonly Capability[] = [depthpro, depthanything, seedvr2, qwen];

/** Job types that other routes than a family's own make, and the family whose models they run on. */
const elsewhere = [{ family: depthanything.family, operation: depthMap as Operation }];

const kinds = new Map(
  [
    ...capabilities.flatMap(({ family, operations }) =>
      operations.map((operation) => ({ family, operation })),
    ),
    ...elsewhere,
  ].map((kind) => [kind.operation.type, kind]),
);

/** The operation of a job type, and its family. */
export const kindOf = (type: string) => kinds.get(type);
