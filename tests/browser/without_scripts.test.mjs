// Every task can be finished with JavaScript off.
import { test, before, after } from "node:test";
import assert from "node:assert/strict";
import { startServer, startBrowser, openPage, setUp, generate, shot } from "./support.mjs";

let server, browser;
before(async () => { server = await startServer(); browser = await startBrowser(); });
after(async () => { await browser?.close(); await server?.stop(); });

const verify = async (secret) => (await fetch(`${server.url}/verify`, { headers: { Authorization: `Bearer ${secret}` } })).status;

test("set up, generate, rotate, disable, enable, edit, revoke, sign out without scripts", async () => {
  const { page, problems } = await openPage(browser, { javaScriptEnabled: false });
  await setUp(page, server);
  const first = await generate(page, { name: "ci" });
  await shot(page, "nojs-new-key");
  await page.getByText("Select the text and copy it.").waitFor();
  assert.equal(await page.getByRole("button", { name: "Copy to Clipboard" }).isVisible(), false);
  assert.equal(await verify(first), 200);

  await page.reload(); // sends the form again
  await page.getByText("This key has already been shown and cannot be shown again.").first().waitFor();
  assert.ok(!(await page.content()).includes(first));
  await page.getByRole("link", { name: "Back to your keys" }).click();
  assert.equal(await page.locator("tbody tr").count(), 1, "no second key was made");

  const eight = first.slice(4, 12);
  await page.getByRole("link", { name: eight }).click();
  await page.getByRole("link", { name: "Rotate…" }).click();
  await page.getByLabel("at once").check();
  await page.getByRole("button", { name: "Rotate key" }).click();
  const second = await page.locator("#new-key").inputValue();
  assert.notEqual(second, first);
  assert.deepEqual([await verify(first), await verify(second)], [401, 200]);
  await page.getByRole("link", { name: "Done" }).click();

  await page.getByRole("button", { name: "Disable" }).click();
  assert.equal(await verify(second), 401);
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByText(`Key ${eight} enabled.`).waitFor();
  assert.equal(await verify(second), 200);

  await page.getByRole("link", { name: eight }).click();
  await page.getByRole("link", { name: "Edit name and note" }).click();
  await page.getByLabel("Name").fill("ci on main");
  await page.getByRole("button", { name: "Save name and note" }).click();
  await page.getByText(`Key ${eight} saved.`).waitFor();

  await page.getByRole("link", { name: "Revoke…" }).click();
  await page.getByRole("button", { name: "Revoke key" }).click();
  await page.getByText(`Key ${eight} revoked.`).waitFor();
  assert.equal(await verify(second), 401);

  await page.getByRole("button", { name: /account menu/ }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in to Claviger" }).waitFor();
  assert.deepEqual(problems, []);
});
