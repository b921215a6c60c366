import { version as packaged } from "../package.json";

/** easel's own version. */
export const version: string = packaged;

/** The build replaces it by the commit's hash. */
declare const BUILD_COMMIT: string | undefined;

/** The commit that the binary was built from; null from source, and where it was built without git. */
export const commit: string | null = typeof BUILD_COMMIT === "string" ? BUILD_COMMIT : null;
