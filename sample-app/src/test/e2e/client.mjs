// The JavaScript client as the server serves it, over npm's ws alone. Usage: node client.mjs URL, with the server's session
// window in milliseconds in WINDOW and a directory for the served file in TARGET.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { afterEach, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import WebSocket from "ws";

const url = process.argv[2];
const window = Number(process.env.WINDOW);
const file = `${process.env.TARGET}/realtime.mjs`;
writeFileSync(file, await (await fetch(`${url}/realtime/client/realtime.js`)).text());
const { Realtime } = await import(file);

let network = true;
class Socket extends WebSocket {
  constructor(address, protocols) {
    super(network ? address : "ws://127.0.0.1:1/", protocols);
  }
}

const clients = [];
afterEach(() => {
  network = true;
  clients.splice(0).forEach(rt => rt.close());
});

let rooms = 0;
/** An eager one comes back before the short window of these tests is over, whatever the backoff is by then. */
function client({ name = "lab:" + ++rooms, eager = false } = {}) {
  const rt = new Realtime({ url: `${url}/realtime`, transports: ["websocket"], WebSocket: Socket });
  clients.push(rt);
  const closes = [];
  rt.on("state", (state, { error }) => error && closes.push(error.details.closeCode));
  if (eager) {
    rt.on("state", state => state === "waiting" && network && setTimeout(50).then(() => rt.connect()));
  }
  const room = rt.room(name);
  const joins = [];
  const ran = [];
  room.onJoin(j => joins.push(j));
  room.on("ran", ({ n }) => ran.push(n));
  return { rt, room, closes, joins, ran };
}

const until = async condition => {
  const end = Date.now() + 30_000;
  while (!condition()) {
    assert.ok(Date.now() < end, "waited in vain for " + condition);
    await setTimeout(5);
  }
};

const runs = async ({ room }, n) => (await room.publish("runs")).data[n];

test("commands are acknowledged, their events reach both clients in order", async () => {
  const a = client();
  const b = client({ name: a.room.name });
  await until(() => a.joins.length && b.joins.length);
  const all = Array.from({ length: 50 }, (_, i) => "order " + i);
  const acks = await Promise.all(all.map(n => a.room.publish("run", { n })));
  assert.equal(new Set(acks.map(ack => ack.event)).size, all.length);
  await until(() => a.ran.length === all.length && b.ran.length === all.length);
  assert.deepEqual(a.ran, all);
  assert.deepEqual(b.ran, all);
});

test("after each close that asks for it the client is back in its room", async () => {
  const codes = [1001, 1011, 1012, 1013, 4500, 4503];
  await Promise.all(
    codes.map(async code => {
      const a = client();
      await until(() => a.joins.length);
      a.room.send("close", { code });
      await until(() => a.joins.length === 2);
      assert.deepEqual(a.closes, [code]);
      assert.equal(a.joins[1].rejoined, true);
      await a.room.publish("run", { n: "after " + code });
      await until(() => a.ran.includes("after " + code));
    }),
  );
});

test("a close that forbids it stops the client", async () => {
  const a = client();
  await until(() => a.joins.length);
  a.room.send("close", { code: 4403 });
  await until(() => a.rt.state === "closed");
  assert.deepEqual(a.closes, [4403]);
});

test("over several windows a client is the same one: commands whose acks are lost run once", async () => {
  const a = client({ eager: true });
  await until(() => a.joins.length);
  const start = Date.now();
  for (let i = 0; Date.now() - start < 3 * window; i++) {
    const ack = await a.room.publish("swallow", { n: "lost " + i });
    assert.ok(ack.event);
    assert.equal(await runs(a, "lost " + i), 1);
    await setTimeout(window / 2); // The window has to pass while the connection lives.
  }
  assert.ok(a.closes.length > 2);
});

test("who was away for longer than a window is a new client from then on, and keeps being that one", async () => {
  const a = client({ eager: true });
  await until(() => a.joins.length);
  network = false;
  a.room.send("close", { code: 1012 });
  await until(() => a.rt.state === "waiting");
  await setTimeout(1.5 * window); // The server has to forget the client.
  network = true;
  a.rt.connect();
  await until(() => a.joins.length === 2);
  await a.room.publish("swallow", { n: "after a long time" });
  assert.equal(await runs(a, "after a long time"), 1);
});
