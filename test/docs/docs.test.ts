import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const root = join(import.meta.dir, "../..");
const pages = [
  ...new Bun.Glob("{docs,examples,kernels,ffi,tools,packaging}/**/*.md").scanSync({ cwd: root }),
  ...new Bun.Glob("*.md").scanSync({ cwd: root }),
].filter((page) => !page.includes("node_modules"));
const read = (page: string) => readFileSync(join(root, page), "utf8");

describe("the pages", () => {
  test.each(pages)("%s links only to what is there", (page) => {
    const links = [...read(page).matchAll(/\]\((?!https?:|mailto:)([^)#\s]+)/g)].map(([, link]) => link!);
    const broken = links.filter((link) => !existsSync(join(root, dirname(page), link)));
    expect(broken).toEqual([]);
  });

  test("are all reached from the index", () => {
    const index = read("docs/index.md");
    const unlisted = pages.filter(
      (page) =>
        page.startsWith("docs/") && page !== "docs/index.md" && !index.includes(`](${page.slice(5)})`),
    );
    expect(unlisted).toEqual([]);
  });

  test("name no file of the source that is gone", () => {
    const gone = ["docs/architecture.md", "CONTRIBUTING.md"].flatMap((page) =>
      [
        ...read(page).matchAll(
          /`((?:src|http|jobs|engine|files|disk|cli|models|capabilities|kernels|mlx-shim|ffi|test|scripts)\/[\w./-]*)`/g,
        ),
      ]
        .map(([, path]) => path!)
        .filter((path) => !existsSync(join(root, path)) && !existsSync(join(root, "src", path)))
        .map((path) => `${page}: ${path}`),
    );
    expect(gone).toEqual([]);
  });
});

test("the guide's code verifies a signature, and refuses another body, another key and an old message", () => {
  const code = /```python\n(.*?)```/s.exec(read("docs/guides/webhooks.md"))![1]!;
  const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
  const body = '{"id":"job_1"}';
  const signed = (key: number, age: number) => {
    const stamp = String(Math.floor(Date.now() / 1000) - age);
    const hash = new Bun.CryptoHasher("sha256", Buffer.alloc(32, key)).update(`msg_1.${stamp}.${body}`);
    return {
      "webhook-id": "msg_1",
      "webhook-timestamp": stamp,
      "webhook-signature": `v1,bm9uZQ== v1,${hash.digest("base64")}`,
    };
  };
  const verified = (headers: Record<string, string>, text = body) => {
    const call = `import json, sys\n${code}\nsecret, headers, body = json.loads(sys.argv[1])\nverify(secret, headers, body.encode())`;
    const { exitCode, stderr } = Bun.spawnSync([
      "python3",
      "-c",
      call,
      JSON.stringify([secret, headers, text]),
    ]);
    return exitCode === 0 ? "verified" : stderr.toString().trim().split("\n").at(-1);
  };
  expect(verified(signed(7, 0))).toBe("verified");
  expect(verified(signed(7, 0), `${body} `)).toBe("ValueError: the signature is wrong");
  expect(verified(signed(8, 0))).toBe("ValueError: the signature is wrong");
  expect(verified(signed(7, 3600))).toBe("ValueError: the message is too old");
});
