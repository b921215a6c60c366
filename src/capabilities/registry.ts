import type { Operation } from "./capability.ts";
import { depthanything } from "./depthanything/index.ts";
import { depthpro } from "./depthpro/index.ts";
import type { Family } from "./family.ts";
import { flux2 } from "./flux2/index.ts";
import { qwen } from "./qwen/index.ts";
import { seedvr2 } from "./seedvr2/index.ts";
import { zimage } from "./zimage/index.ts";

/** Every family of the program, in the order of its lists: one line each. */
export const families: readonly Family[] = [depthpro, depthanything, seedvr2, flux2, zimage, qwen];

/** An operation by its job type, and the family whose models it runs on. */
export type FindOperation = (type: string) => { family: string; operation: Operation } | undefined;

/** Finds the operations of these families, and others that run on a family's models. */
export function operationsOf(
  families: readonly Pick<Family, "family" | "operations">[],
  others: readonly { family: string; operation: Operation }[] = [],
): FindOperation {
  const byType = new Map(
    [
      ...families.flatMap(({ family, operations }) => operations.map((operation) => ({ family, operation }))),
      ...others,
    ].map((each) => [each.operation.type, each]),
  );
  return (type) => byType.get(type);
}
