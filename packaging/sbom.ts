/**
 * What the binary carries, as a CycloneDX document: the npm packages of the lockfile that the program imports, the wheels that
 * its native parts come from, and Bun itself.
 *
 *     bun packaging/sbom.ts > easel.cdx.json
 *
 * @module
 */
import { join } from "node:path";

export interface Component {
  type: "library" | "application";
  name: string;
  version: string;
  purl: string;
  hashes?: { alg: string; content: string }[];
}

type LockEntry = [
  spec: string,
  registry: string,
  info: { dependencies?: Record<string, string>; optionalDependencies?: Record<string, string> },
  integrity?: string,
];

/** The packages that `roots` need, directly or not. */
export function npmComponents(
  lock: { packages: Record<string, LockEntry> },
  roots: readonly string[],
): Component[] {
  const seen = new Map<string, Component>();
  const visit = (name: string, parents: readonly string[]) => {
    // A package that needs another version than the shared one stands under its parent's name.
    const key = [...parents.map((_, i) => [...parents.slice(i), name].join("/")), name].find(
      (path) => lock.packages[path],
    );
    if (key === undefined || seen.has(key)) return;
    const [spec, , info, integrity] = lock.packages[key]!;
    const at = spec.lastIndexOf("@");
    const component: Component = {
      type: "library",
      name: spec.slice(0, at),
      version: spec.slice(at + 1),
      purl: `pkg:npm/${spec.slice(0, at).replace("@", "%40")}@${spec.slice(at + 1)}`,
    };
    if (integrity?.startsWith("sha512-"))
      component.hashes = [
        { alg: "SHA-512", content: Buffer.from(integrity.slice(7), "base64").toString("hex") },
      ];
    seen.set(key, component);
    for (const dependency of Object.keys({ ...info.dependencies, ...info.optionalDependencies }))
      visit(dependency, [...parents, name]);
  };
  for (const root of roots) visit(root, []);
  return [...seen.values()].sort((a, b) => a.name.localeCompare(b.name));
}

/** The wheels that a requirements file pins. */
export function wheelComponents(requirements: string): Component[] {
  return [...requirements.matchAll(/^([\w.-]+)==([\w.]+)((?:\s|\\|--hash=sha256:[0-9a-f]{64})*)/gm)].map(
    ([, name, version, rest]) => ({
      type: "library",
      name: name!,
      version: version!,
      purl: `pkg:pypi/${name}@${version}`,
      hashes: [...rest!.matchAll(/sha256:([0-9a-f]{64})/g)].map(([, content]) => ({
        alg: "SHA-256",
        content: content!,
      })),
    }),
  );
}

/** sharp's packages for systems that nothing is built for lie in the lockfile, too. */
const ofOtherSystems = (name: string) =>
  /^@img\/sharp-/.test(name) && !/^@img\/sharp-(libvips-)?(linux-x64|linux-arm64|darwin-arm64)$/.test(name);

/** The whole document. What only builds the binary is not in it, what is copied into it is, whoever asks for it. */
export async function billOfMaterials(root: string) {
  const manifest = await Bun.file(join(root, "package.json")).json();
  const lock = Bun.JSONC.parse(await Bun.file(join(root, "bun.lock")).text()) as Parameters<
    typeof npmComponents
  >[0];
  const wheels: Component[] = [];
  for (const system of ["linux", "darwin"])
    wheels.push(...wheelComponents(await Bun.file(join(root, `mlx-shim/requirements-${system}.txt`)).text()));
  const unique = new Map(wheels.map((wheel) => [wheel.purl, wheel]));
  const bun: Component = {
    type: "application",
    name: "bun",
    version: Bun.version,
    purl: `pkg:npm/bun@${Bun.version}`,
  };
  const packages = npmComponents(lock, [...Object.keys(manifest.dependencies), "@scalar/api-reference"]);
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: { component: { type: "application", name: manifest.name, version: manifest.version } },
    components: [bun, ...unique.values(), ...packages.filter(({ name }) => !ofOtherSystems(name))],
  };
}

if (import.meta.main)
  console.log(JSON.stringify(await billOfMaterials(join(import.meta.dir, "..")), null, 2));
