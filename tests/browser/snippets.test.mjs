// Every example of "Use a key" is run as it stands on the page, where its language is there.
import { test, before, after } from "node:test";
import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { promisify } from "node:util";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startServer, startBrowser, openPage, setUp, generate } from "./support.mjs";

const run = promisify(execFile);
let server, browser, page, secret;
before(async () => {
  server = await startServer();
  browser = await startBrowser();
  ({ page } = await openPage(browser));
  await setUp(page, server);
  secret = await generate(page, { name: "examples" });
  await page.getByRole("button", { name: "Copy to Clipboard" }).click();
  await page.getByRole("button", { name: "Copied!" }).waitFor();
  await page.getByRole("link", { name: "Done" }).click();
});
after(async () => { await browser?.close(); await server?.stop(); });

/** Copies an example with its own button, as a person does. */
async function copied(tab, id) {
  await page.getByRole("tab", { name: tab, exact: true }).click();
  const panel = page.locator(`section:has(#${id})`);
  await panel.getByRole("button", { name: "Copy" }).click();
  await panel.getByRole("button", { name: "Copied!" }).waitFor();
  const text = await page.evaluate(() => navigator.clipboard.readText());
  assert.ok(!text.includes(secret), "no example holds a secret");
  return text;
}

const has = (command, ...check) => { try { execFileSync(command, check, { stdio: "ignore" }); return true; } catch { return false; } };
const environment = () => ({ PATH: process.env.PATH, PYTHONPATH: process.env.PYTHONPATH ?? "", HOME: server.folder, CLAVIGER_API_KEY: secret });
const answers = (text) => { assert.match(text, /miriam/); assert.match(text, new RegExp(secret.slice(4, 12))); };

test(".netrc with curl", async () => {
  const file = (await copied(".netrc", "code-netrc")).replace("YOUR_API_KEY", secret);
  await writeFile(join(server.folder, ".netrc"), `${file}\n`, { mode: 0o600 });
  answers((await run("curl", ["-sn", `${server.url}/api/v1/whoami`], { env: environment() })).stdout);
});

test(".netrc with what reads it without further setup", async () => {
  answers((await run("wget", ["-qO-", `${server.url}/api/v1/whoami`], { env: environment() })).stdout);
  const script = `import requests; print(requests.get("${server.url}/api/v1/whoami").text)`;
  answers((await run("python3", ["-c", script], { env: environment() })).stdout);
});

for (const [name, script] of [
  ["httr2", (url) => `library(httr2); cat(resp_body_string(req_perform(req_options(request("${url}"), netrc = 1))))`],
  ["httr", (url) => `library(httr); cat(content(GET("${url}", config(netrc = 1)), "text", encoding = "UTF-8"))`],
]) {
  test(`.netrc with R's ${name}`, { skip: !has("Rscript", "-e", `library(${name})`) && `R with ${name} is not there` }, async () => {
    answers((await run("Rscript", ["-e", script(`${server.url}/api/v1/whoami`)], { env: environment() })).stdout);
  });
}

test("curl", async () => {
  const script = (await copied("curl", "code-curl")).replace("YOUR_API_KEY", secret);
  answers((await run("bash", ["-c", script], { env: environment() })).stdout);
});

test("Python", { skip: !has("python3", "-c", "import requests") && "Python's requests is not there" }, async () => {
  const script = await copied("Python", "code-python");
  answers((await run("python3", ["-c", script], { env: environment() })).stdout);
  // ~/.netrc holds a good key; the one in the variable counts all the same.
  const other = { ...environment(), CLAVIGER_API_KEY: `${secret.slice(0, -1)}_` };
  const { stdout } = await run("python3", ["-c", script], { env: other });
  assert.ok(!stdout.includes("miriam"), stdout);
});

test("Python without further packages", async () => {
  const script = "import json, os, urllib.request as u\n" +
    `request = u.Request("${server.url}/api/v1/whoami", headers={"Authorization": "Bearer " + os.environ["CLAVIGER_API_KEY"]})\n` +
    "print(json.load(u.urlopen(request)))";
  answers((await run("python3", ["-c", script], { env: environment() })).stdout.replaceAll("'", '"'));
});

test("R", { skip: !has("Rscript", "-e", "library(httr2); library(jsonlite)") && "R with httr2 and jsonlite is not there" }, async () => {
  const script = await copied("R", "code-r");
  answers((await run("Rscript", ["-e", script], { env: environment() })).stdout);
});

test("JavaScript", async () => {
  const script = await copied("JavaScript", "code-js");
  await writeFile(join(server.folder, "example.mjs"), script);
  answers((await run(process.execPath, [join(server.folder, "example.mjs")], { env: environment() })).stdout);
});
