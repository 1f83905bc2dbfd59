// The JavaScript client in Chromium over each transport, behind a network that breaks. Usage: node transports.mjs URL, with the
// browser's path in CHROMIUM and, to run some of the steps only, a pattern of their names in STEPS. The server's heartbeat has to be short, so that a silent network is noticed soon.
import { deepEqual, equal, ok } from "node:assert/strict";
import { setTimeout } from "node:timers/promises";
import { chromium } from "playwright-core";
import { proxy } from "./proxy.mjs";

const port = Number(new URL(process.argv[2]).port);
const PATIENCE = 40_000;
const WEBSOCKET = /\/realtime\/ws/;
const STREAMS = /\/realtime\/(ws|sse)/;

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-gpu", "--disable-quic", "--disable-sync", "--no-first-run"],
});
const networks = [];

/** A client in a window of its own, behind a network of its own. */
async function client(room, options = {}) {
  const network = await proxy(port);
  networks.push(network);
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${network.url}/realtime/info`); // Any page of the same origin.
  await page.evaluate(
    async ([name, options]) => {
      const { Realtime } = await import("/realtime/client/realtime.js");
      const cookie = name => document.cookie.split("; ").find(c => c.startsWith(name + "="))?.slice(name.length + 1);
      const headers = () => ({ "X-XSRF-TOKEN": cookie("XSRF-TOKEN") });
      const rt = new Realtime({ headers, patience: 60_000, ...options });
      const room = rt.room(name);
      const it = (window.it = { rt, room, said: [], again: [], joins: [], states: [], gaps: [], outcomes: [] });
      const say = n => (it.said.includes(n) ? it.again.push(n) : it.said.push(n));
      room.onJoin(({ state, recovered }) => {
        it.joins.push(recovered);
        if (!recovered) {
          // The state may hold what comes as an event right after it.
          it.said = [...state];
        }
      });
      room.on("said", ({ n }) => say(n));
      room.onGap(reason => it.gaps.push(reason));
      room.onLeft(error => it.states.push(error.code));
      rt.on("state", (state, { error }) => it.states.push(state + (error ? " " + error.details?.closeCode : "")));
      it.say = n => room.publish("say", { n }).then(() => it.outcomes.push(n), e => it.outcomes.push(`${n}: ${e.code} ${e.message}`));
    },
    [room, options],
  );
  const it = {
    network,
    page,
    context,
    see: read => page.evaluate(read),
    say: (...all) => page.evaluate(all => void all.forEach(window.it.say), all),
    /** Waits until what `read` sees in the window is `expected`. */
    async until(read, expected, what) {
      const end = Date.now() + PATIENCE;
      for (;;) {
        const seen = await page.evaluate(read);
        if (JSON.stringify(seen) === JSON.stringify(expected)) {
          return;
        }
        if (Date.now() > end) {
          const all = await page.evaluate(() => JSON.stringify({ ...window.it, rt: [window.it.rt.state, window.it.rt.transport], room: 0 }));
          deepEqual(seen, expected, `${what}; the window has ${all}`);
        }
        await setTimeout(20);
      }
    },
    state: state => it.until("window.it.rt.state", state, "state"),
    transport: name => it.until("window.it.rt.transport + ' ' + window.it.rt.state", name + " connected", "transport"),
    heard: all => it.until("window.it.said", all, "what was said"),
    done: count => it.until("window.it.outcomes.length", count, "outcomes"),
    async end() {
      await page.evaluate(() => window.it.rt.close());
      await context.close();
      network.close();
    },
  };
  return it;
}

const range = (from, to, tag) => Array.from({ length: to - from }, (_, i) => `${tag}${from + i}`);
// Other runs may have been at this server before.
const place = `lab:${process.pid}-${Date.now()}`;
let rooms = 0;

async function step(name, run) {
  if (!name.match(process.env.STEPS || "")) {
    return;
  }
  const start = Date.now();
  await run(`${place}-${++rooms}`);
  console.log(`ok - ${name} (${Date.now() - start} ms)`);
}

async function forced(transport) {
  const transports = [transport];

  await step(`${transport}: two clients hear everything in order, and acks come back`, async name => {
    const [a, b] = await Promise.all([client(name, { transports }), client(name, { transports })]);
    await Promise.all([a.transport(transport), b.transport(transport)]);
    await Promise.all([a, b].map(c => c.until("window.it.joins.length", 1, "joins")));
    const all = range(0, 50, "n");
    await a.say(...all);
    await Promise.all([a.heard(all), b.heard(all), a.done(50)]);
    deepEqual(await a.see("window.it.outcomes"), all);
    deepEqual(await b.see("window.it.again"), []);
    await Promise.all([a.end(), b.end()]);
  });

  await step(`${transport}: the network is cut and restored, and nothing is lost or doubled`, async name => {
    const [a, b] = await Promise.all([client(name, { transports }), client(name, { transports })]);
    await Promise.all([a, b].map(c => c.until("window.it.joins.length", 1, "joins")));
    await a.say("before");
    await b.heard(["before"]);
    b.network.cut();
    await b.state("waiting");
    await a.say(...range(0, 10, "missed "));
    await a.done(11);
    await b.say("written offline");
    equal(await b.see("window.it.room.send('say', { n: 'dropped' })"), false);
    b.network.restore();
    await b.done(1);
    await a.say("after");
    const all = ["before", ...range(0, 10, "missed "), "written offline", "after"];
    await Promise.all([a.heard(all), b.heard(all)]);
    deepEqual(await b.see("window.it.outcomes"), ["written offline"]);
    deepEqual(await b.see("[window.it.joins, window.it.again, window.it.gaps]"), [[false, true], [], []]);
    await Promise.all([a.end(), b.end()]);
  });

  await step(`${transport}: a network that hangs is noticed and left`, async name => {
    const a = await client(name, { transports });
    await a.until("window.it.joins.length", 1, "joins");
    a.network.pause();
    await a.state("waiting");
    ok((await a.see("window.it.states")).includes("waiting 4504"), await a.see("window.it.states.join()"));
    a.network.cut();
    a.network.restore();
    await a.say("after");
    await a.heard(["after"]);
    await a.end();
  });

  await step(`${transport}: cut again and again while both speak, nothing is lost or doubled`, async name => {
    const [a, b] = await Promise.all([client(name, { transports }), client(name, { transports })]);
    await Promise.all([a, b].map(c => c.until("window.it.joins.length", 1, "joins")));
    const all = range(0, 40, "n");
    for (let i = 0; i < 8; i++) {
      await a.say(...all.slice(5 * i, 5 * i + 5));
      b.network.cut();
      await setTimeout(30);
      b.network.restore();
      await a.done(5 * i + 5);
    }
    await Promise.all([a.heard(all), b.heard(all)]);
    await Promise.all([a.end(), b.end()]);
  });
}

async function scenario() {
  await forced("websocket");
  await forced("sse");
  await forced("poll");

  await step("other rooms join and leave over SSE while the first one goes on", async name => {
    const [a, b] = await Promise.all([client(name), client(name, { transports: ["sse"] })]);
    await Promise.all([a, b].map(c => c.until("window.it.joins.length", 1, "joins")));
    const all = range(0, 60, "n");
    for (let i = 0; i < 6; i++) {
      await a.say(...all.slice(10 * i, 10 * i + 10));
      await b.page.evaluate(i => (i % 2 ? window.other.leave() : void (window.other = window.it.rt.room(window.it.room.name + "-other" + i))), i);
      await a.done(10 * i + 10);
    }
    await b.heard(all);
    deepEqual(await b.see("window.it.states"), ["connected"]);
    await Promise.all([a.end(), b.end()]);
  });

  await step("where WebSockets are blocked the client is connected over SSE, and comes back to WebSocket without a loss", async name => {
    const [a, b] = await Promise.all([client(name), client(name, { transports: ["poll"] })]);
    a.network.block(WEBSOCKET);
    await a.page.evaluate(() => (window.it.rt.close(), window.it.rt.connect()));
    await a.transport("sse");
    await b.say("over SSE");
    await a.heard(["over SSE"]);
    a.network.restore();
    const all = ["over SSE"];
    for (let i = 0; (await a.see("window.it.rt.transport")) !== "websocket"; i++) {
      ok(i < 400, "tries the better transport");
      all.push("n" + i);
      await b.say("n" + i);
      await a.say();
      await setTimeout(50);
    }
    all.push("over WebSocket");
    await b.say("over WebSocket");
    await b.done(all.length);
    await Promise.all([a.heard(all), b.heard(all)]);
    ok(!(await a.see("window.it.states")).slice(-1)[0].startsWith("waiting"));
    await Promise.all([a.end(), b.end()]);
  });

  await step("where streams are blocked too the client is connected by polling, and comes back to a better transport", async name => {
    const a = await client(name);
    a.network.block(STREAMS);
    await a.page.evaluate(() => (window.it.rt.close(), window.it.rt.connect()));
    await a.transport("poll");
    await a.say("by poll");
    await a.heard(["by poll"]);
    a.network.restore();
    await a.until("window.it.rt.transport === 'poll'", false, "a better transport");
    await a.say("later");
    await a.heard(["by poll", "later"]);
    await a.end();
  });

  await step("a browser that goes offline and online has everything", async name => {
    const transports = [["websocket"], ["sse"], ["poll"]];
    const all = await Promise.all(transports.map(t => client(name, { transports: t })));
    await Promise.all(all.map(c => c.until("window.it.joins.length", 1, "joins")));
    const talker = await client(name);
    await talker.until("window.it.joins.length", 1, "joins");
    await Promise.all(all.map(c => c.context.setOffline(true)));
    await talker.say(...range(0, 5, "n"));
    await talker.done(5);
    await setTimeout(1_000);
    await Promise.all(all.map(c => c.context.setOffline(false)));
    await Promise.all(all.map(c => c.heard(range(0, 5, "n"))));
    await Promise.all([talker, ...all].map(c => c.end()));
  });
}

let failed = false;
try {
  await scenario();
} catch (e) {
  failed = true;
  console.log(e.stack);
} finally {
  networks.forEach(n => n.close());
  await browser.close();
}
process.exitCode = failed ? 1 : 0;
