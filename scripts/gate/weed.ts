/**
 * Finds SeaweedFS, the S3 server of the tests.
 *
 * @module
 */
import { programFromWheel, type WheelPlaces } from "./wheel.ts";

/** The path of `weed`, or null. */
export const findWeed = (places?: WheelPlaces) => programFromWheel("weed", "*/scripts/weed", places);
