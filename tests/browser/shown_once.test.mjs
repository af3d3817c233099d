// The moment that must never fail, and never happen twice.
import { test, before, after } from "node:test";
import assert from "node:assert/strict";
import { startServer, startBrowser, openPage, setUp, signIn, generate, shot } from "./support.mjs";

let server, browser, state;
before(async () => {
  server = await startServer();
  browser = await startBrowser();
  const { page, context } = await openPage(browser);
  await setUp(page, server);
  state = await context.storageState();
});
after(async () => { await browser?.close(); await server?.stop(); });

async function keysPage(options = {}) {
  const opened = await openPage(browser, { storageState: state, ...options });
  await opened.page.goto(`${server.url}/external-tool-access`);
  return opened;
}

test("with the clipboard refused the text is selected and the button names the keys to press", async () => {
  const { page } = await keysPage({ permissions: [] });
  await page.addInitScript(() => {
    navigator.clipboard.writeText = () => Promise.reject(new Error("refused"));
  });
  const secret = await generate(page);
  await page.getByRole("button", { name: "Copy to Clipboard" }).click();
  await page.getByRole("button", { name: "Press Ctrl+C to copy" }).waitFor();
  assert.equal(await page.evaluate(() => getSelection().toString() || document.activeElement.value.slice(document.activeElement.selectionStart, document.activeElement.selectionEnd)), secret);
  await page.keyboard.press("Control+C");
  await page.getByRole("link", { name: "Done" }).click();
  await page.waitForURL("**/external-tool-access");
});

test("where the browser has no clipboard, as on plain http, copying still works", async () => {
  const { page } = await keysPage();
  await page.addInitScript(() => {
    Object.defineProperty(window, "isSecureContext", { value: false });
  });
  const secret = await generate(page);
  await page.getByRole("button", { name: "Copy to Clipboard" }).click();
  await page.getByRole("button", { name: "Copied!" }).waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), secret);
});

test("Done and Esc on a key that was not copied ask first", async () => {
  const { page } = await keysPage();
  const secret = await generate(page);
  await page.getByRole("link", { name: "Done" }).click();
  await page.getByRole("heading", { name: "Close without copying?" }).waitFor();
  await shot(page, "close-without-copying");
  await page.getByRole("button", { name: "Go back to the key" }).click();
  assert.equal(await page.locator("#new-key").inputValue(), secret);
  await page.keyboard.press("Escape");
  await page.getByRole("heading", { name: "Close without copying?" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("heading", { name: "Your new API key" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Close anyway" }).click();
  await page.waitForURL("**/external-tool-access");
  await page.getByRole("heading", { name: "Your new API key" }).waitFor({ state: "detached" });
});

test("reload and Back never show the key again and never make another", async () => {
  const { page } = await keysPage();
  const before = await page.locator("tbody tr").count();
  const secret = await generate(page);
  await page.getByRole("button", { name: "Copy to Clipboard" }).click();
  await page.getByRole("button", { name: "Copied!" }).waitFor();
  assert.ok(page.url().endsWith("/external-tool-access"), "the address is that of the list");
  await page.reload();
  assert.ok(!(await page.content()).includes(secret));
  await page.goBack();
  await page.goForward();
  assert.ok(!(await page.content()).includes(secret));
  await page.goto(`${server.url}/external-tool-access`);
  assert.equal(await page.locator("tbody tr").count(), before + 1);
});

test("Back after Done does not bring the key up", async () => {
  const { page } = await keysPage();
  const secret = await generate(page);
  await page.getByRole("button", { name: "Copy to Clipboard" }).click();
  await page.getByRole("button", { name: "Copied!" }).waitFor();
  await page.getByRole("link", { name: "Done" }).click();
  await page.waitForURL("**/external-tool-access");
  await page.goBack();
  assert.ok(!(await page.content()).includes(secret));
  assert.equal(await page.locator("#new-key").count() && await page.locator("#new-key").inputValue(), 0);
});

test("a double click makes one key and shows it", async () => {
  const { page } = await keysPage();
  const before = await page.locator("tbody tr").count();
  await page.getByRole("link", { name: "Generate API Key" }).first().click();
  await page.getByLabel("Name").fill("double");
  await page.getByRole("button", { name: "Generate API Key" }).dblclick();
  await page.getByRole("heading", { name: "Your new API key" }).waitFor();
  await page.goto("about:blank", { waitUntil: "commit" }).catch(() => {});
  const again = await keysPage();
  assert.equal(await again.page.locator("tbody tr").count(), before + 1);
});

test("a printed page does not carry the key", async () => {
  const { page } = await keysPage();
  await generate(page);
  await page.emulateMedia({ media: "print" });
  assert.equal(await page.locator("#new-key").evaluate((field) => getComputedStyle(field).color), "rgba(0, 0, 0, 0)");
});

test("signed out, Back shows nothing", async () => {
  const { page } = await openPage(browser);
  await signIn(page, server);
  await page.goto(`${server.url}/account`);
  await page.getByRole("button", { name: /account menu/ }).click();
  await page.locator("#user-menu").getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in to Claviger" }).waitFor();
  await page.goBack();
  await page.getByRole("heading", { name: "Sign in to Claviger" }).waitFor();
  assert.ok(!(await page.content()).includes("Miriam"));
});
