// A server of its own, a browser, and a person, for each test file.
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRequire } from "node:module";
import assert from "node:assert/strict";
import { chromium } from "playwright-core";

const require = createRequire(import.meta.url);
const BINARY = process.env.CLAVIGER_BINARY ?? new URL("../../target/debug/claviger", import.meta.url).pathname;
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const axe = readFile(require.resolve("axe-core/axe.min.js"), "utf8");
export const PASSWORD = "correct horse battery staple";

/** Starts the real binary on a free port with an empty database; resolves when it listens. */
export async function startServer(environment = {}) {
  const folder = await mkdtemp(join(tmpdir(), "claviger-browser-"));
  const child = spawn(BINARY, ["serve"], {
    cwd: folder,
    env: { PATH: process.env.PATH, CLAVIGER_LISTEN: "127.0.0.1:0", DATABASE_URL: `sqlite://${folder}/claviger.db`, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  let errors = "";
  child.stderr.on("data", (data) => { errors += data; });
  const ended = new Promise((done) => child.once("exit", done));
  const printed = (pattern) => new Promise((done, failed) => {
    const look = () => { const found = output.match(pattern); if (found) done(found[1]); };
    child.stdout.on("data", look);
    ended.then(() => failed(new Error(`the server ended early: ${errors}`)));
    look();
  });
  child.stdout.on("data", (data) => { output += data; });
  const url = await printed(/for (http\S+)/);
  return {
    url,
    folder,
    setUpLink: () => printed(/once: (http\S+)/),
    output: () => output + errors,
    async stop() {
      child.kill("SIGTERM");
      const code = await ended;
      await rm(folder, { recursive: true, force: true });
      return code;
    },
  };
}

/** A browser; its pages fail the test on console errors, page errors and violations of the content security policy. */
export async function startBrowser() {
  return chromium.launch({
    executablePath: CHROMIUM,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
}

/** A page in a context of its own. `problems` collects what the console complains about. */
export async function openPage(browser, options = {}) {
  const context = await browser.newContext({ permissions: ["clipboard-read", "clipboard-write"], ...options });
  const page = await context.newPage();
  const problems = [];
  page.on("console", (message) => {
    const expected = /status of (4\d\d)/.test(message.text()); // an error page that a test asks for
    if (message.type() === "error" && !expected) problems.push(message.text());
  });
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("requestfailed", (request) => { if (!/ERR_ABORTED/.test(request.failure()?.errorText)) problems.push(`${request.url()} ${request.failure()?.errorText}`); });
  return { context, page, problems };
}

/** Makes the first administrator and is signed in afterwards. */
export async function setUp(page, server, person = {}) {
  await page.goto(await server.setUpLink());
  await page.getByLabel("User name").fill(person.username ?? "miriam");
  await page.getByLabel("Display name").fill(person.displayName ?? "Miriam Okafor");
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByLabel("Password again", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Create administrator" }).click();
  await page.waitForURL("**/external-tool-access");
}

export async function signIn(page, server, username = "miriam", password = PASSWORD) {
  await page.goto(`${server.url}/sign-in`);
  await page.getByLabel("User name").fill(username);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL("**/external-tool-access");
}

/** Opens the form, fills it and sends it; afterwards the secret is on the page. */
export async function generate(page, { name = "", note = "" } = {}) {
  await page.getByRole("link", { name: "Generate API Key" }).first().click();
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Note").fill(note);
  await page.getByRole("button", { name: "Generate API Key" }).click();
  return page.locator("#new-key").inputValue();
}

/** axe-core finds nothing (WCAG 2.2 AA and best practices) on the page as it stands. */
export async function accessible(page, where) {
  await page.evaluate(() => window.scrollTo(0, 0)); // what stands half under the page's head is not too small
  await page.evaluate(await axe);
  const violations = await page.evaluate(async () => {
    const result = await window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] });
    return result.violations.map((v) => `${v.id}: ${v.nodes.map((n) => `${n.target} ${n.failureSummary}`).join(" | ")}`);
  });
  assert.deepEqual(violations, [], `axe on ${where}`);
}

/** Keeps a picture in CLAVIGER_SHOTS, when that names a folder. */
export async function shot(page, name, options = {}) {
  const folder = process.env.CLAVIGER_SHOTS;
  if (!folder) return;
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), ...options });
}
