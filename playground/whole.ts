/**
 * Named by every part that is loaded later. So the bundler keeps what the page starts with in one script, which compresses better than
 * a script for each combination of parts.
 *
 * @module
 */
export { App as page } from "./view/app.tsx";
