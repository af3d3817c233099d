// A project administrator, who administers nothing else: is made the administrator of a project, makes keys for it, and no others. With
// and without scripts; each step is asked of /verify as a gateway would.
import { test, before, after } from "node:test";
import assert from "node:assert/strict";
import { startServer, startBrowser, openPage, setUp, signIn, accessible, PASSWORD } from "./support.mjs";

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
  test(`a project and who looks after it, ${how}`, async () => {
    const { page, problems } = await openPage(browser, { javaScriptEnabled, permissions: [] });
    if (javaScriptEnabled) await setUp(page, server); else await signIn(page, server);
    const visit = async (path) => { await page.goto(server.url + path); await proveIt(page); };
    const [project, person] = javaScriptEnabled ? ["abc", "ana"] : ["def", "ben"];
    if (javaScriptEnabled) {
      for (const name of ["label.read", "label.write", "label.purge"]) {
        await visit("/admin/permissions");
        await page.locator("#service").fill("labels");
        await page.getByLabel("Permission", { exact: true }).fill(name);
        await page.getByRole("button", { name: "Register permission" }).click();
        await proveIt(page);
        await page.getByText(`Permission ${name} registered.`).waitFor();
      }
      await visit("/admin/resource-kinds/project");
      await page.getByLabel("label.read").check();
      await page.getByLabel("label.write").check();
      await page.getByRole("button", { name: "Save" }).click();
      await page.getByText("It applies to every key for a project at once.").waitFor();
    }
    await visit("/admin/resources");
    await page.getByRole("link", { name: "Register resource" }).first().click();
    await proveIt(page);
    await page.getByLabel("Kind").fill("project");
    await page.getByLabel("Identifier").fill(project);
    await page.getByLabel("Title").fill(`Project ${project}`);
    await page.getByRole("button", { name: "Register resource" }).click();
    await page.getByText(`project:${project} is registered.`).waitFor();
    const resource = page.url();

    await visit("/admin/users/add");
    await page.getByLabel("User name").fill(person);
    await page.getByLabel("Display name").fill(`${person} Example`);
    await page.getByRole("button", { name: "Add user" }).click();
    const link = await page.locator("#link").inputValue();
    await page.goto(resource);
    await page.getByLabel("Add a person or a service account").fill(person);
    await page.getByRole("button", { name: "Add", exact: true }).click();
    await page.getByText(`${person} is now an administrator of project:${project}.`).waitFor();

    const theirs = await openPage(browser, { javaScriptEnabled, permissions: [] });
    await theirs.page.goto(link);
    await theirs.page.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await theirs.page.getByLabel("Password again", { exact: true }).fill(PASSWORD);
    await theirs.page.getByRole("button").last().click();
    await theirs.page.waitForURL("**/external-tool-access");
    assert.equal((await theirs.page.goto(`${server.url}/admin/resources`)).status(), 403);
    await theirs.page.goto(`${server.url}/external-tool-access`);
    await theirs.page.getByRole("link", { name: "My resources" }).first().click();
    await theirs.page.getByRole("link", { name: `Project ${project}` }).click();
    const own = theirs.page.url();
    await theirs.page.getByRole("link", { name: "Generate API Key" }).click();
    await theirs.page.getByLabel("Name").fill("Labelling tool");
    await theirs.page.getByLabel("label.read").check();
    await theirs.page.getByLabel("label.write").check();
    assert.equal(await theirs.page.getByLabel("label.purge").count(), 0);
    await theirs.page.getByRole("button", { name: "Generate API Key" }).click();
    const key = await theirs.page.locator("#new-key").inputValue();
    assert.equal(await verify(key, `require_all=label.read&require_all=label.write&resource=project:${project}`), 200);
    assert.equal(await verify(key, "require_all=label.read&resource=project:another"), 403);
    assert.equal(await verify(key, "require_all=label.read"), 403);

    await theirs.page.goto(own);
    // The key has all that keys for the project can be given: it is the master key, and none is made.
    await theirs.page.getByText("is yours, and has all of them").waitFor();
    if (javaScriptEnabled) await accessible(theirs.page, "a resource that somebody looks after");
    await theirs.page.getByRole("link", { name: /Revoke…/ }).click();
    await theirs.page.getByRole("button", { name: "Revoke key" }).click();
    await theirs.page.getByText("Tools that use it are refused from now on.").waitFor();
    assert.equal(await verify(key, `resource=project:${project}`), 401);
    await theirs.page.getByRole("button", { name: "Get or create my master key" }).click();
    const master = await theirs.page.locator("#new-key").inputValue();
    assert.equal(await verify(master, `require_all=label.read&resource=project:${project}`), 200);
    await theirs.page.goto(own);
    assert.equal(await theirs.page.getByRole("button", { name: "Get or create my master key" }).count(), 0);
    assert.equal(await theirs.page.locator("tbody tr").count(), 1);
    assert.deepEqual([...problems, ...theirs.problems], []);
    await theirs.context.close();
  });
}
