import { version as packaged } from "../package.json";

/** easel's own version. */
export const version: string = packaged;
