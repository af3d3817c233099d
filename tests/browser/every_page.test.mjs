// Every page, in light and dark, wide and narrow: axe-core finds nothing, the console is silent, nothing scrolls sideways.
import { test, before, after } from "node:test";
import assert from "node:assert/strict";
import { stat } from "node:fs/promises";
import { startServer, startBrowser, openPage, setUp, signIn, generate, accessible, shot } from "./support.mjs";

const LONG = "Nightly plate-reader import for the assay laboratory on the second floor, run by the scheduler at two";
const NOTE = "Supercalifragilisticexpialidocious-".repeat(7);
const VARIANTS = [];
for (const colorScheme of ["light", "dark"]) for (const width of [1280, 390]) VARIANTS.push({ colorScheme, width });

let server, browser, state, keys, setUpLink;
before(async () => {
  server = await startServer();
  browser = await startBrowser();
  setUpLink = await server.setUpLink();
});
after(async () => { await browser?.close(); await server?.stop(); });

/** Looks at the page as it stands, under its name. */
async function look(page, name, variant) {
  const where = `${name}-${variant.width}-${variant.colorScheme}`;
  await page.evaluate(() => document.fonts.ready);
  await shot(page, where);
  await accessible(page, where);
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.equal(overflow, 0, `${where} scrolls sideways by ${overflow}`);
}

const open = (variant, options = {}) =>
  openPage(browser, { colorScheme: variant.colorScheme, viewport: { width: variant.width, height: variant.width === 390 ? 844 : 900 }, reducedMotion: "reduce", ...options });

test("before anybody has an account", async () => {
  for (const variant of VARIANTS) {
    const { page, problems } = await open(variant);
    await page.goto(setUpLink);
    await look(page, "set-up", variant);
    await page.getByLabel("User name").fill("b ob");
    await page.getByLabel("Display name").fill("Bob");
    await page.getByLabel("Password", { exact: true }).fill("short");
    await page.getByLabel("Password again", { exact: true }).fill("shorter");
    await page.getByRole("button", { name: "Create administrator" }).click();
    await page.getByText("There is a problem").waitFor();
    assert.match(await page.title(), /^Error: /);
    await look(page, "set-up-mistakes", variant);
    assert.deepEqual(problems, []);
  }
});

test("a person without keys, and the pages for strangers", async () => {
  const { page, context } = await openPage(browser);
  await setUp(page, server);
  state = await context.storageState();
  for (const variant of VARIANTS) {
    const { page, problems } = await open(variant, { storageState: state });
    await page.goto(`${server.url}/external-tool-access`);
    await look(page, "keys-empty", variant);
    await page.goto(`${server.url}/external-tool-access?show=ended`);
    await look(page, "keys-ended-empty", variant);
    const stranger = await open(variant);
    await stranger.page.goto(`${server.url}/sign-in?ended=1`);
    await look(stranger.page, "sign-in", variant);
    await stranger.page.getByLabel("User name").fill("nobody");
    await stranger.page.getByLabel("Password", { exact: true }).fill("wrong");
    await stranger.page.getByRole("button", { name: "Sign in" }).click();
    await stranger.page.getByText("There is a problem").waitFor();
    await look(stranger.page, "sign-in-mistakes", variant);
    await stranger.page.goto(`${server.url}/nowhere`);
    await look(stranger.page, "not-found", variant);
    assert.deepEqual([...problems, ...stranger.problems], []);
  }
});

test("a person with keys in every state", async () => {
  const { page } = await openPage(browser, { storageState: state, permissions: [] });
  keys = {};
  const make = async (name, note) => {
    await page.goto(`${server.url}/external-tool-access`);
    const secret = await generate(page, { name, note });
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Close anyway" }).click();
    return secret.slice(4, 12);
  };
  const press = async (key, path, button) => {
    await page.goto(`${server.url}/external-tool-access/keys/${key}${path}`);
    await page.getByRole("button", { name: button }).click();
    await page.waitForURL(/external-tool-access$/);
  };
  keys.long = await make(LONG.slice(0, 100), NOTE.slice(0, 256));
  keys.disabled = await make("Bench laptop (old)", "");
  keys.revoked = await make("Jupyter on hpc-login2", "left the group");
  keys.plain = await make("RStudio on lab-ws-14", "own notebooks");
  await press(keys.disabled, "", "Disable");
  await press(keys.revoked, "/revoke", "Revoke key");
  const at = (path) => `${server.url}/external-tool-access${path}`;

  for (const variant of VARIANTS) {
    const { page, problems } = await open(variant, { storageState: state });
    const visit = async (name, url) => { await page.goto(url); await look(page, name, variant); };
    await visit("keys", at(""));
    await page.getByRole("button", { name: `Actions for key ${keys.plain}` }).click();
    await look(page, "keys-menu", variant);
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: /account menu/ }).click();
    await look(page, "account-menu", variant);
    await page.keyboard.press("Escape");
    if (variant.width === 390) {
      await page.getByRole("button", { name: "Menu", exact: true }).click();
      await look(page, "drawer", variant);
      await page.keyboard.press("Escape");
    }
    await page.getByRole("tab", { name: "Python" }).click();
    await page.locator("#use-python").scrollIntoViewIfNeeded();
    await look(page, "snippets", variant);
    await visit("keys-ended", at("?show=ended"));
    await visit("generate", at("/generate"));
    await page.getByLabel("Expires after").selectOption("date");
    await page.getByLabel("Date").fill("tomorow");
    await page.getByLabel("Name").fill("RStudio on lab-ws-14");
    await page.getByRole("button", { name: "Generate API Key" }).click();
    await page.getByText("There is a problem").waitFor();
    await look(page, "generate-mistakes", variant);
    await visit("key", at(`/keys/${keys.plain}`));
    await visit("key-long", at(`/keys/${keys.long}`));
    await visit("key-disabled", at(`/keys/${keys.disabled}`));
    await visit("key-revoked", at(`/keys/${keys.revoked}`));
    await visit("edit", at(`/keys/${keys.long}/edit`));
    await visit("revoke", at(`/keys/${keys.long}/revoke`));
    await visit("rotate-refused", at(`/keys/${keys.disabled}/rotate`));
    await visit("rotate", at(`/keys/${keys.plain}/rotate`));
    await page.getByRole("button", { name: "Rotate key" }).click();
    await page.getByRole("heading", { name: "Your new API key" }).waitFor();
    await look(page, "new-key", variant);
    const warning = await page.getByText("Copy it now.").boundingBox();
    assert.ok(warning.y + warning.height < page.viewportSize().height, "the warning is visible without scrolling");
    await page.keyboard.press("Escape");
    await look(page, "close-without-copying", variant);
    await page.getByRole("button", { name: "Close anyway" }).click();
    await visit("key-rotated", at(`/keys/${keys.plain}`));
    await visit("account", `${server.url}/account`);
    await page.getByLabel("Current password", { exact: true }).fill("not this one");
    await page.getByLabel("New password", { exact: true }).fill("short");
    await page.getByLabel("New password again", { exact: true }).fill("shorter");
    await page.getByRole("button", { name: "Change password" }).click();
    await page.getByText("There is a problem").waitFor();
    await look(page, "account-mistakes", variant);
    assert.deepEqual(problems, []);
  }
});

test("at 320 px and with text twice as large nothing scrolls sideways, with the fonts of the pages and before they came", async () => {
  for (const fonts of [true, false]) {
    const { page } = await openPage(browser, { storageState: state });
    if (!fonts) await page.route("**/*.woff2", (route) => route.abort());
    for (const path of ["/external-tool-access", "/external-tool-access?show=ended", "/external-tool-access/generate", `/external-tool-access/keys/${keys.long}`, "/account"]) {
      for (const [width, size] of [[320, "100%"], [640, "200%"]]) {
        await page.setViewportSize({ width, height: 700 });
        await page.goto(server.url + path);
        await page.evaluate((size) => { document.documentElement.style.fontSize = size; }, size);
        await page.evaluate(() => document.fonts.ready);
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        assert.equal(overflow, 0, `${path} at ${width} px and ${size}, ${fonts ? "with" : "without"} the fonts`);
      }
    }
  }
});

test("own lists fit their frames, and a new key fits a small screen", async () => {
  const { page } = await openPage(browser, { storageState: state });
  for (const width of [1280, 1440]) {
    await page.setViewportSize({ width, height: 800 });
    for (const path of ["/external-tool-access", "/external-tool-access?show=ended", "/account"]) {
      await page.goto(server.url + path);
      const beyond = await page.locator(".grid-scroll").evaluateAll((all) => all.map((one) => one.scrollWidth - one.clientWidth));
      assert.deepEqual(beyond.filter((pixels) => pixels > 0), [], `${path} at ${width} px: ${beyond}`);
    }
  }
  await page.setViewportSize({ width: 320, height: 700 });
  await page.goto(`${server.url}/external-tool-access`);
  await generate(page, { name: "for a small screen" });
  const cut = await page.locator("dialog").evaluate((dialog) => {
    const wide = [...dialog.querySelectorAll("*")].filter((one) => one.checkVisibility() && one.getBoundingClientRect().right > dialog.getBoundingClientRect().right + 0.5);
    return wide.map((one) => one.outerHTML.slice(0, 80));
  });
  assert.deepEqual(cut, []);
});

test("the appearance that a person chose holds against the system's", async () => {
  const { page } = await openPage(browser, { colorScheme: "light" });
  await signIn(page, server);
  await page.goto(`${server.url}/account`);
  await page.getByLabel("Dark").check();
  await page.getByRole("button", { name: "Save appearance" }).click();
  await page.getByText("Appearance: Dark.").waitFor();
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  assert.equal(await background(), "rgb(14, 18, 23)");
  await page.getByRole("button", { name: /account menu/ }).click();
  await page.locator("#user-menu").getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in to Claviger" }).waitFor();
  assert.equal(await background(), "rgb(14, 18, 23)", "the sign-in page remembers it");
});

test("the first page is light: under 120 KB over the wire, own styles under 45 KB, scripts under 12 KB", async () => {
  const { page } = await openPage(browser);
  let total = 0;
  const sizes = {};
  page.on("response", async (response) => {
    const { responseHeadersSize, responseBodySize } = await response.request().sizes();
    total += responseHeadersSize + responseBodySize;
    const body = await response.body().catch(() => Buffer.alloc(0));
    if (/\/app\.[0-9a-f]+\.(css|js)/.test(response.url())) sizes[response.url().split(".").pop()] = body.length;
  });
  await signIn(page, server);
  await page.waitForLoadState("networkidle");
  assert.ok(total > 50_000 && total < 120_000, `${total} bytes`); // of two pages: signing in and own keys
  // Styles come in one file with what they build on.
  const { size: bootstrap } = await stat(new URL("../../static/vendor/bootstrap-5.3.8.min.css", import.meta.url));
  const own = sizes.css - bootstrap;
  assert.ok(own > 0 && own < 45_000 && sizes.js < 12_000, JSON.stringify({ own, ...sizes }));
});
