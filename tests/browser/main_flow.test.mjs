// From the set-up link to a refused key, as a person does it.
import { test, describe, before, after } from "node:test";
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startServer, startBrowser, openPage, setUp, generate } from "./support.mjs";

const run = promisify(execFile);
const databases = [["SQLite", {}]];
if (process.env.CLAVIGER_TEST_BROWSER_POSTGRES) databases.push(["Postgres", { DATABASE_URL: process.env.CLAVIGER_TEST_BROWSER_POSTGRES }]);

/** What curl with `.netrc` in `folder` gets from /verify: the status and the headers. */
async function curlWithNetrc(server, machine, secret) {
  await writeFile(join(server.folder, ".netrc"), `${machine.replace("YOUR_API_KEY", secret)}\n`, { mode: 0o600 });
  const { stdout } = await run("curl", ["-sn", "-o", "/dev/null", "-D", "-", `${server.url}/verify`], { env: { ...process.env, HOME: server.folder } });
  return stdout;
}

for (const [database, environment] of databases) {
  describe(`the main flow on ${database}`, () => {
    let server, browser;
    before(async () => { server = await startServer(environment); browser = await startBrowser(); });
    after(async () => { await browser?.close(); await server?.stop(); });

    test("set up, generate, copy, use with curl and .netrc, revoke", async () => {
      const { page, problems } = await openPage(browser);
      const link = await server.setUpLink();
      await setUp(page, server);
      await page.getByRole("heading", { name: "No API keys yet" }).waitFor();

      const secret = await generate(page, { name: "RStudio on lab-ws-14", note: "nightly import" });
      assert.match(secret, /^clv_[0-9A-Za-z]{8}_[0-9A-Za-z]{49}$/);
      assert.equal((await page.content()).split(secret).length - 1, 1, "the secret stands in exactly one place");
      assert.ok(!page.url().includes(secret));

      await page.getByRole("button", { name: "Copy to Clipboard" }).click();
      await page.getByRole("button", { name: "Copied!" }).waitFor();
      await page.locator("dialog [data-live]", { hasText: "Copied to the clipboard." }).waitFor({ state: "attached" });
      assert.equal(await page.evaluate(() => navigator.clipboard.readText()), secret);
      await page.getByRole("button", { name: "Copy to Clipboard" }).waitFor();

      await page.getByRole("link", { name: "Done" }).click();
      await page.waitForURL("**/external-tool-access");
      assert.ok(!(await page.content()).includes(secret), "the secret is not shown again");

      const eight = secret.slice(4, 12);
      const netrc = await page.locator("#code-netrc").textContent();
      const good = await curlWithNetrc(server, netrc, secret);
      assert.match(good, /^HTTP\/1.1 200/);
      assert.match(good, /^remote-user: miriam\r$/m);
      assert.match(good, /^remote-name: Miriam Okafor\r$/m);
      assert.match(good, new RegExp(`^x-key-id: ${eight}\r$`, "m"));

      await page.reload();
      await page.getByText("Just now").waitFor();
      await page.getByRole("button", { name: `Actions for key ${eight}` }).click();
      await page.getByRole("link", { name: "Revoke…" }).click();
      await page.getByRole("heading", { name: `Revoke key ${eight}?` }).waitFor();
      assert.equal(await page.evaluate(() => document.activeElement.textContent), "Keep key", "focus starts on the safe button");
      await page.getByRole("button", { name: "Revoke key" }).click();
      await page.getByText(`Key ${eight} revoked.`).waitFor();
      assert.match(await curlWithNetrc(server, netrc, secret), /^HTTP\/1.1 401/);

      await page.getByRole("link", { name: "Expired and revoked" }).click();
      await page.getByText("RStudio on lab-ws-14").waitFor();
      assert.deepEqual(problems, []);
      assert.equal((await page.goto(link)).status(), 404, "the link worked once");
      assert.ok(!server.output().includes(secret), "the secret is in no output");
    });
  });
}
