// The walk-through of rights: a policy is made, a key gets it, its permission goes, the key gets another policy, and the first
// one again; then that is deleted and brought back. With and without scripts; each step is asked of /verify as a gateway would.
import { test, before, after } from "node:test";
import assert from "node:assert/strict";
import { startServer, startBrowser, openPage, setUp, signIn, PASSWORD } from "./support.mjs";

let server, browser;
before(async () => { server = await startServer(); browser = await startBrowser(); });
after(async () => { await browser?.close(); await server?.stop(); });

/** Gives the password when the page asks for it. */
async function proveIt(page) {
  if (!page.url().includes("/confirm-password")) return;
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Confirm" }).click();
  await page.waitForURL((url) => !url.pathname.includes("confirm-password"));
}

const verify = async (key, query) => (await fetch(`${server.url}/verify?${query}`, { headers: { "X-API-Key": key } })).status;

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? "with scripts" : "without scripts";
  test(`a policy from its making to its return, ${how}`, async () => {
    const { page, problems } = await openPage(browser, { javaScriptEnabled, permissions: [] });
    if (javaScriptEnabled) await setUp(page, server); else await signIn(page, server);
    const visit = async (path) => { await page.goto(server.url + path); await proveIt(page); };
    const suffix = javaScriptEnabled ? "" : " two";
    const policy = `Analyst${suffix}`;
    if (javaScriptEnabled) {
      for (const name of ["read:metadata", "read:data"]) {
        await visit("/admin/permissions");
        await page.locator("#service").fill("tiled");
        await page.getByLabel("Permission", { exact: true }).fill(name);
        await page.getByRole("button", { name: "Register permission" }).click();
        await page.getByText(`Permission ${name} registered.`).waitFor();
      }
    }
    await visit("/admin/policies");
    await page.getByRole("link", { name: "New policy" }).first().click();
    await proveIt(page);
    await page.getByLabel("Name").fill(policy);
    await page.getByLabel("read:metadata").check();
    await page.getByLabel("read:data").check();
    await page.getByRole("button", { name: "Create policy" }).click();
    await page.getByText(`Policy ${policy} created.`).waitFor();

    const other = `Reader${suffix}`;
    await visit("/admin/policies/new");
    await page.getByLabel("Name").fill(other);
    await page.getByLabel("read:data").check();
    await page.getByRole("button", { name: "Create policy" }).click();
    await page.getByText(`Policy ${other} created.`).waitFor();

    await visit("/admin/users/miriam");
    for (const box of await page.locator("input[name=policy]").all()) await box.check();
    await page.getByRole("button", { name: "Save policies" }).click();
    await page.getByText("Policies saved.").waitFor();

    await visit("/external-tool-access/generate");
    await page.getByLabel("Name").fill(`Notebook${suffix}`);
    await page.getByLabel("What one policy allows").check();
    await page.getByLabel("Policy", { exact: true }).selectOption(policy);
    await page.getByRole("button", { name: "Generate API Key" }).click();
    const key = await page.locator("#new-key").inputValue();
    assert.equal(await verify(key, "require_all=read:data"), 200);

    const setData = async (on) => {
      await visit(`/admin/policies/${encodeURIComponent(policy)}`);
      await page.getByLabel("read:data").setChecked(on);
      await page.getByRole("button", { name: "Save policy" }).click();
      await page.getByText("Nothing is saved yet").waitFor();
      await page.getByRole("button", { name: "Save policy" }).click();
      await page.getByText(`Policy ${policy} saved.`).waitFor();
    };
    await setData(false);
    assert.equal(await verify(key, "require_all=read:data"), 403);
    assert.equal(await verify(key, "require_all=read:metadata"), 200);
    const path = `/external-tool-access/keys/${key.split("_")[1]}`;
    const giveKey = async (name) => {
      await visit(path);
      await page.getByRole("link", { name: "Change…" }).click();
      await page.getByLabel("Policy", { exact: true }).selectOption(name);
      await page.getByRole("button", { name: "Save" }).click();
      await page.getByText("It can do this from now on.").waitFor();
    };
    await giveKey(other);
    assert.equal(await verify(key, "require_all=read:data"), 200, "another policy allows it");
    await setData(true);
    await giveKey(policy);
    assert.equal(await verify(key, "require_all=read:data"), 200);
    await visit(`/admin/policies/${encodeURIComponent(policy)}`);

    await page.getByRole("link", { name: "Delete policy…" }).click();
    await proveIt(page);
    await page.getByLabel(`Type ${policy} to confirm`).fill(policy);
    await page.getByRole("button", { name: "Delete policy and 1 key" }).click();
    await page.getByRole("heading", { name: "1 API key deleted" }).waitFor();
    assert.equal(await verify(key, ""), 401);
    await page.getByRole("button", { name: "Undo" }).click();
    await page.getByRole("heading", { name: "1 API key restored" }).waitFor();
    assert.equal(await verify(key, "require_all=read:data"), 200);

    await visit("/admin/permissions");
    await page.getByRole("link", { name: "Retire… read:data" }).click();
    await proveIt(page);
    await page.getByRole("button", { name: "Retire permission" }).click();
    await page.getByText("read:data is retired.").waitFor();
    assert.equal(await verify(key, "require_all=read:data"), 403);
    await page.getByRole("button", { name: "Restore read:data" }).click();
    await page.getByText("read:data can be held again").waitFor();
    assert.equal(await verify(key, "require_all=read:data"), 200);
    assert.deepEqual(problems, []);
  });
}
