import { version as packaged } from "../package.json";

/** easel's own version. */
export const version: string = packaged;

/** The build replaces it by the commit's hash. */
declare const EASEL_COMMIT: string | undefined;

/** The commit that the binary was built from; null from source, and where it was built without git. */
export const commit: string | null = typeof EASEL_COMMIT === "string" ? EASEL_COMMIT : null;
