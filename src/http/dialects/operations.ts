import type { Operation } from "../../capabilities/capability.ts";
import { family } from "../../capabilities/depthanything/variants.ts";
import { depthMap } from "./tengr/operation.ts";

/** Operations that dialects add to those of the families. */
export const dialectOperations = [{ family, operation: depthMap as Operation }];
