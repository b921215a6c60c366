/** A server with a token, and the theme of the pages around it. */
import { expect } from "bun:test";
import { inBrowser, picture, playground, ready, small } from "./browser.ts";
import { choose, estimate, shown } from "./steps.ts";

const { site, visit } = playground();

let shared: ReturnType<typeof site> | undefined;
const server = () => {
  shared ??= site();
  return shared;
};

inBrowser("with a token the page asks for it once, works, and says it in its commands", async () => {
  const { url } = await site({ auth_token: "open sesame, open sesame" });
  const { page, complaints } = await visit(`${url}/#upscale`);
  expect(await page.locator("html[data-ready]").count()).toBe(0);
  await page.getByLabel("Token").fill("wrong");
  await page.getByRole("button").click();
  await page.getByText("Wrong token.").waitFor();
  await page.getByLabel("Token").fill("open sesame, open sesame");
  await page.getByRole("button").click();
  await ready(page);
  // The place behind the form is the one that was asked for.
  expect(new URL(page.url()).hash).toBe("#upscale");
  expect(complaints.filter((text) => !text.includes("401"))).toEqual([]);
  await page.goto(`${url}/#depth`);
  await choose(page, picture, "street.jpg", "image/jpeg");
  await estimate(page);
  await shown(page);
  await page.getByRole("button", { name: "Code" }).click();
  await page.waitForFunction(() => document.querySelector("#code-text")?.textContent?.includes("Bearer"));
  expect(await page.locator("#code-text").textContent()).toContain("Authorization: Bearer $EASEL_AUTH_TOKEN");
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("Token").waitFor();
  expect((await page.context().cookies()).length).toBe(0);
});

inBrowser("the reference takes the theme that was chosen on the page", async () => {
  const { url } = await server();
  const { page } = await visit(url, { colorScheme: "light" });
  await ready(page);
  await page.getByRole("button", { name: "Theme: system" }).click();
  await page.getByRole("button", { name: "Theme: light" }).click();
  await page.getByRole("button", { name: "Theme: dark" }).waitFor();
  await page.getByRole("link", { name: "API", exact: true }).click();
  await page.locator(".dark-mode").first().waitFor();
});

inBrowser(
  "a token that is changed meanwhile leads to the form, and from there back to the same result",
  async () => {
    const { url } = await site({ auth_token: "open sesame, open sesame" });
    const { page } = await visit(`${url}/#depth`);
    await page.getByLabel("Token").fill("open sesame, open sesame");
    await page.getByRole("button").click();
    await ready(page);
    await choose(page, small, "small.png", "image/png");
    await estimate(page);
    await shown(page);
    const result = page.url();
    await page.context().clearCookies();
    await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
    await page.getByLabel("Token").fill("open sesame, open sesame");
    await page.getByRole("button").click();
    await shown(page);
    expect(page.url()).toBe(result);
  },
);

inBrowser("the form for the token has the theme that was chosen on the page", async () => {
  const { url } = await site({ auth_token: "open sesame, open sesame" });
  const { page } = await visit(url, { colorScheme: "light" });
  const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await paper();
  await page.getByLabel("Token").fill("open sesame, open sesame");
  await page.getByRole("button").click();
  await ready(page);
  await page.getByRole("button", { name: "Theme: system" }).click();
  await page.getByRole("button", { name: "Theme: light" }).click();
  await page.getByRole("button", { name: "Theme: dark" }).waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("Token").waitFor();
  const dark = await paper();
  expect(dark).not.toBe(light);
  await page.getByLabel("Token").fill("wrong");
  await page.getByRole("button").click();
  await page.getByText("Wrong token.").waitFor();
  expect(await paper()).toBe(dark);
});
