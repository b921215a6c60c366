import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Glob } from "bun";
import { flux2 } from "../../src/capabilities/flux2/index.ts";
import type { Job } from "../../src/jobs/job.ts";
import { hubServer } from "../src/hub/hub-server.ts";
import { hasBrowser, patience, playground, ready } from "./browser.ts";

const { site, visit } = playground();

test.skipIf(!hasBrowser)(
  "a copy in fewer bits is offered beside the published weights, and its licence is accepted first",
  async () => {
    const saved = join(import.meta.dir, "../fixtures/flux2-mflux");
    const files = Object.fromEntries(
      [...new Glob("*/*").scanSync({ cwd: saved })].map((name) => [name, readFileSync(join(saved, name))]),
    );
    const hub = hubServer(files);
    process.env.HF_ENDPOINT = hub.url;
    const { url, get } = await site();
    const { page } = await visit(`${url}/#models`);
    await ready(page);
    await page.getByRole("link", { name: "Models", exact: true }).click();
    const card = page.locator(".card", { hasText: "klein-9b" }).first();
    const copies = flux2.variants.find(({ name }) => name === "klein-9b")!.copies!;
    await card.getByRole("button", { name: "Download 34.8 GB" }).waitFor();
    await card.getByText("free on the disk").waitFor();
    for (const { bits, diskGb } of copies)
      await card.getByRole("button", { name: `${bits} bits, ${diskGb} GB` }).waitFor();
    await card.getByRole("button", { name: "4 bits, 9.5 GB" }).click();
    const dialog = page.getByRole("dialog");
    expect(await dialog.textContent()).toContain("forbids commercial use");
    await dialog.getByRole("button", { name: "Accept and download" }).click();
    await page.locator(".toasts li", { hasText: "klein-9b is installed" }).waitFor();
    const [job] = (await get<{ data: Job[] }>("/v1/jobs")).data;
    expect(job).toMatchObject({ status: "succeeded", params: { model: "klein-9b", bits: 4 } });
    await card.getByText("Installed, 9.5 GB").waitFor();
    hub[Symbol.dispose]();
  },
  patience,
);
