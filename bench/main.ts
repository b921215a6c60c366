/**
 * Runs one of the programs beside it: `bun run bench start 10`, or `page` for `page/main`. Without a name it lists them.
 *
 * @module
 */
import { join } from "node:path";

const programs = [...new Bun.Glob("**/*.ts").scanSync({ cwd: import.meta.dir })]
  .map((file) => file.replace(/\.ts$/, ""))
  .filter((name) => name !== "main")
  .sort();
const [asked, ...rest] = process.argv.slice(2);
const name = programs.includes(`${asked}/main`) ? `${asked}/main` : asked;
if (name === undefined || !programs.includes(name)) {
  console.log(`bun run bench NAME [ARGUMENTS]\n\n${programs.join("\n")}`);
  process.exit(name === undefined ? 0 : 2);
}
const child = Bun.spawn([process.execPath, join(import.meta.dir, `${name}.ts`), ...rest], {
  stdio: ["inherit", "inherit", "inherit"],
});
process.exit(await child.exited);
