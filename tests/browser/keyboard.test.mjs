// By keyboard alone, on a screen of 320 px: generate, filter, delete in bulk, undo, delete a policy, retire a permission. After each
// step the focus stands on something, never on the page as such.
import { test, before, after } from "node:test";
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startServer, startBrowser, openPage, signIn } from "./support.mjs";

const BINARY = process.env.CLAVIGER_BINARY ?? new URL("../../target/debug/claviger", import.meta.url).pathname;

let server, browser, folder, password;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "claviger-keyboard-"));
  const environment = { PATH: process.env.PATH, DATABASE_URL: `sqlite://${folder}/demo.db`, CLAVIGER_LOG: "error" };
  const said = execFileSync(BINARY, ["demo", "--keys", "300"], { env: environment, encoding: "utf8" });
  password = said.match(/password +(\S+)/)[1];
  server = await startServer({ DATABASE_URL: environment.DATABASE_URL });
  browser = await startBrowser();
});
after(async () => { await browser?.close(); await server?.stop(); await rm(folder, { recursive: true, force: true }); });

/** What has the focus, in words; "" for the page as such. */
const focused = (page) => page.evaluate(() => {
  const one = document.activeElement;
  return !one || one === document.body ? "" : `${one.tagName} ${one.getAttribute("aria-label") ?? ""} ${one.textContent.trim() || one.name || ""}`;
});

/** Presses Tab until the focus is on this, as somebody does who reads on. */
async function tabTo(page, locator) {
  const target = await locator.elementHandle();
  for (let presses = 0; presses < 400; presses++) {
    if (await target.evaluate((one) => one === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`Tab does not reach ${locator}`);
}

async function press(page, locator, key = "Enter") {
  await tabTo(page, locator);
  await page.keyboard.press(key);
}

/** After a step to another page: it is there, and the focus is on it. Without scripts a page starts at its top, where Tab goes on. */
async function arrived(page, url, what) {
  await page.waitForURL(url);
  await page.waitForLoadState("load");
  if (page.withoutScripts) return "";
  await page.waitForFunction(() => document.activeElement && document.activeElement !== document.body, null, { timeout: 5000 }).catch(() => {});
  const place = await focused(page);
  assert.notEqual(place, "", `${what}: the focus is on nothing`);
  return place;
}

test("by keyboard alone, at 320 px, with scripts", async () => {
  const { page } = await openPage(browser, { viewport: { width: 320, height: 700 }, reducedMotion: "reduce" });
  await signIn(page, server, "miriam", password);

  // Generate, and leave the dialog.
  await press(page, page.getByRole("link", { name: "Generate API Key" }).first());
  assert.match(await arrived(page, "**/generate", "the form opens"), /INPUT {2}name/);
  await page.keyboard.type("by keyboard");
  await press(page, page.getByRole("button", { name: "Generate API Key" }));
  await page.locator("#new-key").waitFor();
  assert.match(await focused(page), /Copy to Clipboard/);
  await page.keyboard.press("Escape");
  assert.match(await focused(page), /Go back to the key/);
  await press(page, page.getByRole("button", { name: "Close anyway" }));
  await arrived(page, "**/external-tool-access", "the dialog is left");

  // A dialog that is closed leads back to what opened it.
  await page.goto(`${server.url}/admin/api-keys?view=all`);
  const add = page.getByRole("button", { name: "Add filter" });
  await press(page, add);
  await press(page, page.locator("#add-filter").getByRole("link", { name: "Name", exact: true }));
  await arrived(page, /add=name/, "the filter opens");
  await page.keyboard.press("Escape");
  assert.match(await arrived(page, (url) => !url.search.includes("add="), "Esc"), /Add filter/);

  // Filter, and remove the chip.
  await press(page, add);
  await press(page, page.locator("#add-filter").getByRole("link", { name: "Name", exact: true }));
  await arrived(page, /add=name/, "the filter opens again");
  await tabTo(page, page.getByLabel("Value"));
  await page.keyboard.type("CI on hpc-login2");
  await page.keyboard.press("Enter");
  assert.match(await arrived(page, /name~/, "a filter is applied"), /Name/);
  await press(page, page.getByRole("link", { name: /^Remove filter/ }));
  assert.match(await arrived(page, (url) => !url.search.includes("name~"), "a chip is removed"), /Add filter/);

  // Delete what is current of one owner, and undo it.
  await page.goto(`${server.url}/admin/api-keys?name~contains=jupyter&status~in=active;expiring`);
  await press(page, page.locator(".grid__check").first(), "Space");
  const all = page.locator("[data-all]");
  if (await all.isVisible()) {
    await press(page, all);
    assert.match(await focused(page), /Clear/, "all that match are selected");
  }
  await press(page, page.locator("[data-bulk]").getByRole("button", { name: "Delete…" }));
  if (await page.getByLabel("Password", { exact: true }).isVisible().catch(() => false)) assert.fail("the password was given a moment ago");
  await arrived(page, "**/bulk/*", "the question");
  const number = page.getByLabel(/^Type/);
  if (await number.count()) {
    await tabTo(page, number);
    await page.keyboard.type((await page.getByRole("heading", { level: 1 }).innerText()).match(/[\d,]+/)[0]);
  }
  await press(page, page.locator("#go"));
  await arrived(page, "**/admin/jobs/*", "the job");
  await page.getByRole("heading", { name: /API keys? deleted/ }).waitFor();
  assert.notEqual(await focused(page), "", "the job is done");
  const job = page.url();
  await press(page, page.locator("main").getByRole("button", { name: "Undo" }).first());
  await arrived(page, (url) => url.pathname.startsWith("/admin/jobs/") && url.href !== job, "the undo");

  // A policy whose name has a space.
  await page.goto(`${server.url}/admin/policies/Read%20only/delete`);
  await tabTo(page, page.getByLabel(/^Type/));
  await page.keyboard.type("Read only");
  await press(page, page.getByRole("button", { name: /^Delete/ }));
  await arrived(page, (url) => !url.pathname.endsWith("/delete"), "the policy is deleted");

  // A permission.
  await page.goto(`${server.url}/admin/permissions`);
  await press(page, page.getByRole("link", { name: "Retire… label.review" }));
  await arrived(page, "**/retire", "the question about a permission");
  await press(page, page.locator("main").getByRole("button", { name: /Retire/ }));
  assert.match(await arrived(page, "**/admin/permissions", "the permission is retired"), /label\.review is retired/, "what was done is said first");
});

test("by keyboard alone, at 320 px, without scripts", async () => {
  const { page } = await openPage(browser, { viewport: { width: 320, height: 700 }, reducedMotion: "reduce", javaScriptEnabled: false });
  page.withoutScripts = true;
  await signIn(page, server, "miriam", password);

  await press(page, page.getByRole("link", { name: "Generate API Key" }).first());
  await page.waitForURL("**/generate");
  assert.match(await focused(page), /INPUT {2}name/, "the form says itself where to begin");
  await page.keyboard.type("by keyboard without scripts");
  await press(page, page.getByRole("button", { name: "Generate API Key" }));
  await tabTo(page, page.locator("#new-key"));
  await press(page, page.getByRole("link", { name: "Done" }));
  await arrived(page, "**/external-tool-access", "the key is left");

  await page.goto(`${server.url}/admin/api-keys?view=all`);
  await press(page, page.getByRole("button", { name: "Add filter" }));
  await press(page, page.locator("#add-filter").getByRole("link", { name: "Name", exact: true }));
  await arrived(page, /add=name/, "the filter opens");
  await tabTo(page, page.getByLabel("Value"));
  await page.keyboard.type("jupyter");
  await page.keyboard.press("Enter");
  await arrived(page, /name~/, "a filter is applied");
  assert.match(await page.locator(".grid__foot").innerText(), /of [1-9]/);

  const name = await page.locator("tbody tr .grid__id").first().innerText();
  await press(page, page.locator("tbody .grid__check").first(), "Space");
  await press(page, page.locator("[data-bulk]").getByRole("button", { name: "Delete…" }));
  await arrived(page, "**/bulk/*", "the question");
  await press(page, page.locator("#go"));
  await arrived(page, "**/admin/jobs/*", "the job");
  while (!(await page.getByRole("heading", { name: /1 API key deleted/ }).isVisible())) await page.reload();
  const job = page.url();
  await press(page, page.locator("main").getByRole("button", { name: "Undo" }).first());
  await arrived(page, (url) => url.pathname.startsWith("/admin/jobs/") && url.href !== job, "the undo");
  assert.match(name, /^[0-9A-Za-z]{8}$/);

  await page.goto(`${server.url}/admin/policies`);
  await press(page, page.locator("main tbody a").first());
  await press(page, page.getByRole("link", { name: /^Delete/ }));
  await arrived(page, "**/delete", "the question about a policy");
  await tabTo(page, page.getByLabel(/^Type/));
  await page.keyboard.type(decodeURIComponent(new URL(page.url()).pathname.split("/").at(-2)));
  await press(page, page.getByRole("button", { name: /^Delete/ }));
  await arrived(page, (url) => !url.pathname.endsWith("/delete"), "the policy is deleted");

  await page.goto(`${server.url}/admin/permissions`);
  await press(page, page.getByRole("link", { name: /^Retire… / }).first());
  await arrived(page, "**/retire", "the question about a permission");
  await press(page, page.locator("main").getByRole("button", { name: /Retire/ }));
  await arrived(page, "**/admin/permissions", "the permission is retired");
  await page.getByText(/is retired/).first().waitFor();
});
