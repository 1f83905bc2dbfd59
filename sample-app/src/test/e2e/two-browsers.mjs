// alice, bob and carol use the sample, each with a browser of their own. Usage: node two-browsers.mjs URL, with
// the browser's path in CHROMIUM; SCREENSHOTS names a directory for the README's pictures, TARGET one for pictures of what
// the people saw when a step failed.
import { deepEqual, ok } from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { chromium } from "playwright-core";

const url = process.argv[2];
const { CHROMIUM, SCREENSHOTS, TARGET } = process.env;
const PATIENCE = 30_000;

const browser = await chromium.launch({
  executablePath: CHROMIUM,
  args: [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
  ],
});
const people = [];
const complaints = [];
let expected; // what the browser may complain about for now

/** A person with a browser that has no cookies yet. Whatever the browser complains about fails the run. */
async function person(name, more) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 800 }, locale: "en-GB", ...more });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const who = { name, context, page };
  watch(who, page);
  people.push(who);
  return who;
}

function watch(who, page) {
  const complain = text => {
    if (!expected?.test(text)) {
      complaints.push(`${who.name}: ${text}`);
    }
  };
  page.on("console", m => ["error", "warning"].includes(m.type()) && complain(m.text()));
  page.on("pageerror", e => complain(e.stack));
  page.on("response", r => r.status() >= 400 && complain(`${r.status()} ${r.url()}`));
}

async function step(name, run) {
  await run();
  deepEqual(complaints, [], "the browser complained");
  console.log(`ok - ${name}`);
}

const text = selector => page => page.locator(selector).allInnerTexts().then(all => all.map(t => t.trim()));
const messages = text("#items .bubble");
const members = text("#members .member span:not(.avatar)");

/** Waits until what `read` sees of the person's page is `expected`; while a page is replaced there is nothing to read. */
async function sees({ name, page }, read, expected, what) {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const seen = await read(page).catch(e => e.message);
    if (isDeepStrictEqual(seen, expected) || Date.now() > end) {
      return deepEqual(seen, expected, `${name}'s ${what}: ${JSON.stringify(seen)} instead of ${JSON.stringify(expected)}`);
    }
    await setTimeout(20);
  }
}

/** A headless browser shows every page all the time: the page is told otherwise. */
const look = (page, looks) =>
  page.evaluate(hidden => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
    document.dispatchEvent(new Event("visibilitychange"));
  }, !looks);

const shows = ({ page }, selector, state = "visible") => page.locator(selector).first().waitFor({ state });

async function signIn({ name, page }, password = "demo") {
  await page.fill("[name=username]", name);
  await page.fill("[name=password]", password);
  await page.click("[type=submit]");
}

const live = who => shows(who, "#link[data-state=connected]");

async function say({ page }, line) {
  await page.fill("#text", line);
  await page.press("#text", "Enter");
}

/** The server closes all connections of a user, through the actuator and as the signed-in person. */
async function cut({ page }, user, statuses = [200]) {
  const { headerName, token } = await (await page.request.get(`${url}/csrf`)).json();
  const answer = await page.request.delete(`${url}/actuator/realtime/users/${user}?code=1012`, { headers: { [headerName]: token } });
  ok(statuses.includes(answer.status()), `${answer.status()} ${await answer.text()}`);
}

const connection = page => page.locator("#link").getAttribute("title");

async function scenario() {
  const alice = await person("alice");
  const bob = await person("bob", { colorScheme: "dark" });
  const carol = await person("carol");
  const both = [alice, bob];
  const said = [];
  const hear = async (who, ...lines) => {
    for (const line of lines) {
      await say(who, line);
      said.push(line);
    }
    await Promise.all(both.map(p => sees(p, messages, said, "messages")));
  };
  const marks = (who, n, mark) => sees(who, text(".message.mine .receipt"), Array(n).fill(mark), "receipts");

  await step("without a login the page leads to the form, which refuses a wrong password readably", async () => {
    await alice.page.goto(url);
    ok(alice.page.url().endsWith("/login.html"), alice.page.url());
    await signIn(alice, "wrong");
    await sees(alice, text("#message"), ["That name and password do not go together."], "login message");
  });

  await step("alice and bob sign in with the form and see each other", async () => {
    await signIn(alice);
    await live(alice);
    await sees(alice, members, ["alice"], "members");
    await bob.page.goto(url);
    await signIn(bob);
    await live(bob);
    await sees(alice, members, ["alice", "bob"], "members");
    await sees(bob, members, ["bob", "alice"], "members");
    await sees(bob, text("#project"), ["Apollo"], "project");
  });

  await step("messages go both ways, each with its receipt", async () => {
    await hear(alice, "Good morning!", "Did the release pass?");
    await marks(alice, 2, "delivered to 2 of 2");
    await hear(bob, "It did. <b>Everything</b> is green & fast");
    await marks(bob, 1, "delivered to 2 of 2");
    await alice.page.hover(".message.mine .receipt");
    await sees(alice, text("#receipt-card b"), ["2 of 2 connections"], "receipt");
    await alice.page.mouse.move(0, 0);
    await shows(alice, "#receipt-card", "hidden");
  });

  await step("typing shows while bob types, and goes when he stops or sends", async () => {
    await bob.page.locator("#text").pressSequentially("Hm");
    await sees(alice, text("#typing"), ["bob is typing"], "typing line");
    await sees(alice, text("#typing"), [""], "typing line");
    await bob.page.locator("#text").pressSequentially("m");
    await sees(alice, text("#typing"), ["bob is typing"], "typing line");
    await bob.page.press("#text", "Enter");
    said.push("Hmm");
    await sees(alice, text("#typing"), [""], "typing line");
    await Promise.all(both.map(p => sees(p, messages, said, "messages")));
  });

  await step("a notice reaches both", async () => {
    await alice.page.click("#as-notice");
    await say(alice, "Staging restarts at noon");
    await Promise.all(both.map(p => sees(p, text("#items .notice p"), ["Staging restarts at noon"], "notices")));
  });

  await step("an approval is asked for by one and decided by the other", async () => {
    await alice.page.fill("#title", "Release 0.1");
    await alice.page.press("#title", "Enter");
    await shows(bob, ".approval.open button");
    await sees(alice, text(".approval"), ["Release 0.1\n\nYou asked. Waiting for somebody else."], "approval");
    await bob.page.click(".approval button.primary");
    await Promise.all(both.map(p => sees(p, text(".approval .verdict"), ["Approved by bob"], "verdict")));
    await bob.page.fill("#title", "A holiday");
    await bob.page.press("#title", "Enter");
    await alice.page.click(".approval button:not(.primary)");
    await Promise.all(both.map(p => sees(p, text(".approval .verdict"), ["Rejected by alice", "Approved by bob"], "verdicts")));
  });

  await step("carol is refused in a project that is not hers, and finds her own", async () => {
    await carol.page.goto(url);
    await signIn(carol);
    await live(carol);
    await sees(carol, text("#project"), ["Borealis"], "project");
    await carol.page.goto(`${url}/?project=42`);
    await sees(carol, text("#empty-title"), ["Not your project"], "page");
    await sees(carol, messages, [], "messages");
    await carol.page.click(".projects a[href='?project=44']");
    await sees(carol, members, ["carol"], "members");
    await sees(alice, members, ["alice", "bob"], "members");
  });

  await step("the member list follows who goes elsewhere and comes back", async () => {
    await bob.page.click(".projects a[href='?project=44']");
    await sees(bob, members, ["bob", "carol"], "members");
    await sees(carol, members, ["carol", "bob"], "members");
    await sees(alice, members, ["alice"], "members");
    await bob.page.click(".projects a[href='?project=42']");
    await sees(alice, members, ["alice", "bob"], "members");
    await sees(carol, members, ["carol"], "members");
    await sees(bob, messages, said, "messages");
  });

  await step("a second window of the same person is no second member", async () => {
    const window = { name: "alice's second window", page: await alice.context.newPage() };
    watch(alice, window.page);
    await window.page.goto(url);
    await sees(window, messages, said, "messages");
    await hear(bob, "Three windows now");
    await sees(window, messages, said, "messages");
    await sees(bob, text(".message.mine:last-child .receipt"), ["delivered to 3 of 3"], "receipt");
    await sees(bob, members, ["bob", "alice"], "members");
    await sees(alice, text("#served"), await text("#served")(bob.page), "process");
    ok(/served by process \d+ on port \d+$/.test((await text("#served")(alice.page))[0]));
    for (const page of [alice.page, window.page]) {
      await sees(bob, text("#members .member small"), ["you"], "members");
      await look(page, false);
    }
    await sees(bob, text("#members .member small"), ["you", "away"], "members");
    await look(window.page, true);
    await sees(bob, text("#members .member small"), ["you"], "members");
    await look(alice.page, true);
    await window.page.close();
    await sees(alice, members, ["alice", "bob"], "members");
  });

  await step("bob reloads the page and has everything, once", async () => {
    await bob.page.reload();
    await sees(bob, messages, said, "messages");
    await sees(bob, text(".approval .verdict"), ["Rejected by alice", "Approved by bob"], "verdicts");
    await sees(alice, members, ["alice", "bob"], "members");
    await hear(alice, "Welcome back");
  });

  await step("bob's connection is cut by the server and he is back by himself, with everything, once", async () => {
    const before = await connection(bob.page);
    await cut(alice, "bob");
    await hear(alice, "Are you there?");
    await bob.page.waitForFunction(old => {
      const { state } = document.getElementById("link").dataset;
      return state === "connected" && document.getElementById("link").title !== old;
    }, before);
    await hear(bob, "Never was away");
    await sees(alice, members, ["alice", "bob"], "members");
  });

  await step("bob is offline for a while, writes meanwhile, and nothing is lost or doubled", async () => {
    expected = /ERR_INTERNET_DISCONNECTED/;
    await bob.context.setOffline(true);
    await cut(alice, "bob", [200, 404]); // A browser may end its sockets by itself when it goes offline.
    await shows(bob, "#link[data-state=waiting]");
    await sees(alice, members, ["alice"], "members");
    await say(alice, "One while you are away");
    await say(alice, "Two while you are away");
    await sees(alice, messages, [...said, "One while you are away", "Two while you are away"], "messages");
    await say(bob, "Written in a tunnel");
    await shows(bob, ".message.pending");
    await bob.context.setOffline(false);
    await live(bob);
    expected = undefined;
    said.push("One while you are away", "Two while you are away", "Written in a tunnel");
    await Promise.all(both.map(p => sees(p, messages, said, "messages")));
    await sees(bob, text(".message.mine:last-child .receipt"), ["delivered to 2 of 2"], "receipt");
    await shows(bob, ".message.pending", "detached");
    await hear(alice, "Good to have you back");
  });

  await step("where there are no WebSockets, a window chats all the same", async () => {
    const window = { name: "alice's old window", page: await alice.context.newPage() };
    watch(alice, window.page);
    await window.page.addInitScript(() => delete globalThis.WebSocket);
    await window.page.goto(url);
    await live(window);
    await sees(window, messages, said, "messages");
    await say(window, "Sent by POST");
    said.push("Sent by POST");
    await Promise.all([...both, window].map(p => sees(p, messages, said, "messages")));
    await hear(bob, "Heard over SSE");
    await sees(window, messages, said, "messages");
    await window.page.close();
    await sees(alice, members, ["alice", "bob"], "members");
  });

  if (SCREENSHOTS) {
    await step("pictures", () => pictures(alice, bob, carol));
  }

  await step("signing out ends the session in every window", async () => {
    const other = await alice.context.newPage();
    watch(alice, other);
    await other.goto(`${url}/?project=7`);
    await other.waitForSelector("#link[data-state=connected]");
    await alice.page.click("#logout button");
    await alice.page.waitForURL(/login\.html\?logout$/);
    await sees(alice, text("#message"), ["You are signed out."], "login message");
    await other.waitForURL(/login\.html$/);
    await sees(bob, members, SCREENSHOTS ? ["bob", "carol"] : ["bob"], "members");
    await alice.page.goto(url);
    ok(alice.page.url().endsWith("/login.html"), alice.page.url());
  });

  await step("who has lost the login is led to the form, not to endless attempts", async () => {
    expected = /\b401\b/;
    await bob.context.clearCookies();
    await cut(carol, "bob");
    await bob.page.waitForURL(/login\.html$/);
  });
}

/** Both windows in the same lively moment. */
async function pictures(alice, bob, carol) {
  const everybody = [bob, alice, carol];
  for (const who of everybody) {
    await who.page.goto(`${url}/?project=44`);
    await live(who);
  }
  await sees(alice, members, ["alice", "bob", "carol"], "members");
  await look(carol.page, false);
  await sees(alice, text("#members .member small"), ["you", "away"], "members");
  await say(alice, "Morning! The last review is through, everything is merged.");
  await sees(bob, async page => (await messages(page)).length, 1, "messages");
  await say(bob, "Great. The notes for the release are written too.");
  await sees(alice, async page => (await messages(page)).length, 2, "messages");
  await alice.page.click("#as-notice");
  await say(alice, "Staging restarts at 14:00. Your page reconnects by itself.");
  await shows(bob, ".notice");
  await say(bob, "Shall we put it in front of the testers today?");
  await sees(alice, async page => (await messages(page)).length, 3, "messages");
  await alice.page.fill("#title", "Release 0.1 to the testers");
  await alice.page.press("#title", "Enter");
  await bob.page.click(".approval button.primary");
  await shows(alice, ".approval .verdict");
  await bob.page.fill("#title", "A second server for the load tests");
  await bob.page.press("#title", "Enter");
  await shows(alice, ".approval.open");
  await say(alice, "Thanks! It is on its way. 🎉");
  await sees(bob, async page => (await messages(page)).length, 4, "messages");
  for (const { page } of everybody) {
    await page.mouse.move(0, 0);
  }
  await bob.page.locator("#text").pressSequentially("And the documentation");
  await sees(alice, text("#typing"), ["bob is typing"], "typing line");
  mkdirSync(SCREENSHOTS, { recursive: true });
  for (const { name, page } of [alice, bob]) {
    await page.screenshot({ path: `${SCREENSHOTS}/two-browsers-${name}.png`, animations: "disabled", caret: "initial" });
  }
}

let failed = false;
try {
  await scenario();
} catch (e) {
  failed = true;
  console.log(e.stack);
  console.log(`complaints: ${JSON.stringify(complaints, undefined, 2)}`);
  for (const { name, page } of people) {
    await page.screenshot({ path: `${TARGET}/failed-${name}.png` }).catch(() => {});
  }
} finally {
  await browser.close();
}
process.exitCode = failed ? 1 : 0;
