import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { Realtime } from "../dist/realtime.js";
import { advance, fakeWorld, FakeSocket, outcome, realWorld, settle } from "./support.mjs";

const url = "http://chat.example/realtime";

let states;

async function connected(options = {}) {
  const rt = new Realtime({ url, transports: ["websocket"], ...options });
  states = [];
  rt.on("state", (state, info) => states.push({ state, ...info }));
  const room = rt.room("project:42");
  await settle();
  FakeSocket.last.welcome();
  return { rt, room, socket: FakeSocket.last };
}

beforeEach(fakeWorld);
afterEach(realWorld);

test("opens with the first room, on the WebSocket path of the base URL, with the protocol's name", async () => {
  const rt = new Realtime({ url });
  await advance(60_000);
  assert.equal(rt.state, "idle");
  assert.equal(FakeSocket.all.length, 0);
  rt.room("project:42");
  await settle();
  assert.equal(rt.state, "connecting");
  assert.equal(FakeSocket.last.url, "ws://chat.example/realtime/ws");
  assert.deepEqual(FakeSocket.last.protocols, ["realtime.v1.json"]);
});

test("takes the page's origin by default and turns https into wss", async () => {
  globalThis.location = { href: "https://shop.example:8443/deep/page?x=1#y" };
  try {
    new Realtime().room("a");
    new Realtime({ url: "/live/" }).room("a");
    await settle();
    assert.deepEqual(FakeSocket.all.map(s => s.url), ["wss://shop.example:8443/realtime/ws", "wss://shop.example:8443/live/ws"]);
  } finally {
    delete globalThis.location;
  }
});

test("offers a bearer token as second subprotocol, base64url without padding, UTF-8", async () => {
  new Realtime({ url, token: async () => "häder.~~>?" }).room("a");
  await settle();
  const [protocol, bearer] = FakeSocket.last.protocols;
  assert.equal(protocol, "realtime.v1.json");
  assert.match(bearer, /^realtime\.bearer\.[A-Za-z0-9_-]+$/);
  assert.equal(Buffer.from(bearer.slice("realtime.bearer.".length), "base64url").toString(), "häder.~~>?");
});

test("walks from connecting to connected with the welcome and knows connection and user", async () => {
  const { rt } = await connected();
  assert.equal(rt.state, "connected");
  assert.equal(rt.connectionId, "c1");
  assert.equal(rt.user, "alice");
  assert.deepEqual(states.map(s => s.state), ["connecting", "connected"]);
});

test("says hello with the session on every connection but the first", async () => {
  const { socket } = await connected();
  assert.equal(socket.sent[0].type, "join");
  socket.end(1006);
  await advance(20_000);
  FakeSocket.last.open();
  assert.deepEqual(FakeSocket.last.sent, [{ type: "hello", session: "s1" }]);
  FakeSocket.last.receive({ type: "welcome", protocol: 1, connection: "c2", session: "s2" });
  FakeSocket.last.end(1006);
  await advance(20_000);
  FakeSocket.last.open();
  assert.deepEqual(FakeSocket.last.sent, [{ type: "hello", session: "s1" }], "the server may not have read the hello");
});

test("goes by its newest name once the server has answered behind the hello", async () => {
  const { socket } = await connected();
  socket.end(1006);
  await advance(20_000);
  FakeSocket.last.welcome({ session: "s2" });
  FakeSocket.last.joined();
  FakeSocket.last.end(1006);
  await advance(20_000);
  FakeSocket.last.open();
  assert.deepEqual(FakeSocket.last.sent, [{ type: "hello", session: "s2" }]);
});

test("answers ping with pong, ignores unknown frames and broken lines, reads frames joined by newlines", async () => {
  const { socket, room } = await connected();
  const seen = [];
  room.on("a", data => seen.push(data));
  socket.joined({ future: { field: 1 } });
  socket.receive(
    { type: "event", room: "project:42", event: "a", id: "1", data: 1, novel: true },
    { type: "shiny" },
    "{broken",
    "null",
    "7",
    { type: "ping" },
    { type: "event", room: "project:42", event: "a", id: "2", data: 2 },
    { type: "event", room: "elsewhere", event: "a", id: "3", data: 3 },
  );
  assert.deepEqual(seen, [1, 2]);
  assert.equal(socket.of("pong").length, 1);
});

// The close-code table, row by row.

for (const code of [1001, 1006, 1011, 1005, 3000, 4000, 4300, 4500, 4503, 4599, 4600]) {
  test(`${code}: reconnects with full jitter between 0.5 and 20 s and joins again`, async () => {
    const { rt, socket } = await connected();
    socket.joined();
    mock.method(Math, "random", () => 0.999999);
    socket.end(code);
    const delays = [states.at(-1).delay];
    assert.equal(rt.state, "waiting");
    assert.equal(rt.connectionId, undefined);
    for (let i = 0; i < 7; i++) {
      const before = FakeSocket.all.length;
      await advance(Math.floor(states.at(-1).delay));
      assert.equal(FakeSocket.all.length, before, "not before the delay is over");
      await advance(1);
      assert.equal(FakeSocket.all.length, before + 1);
      FakeSocket.last.end(1006);
      delays.push(states.at(-1).delay);
    }
    assert.deepEqual(delays.map(Math.round), [1000, 2000, 4000, 8000, 16000, 20000, 20000, 20000]);
    mock.method(Math, "random", () => 0);
    await advance(20_000);
    FakeSocket.last.end(1006);
    assert.equal(states.at(-1).delay, 500);
    await advance(500);
    FakeSocket.last.welcome();
    assert.equal(FakeSocket.last.of("join").length, 1);
    assert.equal(rt.state, "connected");
  });
}

test("takes the backoff range from the welcome, and starts over after a connection that lasted", async () => {
  const { socket } = await connected();
  socket.receive({ type: "welcome", protocol: 1, connection: "c1", heartbeat: { interval: 25000, timeout: 10000 }, reconnect: { min: 100, max: 300 } });
  mock.method(Math, "random", () => 0.999999);
  socket.end(1006);
  assert.equal(Math.round(states.at(-1).delay), 200);
  await advance(200);
  FakeSocket.last.end(1006);
  assert.equal(Math.round(states.at(-1).delay), 300);
  await advance(300);
  FakeSocket.last.welcome({ reconnect: { min: 100, max: 300 } });
  await advance(6000);
  FakeSocket.last.end(1006);
  assert.equal(Math.round(states.at(-1).delay), 200);
});

for (const code of [1002, 1003, 1007, 1008, 4400, 4403, 4408, 4409, 4429, 4499]) {
  test(`${code}: stops and reports`, async () => {
    const { rt, room, socket } = await connected();
    const ack = outcome(room.publish("x", 1));
    socket.end(code, "because");
    await advance(3_600_000);
    assert.equal(rt.state, "closed");
    assert.equal(FakeSocket.all.length, 1);
    const { error } = states.at(-1);
    assert.equal(error.code, "closed");
    assert.deepEqual(error.details, { closeCode: code, reason: "because" });
    assert.equal(ack.error, error);
  });
}

test("1000: stays closed without an error", async () => {
  const { rt, socket } = await connected();
  socket.end(1000);
  await advance(3_600_000);
  assert.equal(rt.state, "closed");
  assert.equal(states.at(-1).error, undefined);
  assert.equal(FakeSocket.all.length, 1);
});

test("1009: reconnects, fails the largest unanswered frame and repeats the others", async () => {
  const { room, socket } = await connected();
  socket.joined();
  const big = outcome(room.publish("x", "b".repeat(5000)));
  const small = outcome(room.publish("x", "small"));
  socket.end(1009);
  await settle();
  assert.equal(big.error.code, "too-large");
  await advance(20_000);
  FakeSocket.last.welcome();
  FakeSocket.last.joined();
  assert.deepEqual(FakeSocket.last.of("publish").map(f => f.data), ["small"]);
  const [{ id }] = FakeSocket.last.of("publish");
  FakeSocket.last.receive({ type: "ack", id });
  await settle();
  assert.equal(small.state, "done");
});

test("1009: a publish that only waits for its join is not blamed", async () => {
  const { rt, socket } = await connected();
  socket.joined();
  const waiting = outcome(rt.room("other").publish("x", "w".repeat(5000)));
  socket.end(1009);
  await settle();
  assert.equal(waiting.state, "pending");
});

test("a frame above the server's limit, counted in UTF-8, is refused before it is sent", async () => {
  const { room, socket } = await connected();
  socket.receive({ type: "welcome", protocol: 1, connection: "c1", heartbeat: {}, limits: { frameBytes: 1000 } });
  socket.joined();
  const ack = outcome(room.publish("x", "€".repeat(400)));
  await settle();
  assert.equal(ack.error.code, "too-large");
  assert.equal(room.send("x", "€".repeat(400)), false);
  assert.equal(room.send("x", "e".repeat(400)), true);
  assert.equal(socket.of("publish").length, 1);
});

test("1012: reconnects after the goaway's delay", async () => {
  const { socket } = await connected();
  socket.receive({ type: "goaway", reason: "draining", reconnectAfter: 1840 });
  socket.end(1012);
  assert.equal(states.at(-1).delay, 1840);
  await advance(1839);
  assert.equal(FakeSocket.all.length, 1);
  await advance(1);
  assert.equal(FakeSocket.all.length, 2);
  FakeSocket.last.end(1006);
  assert.notEqual(states.at(-1).delay, 1840, "the hint was for one reconnect");
});

test("1012: without a goaway backs off", async () => {
  const { socket } = await connected();
  socket.end(1012);
  assert.ok(states.at(-1).delay >= 500);
});

test("1013: waits a second at least, then resumes", async () => {
  mock.method(Math, "random", () => 0);
  const { socket } = await connected();
  socket.joined({ cursor: "e.7" });
  socket.receive({ type: "goaway", reason: "slow-consumer" });
  socket.end(1013);
  assert.equal(states.at(-1).delay, 1000);
  await advance(1000);
  FakeSocket.last.welcome();
  assert.equal(FakeSocket.last.of("join")[0].since, "e.7");
});

test("4401: retries once with a fresh token, then stops", async () => {
  const asked = [];
  const { rt, socket } = await connected({ token: refused => (asked.push(refused), "t" + asked.length) });
  socket.end(4401);
  await advance(0);
  assert.deepEqual(asked, [false, true]);
  assert.equal(FakeSocket.all.length, 2);
  assert.equal(FakeSocket.last.protocols[1], "realtime.bearer." + Buffer.from("t2").toString("base64url"));
  FakeSocket.last.end(4401);
  await advance(3_600_000);
  assert.equal(rt.state, "closed");
  assert.equal(states.at(-1).error.details.closeCode, 4401);
  assert.equal(FakeSocket.all.length, 2);
});

test("4401: a connection that lasted earns another retry", async () => {
  const { rt, socket } = await connected({ token: () => "t" });
  socket.end(4401);
  await advance(0);
  FakeSocket.last.welcome();
  await advance(10_000);
  FakeSocket.last.end(4401);
  await advance(0);
  assert.equal(FakeSocket.all.length, 3);
  assert.equal(rt.state, "connecting");
});

for (const token of [undefined, "fixed"]) {
  test(`4401: stops at once when there is no fresh token to ask for (${token})`, async () => {
    const { rt, socket } = await connected({ token });
    socket.end(4401);
    assert.equal(rt.state, "closed");
  });
}

test("4408: without rooms waits idle for the next one", async () => {
  const { rt, room, socket } = await connected();
  room.leave();
  socket.end(4408);
  assert.equal(rt.state, "idle");
  rt.room("other");
  await settle();
  assert.equal(FakeSocket.all.length, 2);
});

test("without rooms a lost connection is not reopened until it is needed", async () => {
  const { rt, room, socket } = await connected();
  room.leave();
  socket.end(1006);
  await advance(3_600_000);
  assert.equal(rt.state, "idle");
  assert.equal(FakeSocket.all.length, 1);
});

test("the watchdog closes 4504 after interval + timeout of silence and reconnects", async () => {
  const { rt, socket } = await connected();
  await advance(34_000);
  socket.receive({ type: "ping" });
  await advance(34_999);
  assert.equal(rt.state, "connected");
  await advance(1);
  assert.equal(socket.closedWith, 4504);
  assert.equal(rt.state, "waiting");
  await advance(20_000);
  assert.equal(FakeSocket.all.length, 2);
  socket.receive({ type: "welcome", protocol: 1, connection: "late" });
  socket.end(1000);
  assert.equal(rt.state, "connecting", "what the old socket still reports changes nothing");
});

test("the watchdog takes its times from the welcome", async () => {
  const { socket, rt } = await connected();
  socket.receive({ type: "welcome", protocol: 1, connection: "c1", heartbeat: { interval: 300, timeout: 200 } });
  socket.receive({ type: "ping" });
  await advance(499);
  assert.equal(rt.state, "connected");
  await advance(1);
  assert.equal(rt.state, "waiting");
});

test("gives up on a handshake that never ends", async () => {
  const rt = new Realtime({ url });
  rt.room("a");
  await settle();
  await advance(15_000);
  assert.equal(FakeSocket.last.closedWith, 4504);
  assert.equal(rt.state, "waiting");
});

test("a token that cannot be had counts as a lost connection", async () => {
  let fail = true;
  const rt = new Realtime({ url, token: () => (fail ? Promise.reject(new Error("offline")) : "t") });
  rt.room("a");
  await settle();
  assert.equal(rt.state, "waiting");
  fail = false;
  await advance(20_000);
  assert.equal(FakeSocket.all.length, 1);
});

test("a socket that cannot even be made stops with the reason", async () => {
  globalThis.WebSocket = class {
    constructor() {
      throw new SyntaxError("mixed content");
    }
  };
  const rt = new Realtime({ url, transports: ["websocket"] });
  let info;
  rt.on("state", (state, i) => (info = i));
  rt.room("a");
  await settle();
  assert.equal(rt.state, "closed");
  assert.match(info.error.message, /mixed content/);
});

test("connect() cuts the waiting short", async () => {
  const { rt, socket } = await connected();
  socket.end(1006);
  rt.connect();
  await settle();
  assert.equal(FakeSocket.all.length, 2);
  FakeSocket.last.welcome();
  await advance(20_000);
  assert.equal(FakeSocket.all.length, 2, "the old timer is gone");
});

test("close() closes with 1000, fails what waits, and connect() brings the rooms back", async () => {
  const { rt, room, socket } = await connected();
  const ack = outcome(room.publish("x"));
  rt.close();
  await settle();
  assert.equal(socket.closedWith, 1000);
  assert.equal(rt.state, "closed");
  assert.equal(ack.error.code, "closed");
  assert.equal(outcome(room.publish("x")).state, "pending");
  await assert.rejects(room.publish("x"), { code: "closed" });
  rt.connect();
  await settle();
  FakeSocket.last.welcome();
  assert.equal(FakeSocket.last.of("join").length, 1);
});

test("close() while the token is fetched opens nothing", async () => {
  let give;
  const rt = new Realtime({ url, token: () => new Promise(r => (give = r)) });
  rt.room("a");
  rt.close();
  give("t");
  await settle();
  assert.equal(FakeSocket.all.length, 0);
  assert.equal(rt.state, "closed");
});

test("refreshToken() sends an auth frame and settles with its answer", async () => {
  const { rt, socket } = await connected({ token: () => "fresh" });
  const good = outcome(rt.refreshToken());
  await settle();
  const [auth] = socket.of("auth");
  assert.equal(auth.token, "fresh");
  assert.equal(good.state, "pending");
  socket.receive({ type: "ack", id: auth.id });
  const bad = outcome(rt.refreshToken());
  await settle();
  assert.equal(good.state, "done");
  socket.receive({ type: "error", id: socket.of("auth")[1].id, code: "unauthorized", message: "expired", retryable: false });
  await settle();
  assert.equal(bad.error.code, "unauthorized");
});

test("errors without an id reach the error listeners", async () => {
  const { rt, socket } = await connected();
  const errors = [];
  rt.on("error", e => errors.push(e));
  socket.receive({ type: "error", code: "rate-limited", message: "slow down", retryable: true, retryAfter: 250 });
  assert.equal(errors[0].code, "rate-limited");
  assert.equal(errors[0].retryAfter, 250);
});

test("a listener that throws disturbs neither the others nor the connection", async () => {
  const { rt, room, socket } = await connected();
  const report = mock.method(console, "error", () => {});
  const seen = [];
  room.on("a", () => {
    throw new Error("mine");
  });
  const off = room.on("a", data => seen.push(data));
  socket.joined();
  socket.receive({ type: "event", room: "project:42", event: "a", id: "1", data: 1 });
  off();
  socket.receive({ type: "event", room: "project:42", event: "a", id: "2", data: 2 });
  assert.deepEqual(seen, [1]);
  assert.equal(report.mock.callCount(), 2);
  assert.equal(rt.state, "connected");
});

test("close() in a listener ends the batch it was called in", async () => {
  const { rt, room, socket } = await connected();
  const seen = [];
  room.on("a", data => {
    seen.push(data);
    rt.close();
  });
  socket.joined();
  const event = id => ({ type: "event", room: "project:42", event: "a", id, data: id });
  socket.receive(event("1"), { type: "ping" }, { type: "welcome", protocol: 1, connection: "again" }, event("2"));
  assert.deepEqual(seen, ["1"]);
  assert.equal(rt.state, "closed");
  assert.equal(socket.of("pong").length, 0);
});
