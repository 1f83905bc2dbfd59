// The built client against a server process over real sockets, with real time.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { after, afterEach, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import WebSocket from "ws";
import { Realtime } from "../dist/realtime.js";

let server;
let url;

before(async () => {
  server = spawn(process.execPath, [fileURLToPath(new URL("server.mjs", import.meta.url))], { stdio: ["ignore", "pipe", "inherit", "ipc"] });
  const [port] = await once(server.stdout, "data");
  url = `http://127.0.0.1:${String(port).trim()}/realtime`;
});
after(() => server.kill());

const clients = [];
afterEach(() => clients.splice(0).forEach(rt => rt.close()));

function client(options = {}) {
  const rt = new Realtime({ url, WebSocket, ...options });
  clients.push(rt);
  const states = [];
  rt.on("state", (state, info) => states.push([state, info.error?.details?.closeCode]));
  const room = rt.room("lab");
  const joins = [];
  const events = [];
  room.onJoin(j => joins.push(j));
  room.on("echoed", data => events.push(data.n));
  return { rt, room, states, joins, events };
}

const until = async condition => {
  const end = Date.now() + 10_000;
  while (!condition()) {
    assert.ok(Date.now() < end, "waited in vain for " + condition);
    await new Promise(r => setTimeout(r, 5));
  }
};

test("two clients exchange events, in order, with acks", async () => {
  const a = client();
  const b = client();
  await until(() => a.joins.length && b.joins.length);
  const acks = await Promise.all(Array.from({ length: 100 }, (_, i) => a.room.publish("echo", { n: "x" + i })));
  assert.equal(acks.length, 100);
  assert.ok(acks[0].event && acks[0].cursor);
  await until(() => b.events.length === 100);
  assert.deepEqual(b.events, Array.from({ length: 100 }, (_, i) => "x" + i));
});

test("a command whose ack was lost runs once and is acknowledged after the reconnect", async () => {
  const a = client();
  const ack = await a.room.publish("swallow", { n: "once" });
  assert.ok(ack.event);
  const { data: runs } = await a.room.publish("runs");
  assert.equal(runs.once, 1);
  assert.deepEqual(a.states.map(s => s[0]), ["connecting", "connected", "waiting", "connecting", "connected"]);
  assert.deepEqual(a.joins.map(j => j.rejoined), [false, true]);
});

test("what was missed while away is replayed and nothing comes twice", async () => {
  const a = client();
  const b = client();
  await until(() => a.joins.length && b.joins.length);
  await a.room.publish("echo", { n: "seen" });
  await until(() => b.events.includes("seen"));
  b.room.send("close", { code: 1001 });
  await until(() => b.rt.state !== "connected");
  await a.room.publish("echo", { n: "missed 1" });
  await a.room.publish("echo", { n: "missed 2" });
  await until(() => b.events.includes("missed 2"));
  assert.equal(b.joins.at(-1).recovered, true);
  assert.deepEqual(b.events.slice(-3), ["seen", "missed 1", "missed 2"]);
});

test("a silent server is noticed and left with 4504", async () => {
  const a = client();
  await until(() => a.joins.length);
  a.room.send("mute");
  await until(() => a.joins.length === 2);
  assert.deepEqual(a.states[2], ["waiting", 4504]);
});

test("a quiet but living connection stays", async () => {
  const a = client();
  await until(() => a.joins.length);
  await new Promise(r => setTimeout(r, 1200));
  assert.deepEqual(a.states.map(s => s[0]), ["connecting", "connected"]);
});

test("a refused token is exchanged once", async () => {
  const a = client({ token: refused => (refused ? "alice" : "expired") });
  await until(() => a.joins.length);
  assert.equal(a.rt.user, "alice");
  const b = client({ token: () => "expired" });
  await until(() => b.rt.state === "closed");
  assert.deepEqual(b.states.at(-1), ["closed", 4401]);
});

test("a policy close stops the client and tells why", async () => {
  const a = client();
  await until(() => a.joins.length);
  const lost = a.room.publish("close", { code: 4403, reason: "no more" });
  await assert.rejects(lost, { code: "closed", message: "closed 4403 no more" });
  assert.equal(a.rt.state, "closed");
});

test("nobody listening: waits and tries again", async () => {
  const { rt } = client({ url: "http://127.0.0.1:1/realtime" });
  await until(() => rt.state === "waiting");
});
