import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { Realtime } from "../dist/realtime.js";
import { FakeHttp } from "./http.mjs";
import { advance, fakeWorld, FakeSocket, outcome, realWorld, settle } from "./support.mjs";

const url = "http://chat.example/realtime";
const event = (id, data, more = {}) => ({ type: "event", room: "project:42", event: "message.created", id, data, ...more });
const stream = () => FakeHttp.last("/sse");
const poll = () => FakeHttp.last("/poll");

let states;

function client(options = {}) {
  const rt = new Realtime({ url, ...options });
  states = [];
  rt.on("state", (state, info) => states.push({ state, ...info }));
  const room = rt.room("project:42");
  const seen = [];
  const joins = [];
  room.on("message.created", data => seen.push(data));
  room.onJoin(j => joins.push(j));
  return { rt, room, seen, joins };
}

/** A client whose WebSocket is blocked, joined over SSE. */
async function onSse(options) {
  const it = client(options);
  await settle();
  for (let i = 0; i < 3; i++) {
    FakeSocket.last.end(1006);
    await advance(Math.ceil(states.at(-1).delay));
  }
  await stream().accept({ cursor: "a.1" });
  FakeSocket.all = [];
  return it;
}

beforeEach(() => {
  fakeWorld();
  mock.method(Math, "random", () => 0.5);
});
afterEach(realWorld);

test("three 1006 before the welcome: from WebSocket to SSE, from there to polling, and around", async () => {
  const { rt } = client();
  await settle();
  for (let i = 0; i < 3; i++) {
    assert.equal(FakeSocket.all.length, i + 1);
    assert.equal(rt.transport, "websocket");
    FakeSocket.last.end(1006);
    await advance(20_000);
  }
  for (let i = 0; i < 3; i++) {
    assert.equal(FakeHttp.of("/sse").length, i + 1);
    await stream().fail();
    await advance(20_000);
  }
  for (let i = 0; i < 3; i++) {
    assert.equal(FakeHttp.of("/poll").length, i + 1);
    await poll().fail();
    await advance(20_000);
  }
  assert.equal(FakeSocket.all.length, 4);
  FakeSocket.last.welcome();
  assert.equal(rt.state, "connected");
  assert.equal(rt.transport, "websocket");
});

test("each transport is tried quickly in the first round, and slower in every further one", async () => {
  client();
  await settle();
  const end = { websocket: () => FakeSocket.last.end(1006), sse: () => stream().fail(), poll: () => poll().fail() };
  const rounds = [];
  for (let i = 0; i < 27; i++) {
    await end[["websocket", "sse", "poll"][Math.floor(i / 3) % 3]]();
    (rounds[Math.floor(i / 9)] ||= []).push(states.at(-1).delay);
    await advance(Math.ceil(states.at(-1).delay));
  }
  const sums = rounds.map(delays => delays.reduce((a, b) => a + b));
  assert.ok(sums[0] < 15_000, sums.join());
  assert.ok(sums[0] < sums[1] && sums[1] < sums[2], sums.join());
});

test("a welcome forgets the failures before it", async () => {
  client();
  await settle();
  for (let i = 0; i < 6; i++) {
    if (i === 2) {
      FakeSocket.last.welcome();
    }
    FakeSocket.last.end(1006);
    if (i < 5) {
      await advance(20_000);
    }
  }
  assert.equal(FakeSocket.all.length, 6, "two before, the one with the welcome, three after it");
  await advance(20_000);
  assert.equal(FakeHttp.of("/sse").length, 1);
});

test("a lost connection that worked is no reason to fall back", async () => {
  client();
  await settle();
  for (let i = 0; i < 5; i++) {
    FakeSocket.last.welcome();
    FakeSocket.last.joined();
    FakeSocket.last.end(1006);
    await advance(20_000);
  }
  assert.equal(FakeSocket.all.length, 6);
  assert.equal(FakeHttp.all.length, 0);
});

test("a WebSocket that cannot be made, or does not exist: SSE at once", async () => {
  for (const WebSocket of [
    class {
      constructor() {
        throw new DOMException("refused by policy", "SecurityError");
      }
    },
    undefined,
  ]) {
    FakeHttp.all = [];
    globalThis.WebSocket = WebSocket;
    const { rt } = client();
    await settle();
    await advance(0);
    assert.equal(FakeHttp.of("/sse").length, 1);
    await stream().accept();
    assert.equal(rt.state, "connected");
    rt.close();
  }
});

test("a handshake that hangs: SSE next", async () => {
  const { rt } = client();
  await settle();
  await advance(15_000);
  assert.equal(FakeSocket.last.closedWith, 4504);
  assert.equal(rt.state, "waiting");
  await advance(20_000);
  assert.equal(FakeSocket.all.length, 1);
  assert.equal(FakeHttp.of("/sse").length, 1);
});

for (const [name, answer] of [
  ["a server without SSE", r => r.answer(404)],
  ["a method that is not allowed", r => r.answer(405)],
  ["a proxy that answers something else", r => r.answer(200, { hello: 1 })],
  ["a fetch without streams", r => (r.resolve({ status: 200, headers: new Headers({ "Content-Type": "text/event-stream" }) }), settle())],
]) {
  test(`${name}: polling at once`, async () => {
    const { rt } = client({ transports: ["sse", "poll"] });
    await settle();
    await answer(stream());
    await advance(0);
    await poll().acceptPoll("p.1");
    assert.equal(rt.state, "connected");
    assert.equal(rt.transport, "poll");
  });
}

test("a proxy that holds the stream back: polling next", async () => {
  const { rt } = client({ transports: ["sse", "poll"] });
  await settle();
  await stream().begin();
  await advance(15_000);
  assert.equal(stream().aborted, true);
  await advance(20_000);
  await poll().acceptPoll("p.1");
  assert.equal(rt.state, "connected");
});

test("the transports can be chosen, and a single one stays", async () => {
  const { rt } = client({ transports: ["poll"] });
  await settle();
  for (let i = 0; i < 7; i++) {
    await poll().fail();
    await advance(20_000);
  }
  assert.equal(FakeHttp.of("/poll").length, 8);
  assert.equal(FakeHttp.of("/sse").length + FakeSocket.all.length, 0);
  await poll().acceptPoll("p.1");
  await advance(30_000);
  assert.equal(rt.transport, "poll");
  assert.equal(FakeSocket.all.length, 0, "there is nothing better to try");
});

test("a single transport that does not exist here: stops and reports", async () => {
  const { rt } = client({ transports: ["sse"] });
  await settle();
  await stream().answer(404);
  await advance(3_600_000);
  assert.equal(rt.state, "closed");
  assert.match(states.at(-1).error.message, /404/);
  assert.equal(FakeHttp.all.length, 1);
});

test("nothing works anywhere: goes around, slower and slower", async () => {
  globalThis.WebSocket = undefined;
  client();
  for (let i = 0; i < 10; i++) {
    await settle();
    if (states.at(-1).state === "connecting") {
      await FakeHttp.all.at(-1).answer(404);
    }
    await advance(20_000);
  }
  const delays = states.filter(s => s.state === "waiting").map(s => s.delay);
  assert.deepEqual(delays.slice(0, 9), [0, 0, 1250, 0, 0, 2250, 0, 0, 4250]);
});

// Back to the better transport

test("on a lower transport the better one is tried after a while, and taken with all rooms, without a loss", async () => {
  const { rt, room, seen, joins } = await onSse();
  const old = stream();
  await old.receive(event("1", 1, { cursor: "a.2" }));
  await advance(4_999);
  assert.equal(FakeSocket.all.length, 0);
  await advance(1);
  assert.equal(FakeSocket.all.length, 1);
  assert.equal(rt.transport, "sse");
  await old.receive(event("2", 2, { cursor: "a.3" }));
  const ws = FakeSocket.last;
  ws.welcome({ session: "s2" });
  assert.equal(rt.transport, "websocket");
  assert.equal(rt.connectionId, "c1");
  assert.deepEqual(ws.sent.map(f => [f.type, f.since ?? f.session]), [["hello", "s1"], ["join", "a.3"]]);
  await old.receive(event("3", 3, { cursor: "a.4" }));
  const ack = outcome(room.publish("x"));
  assert.equal(ws.of("publish").length, 0);
  ws.joined({ cursor: "a.5", recovered: true, replay: 2 });
  assert.equal(old.aborted, true);
  ws.receive(event("3", 3, { cursor: "a.4" }), event("4", 4, { cursor: "a.5" }));
  assert.deepEqual(seen, [1, 2, 3, 4]);
  assert.equal(joins.at(-1).recovered, true);
  ws.receive({ type: "ack", id: ws.of("publish")[0].id, data: 1 });
  await settle();
  assert.equal(ack.value.data, 1);
  assert.deepEqual(states.slice(-2).map(s => s.state), ["connecting", "connected"], "it was connected all the time");
  await advance(30_000);
  assert.equal(FakeSocket.all.length, 1, "no more to try");
});

test("what the old line brought ahead of a state that lacks it comes once more", async () => {
  const { rt, room } = await onSse();
  let view;
  view = [];
  room.onJoin(({ state }) => (view = [...state]));
  room.on("message.created", data => view.push(data));
  await advance(5_000);
  FakeSocket.last.welcome();
  // The server has answered the join and then publishes: both lines carry the event, and the old one is faster.
  await stream().receive(event("1", 1, { cursor: "z.2" }));
  FakeSocket.last.joined({ cursor: "z.1", recovered: false, state: [] });
  FakeSocket.last.receive(event("1", 1, { cursor: "z.2" }));
  assert.deepEqual(view, [1]);
  assert.equal(rt.state, "connected");
});

test("the old line ends with the last room that has moved, or after a while", async () => {
  const { rt } = await onSse();
  rt.room("slow");
  await advance(1);
  await stream().accept({ cursor: "a.1", recovered: true });
  await advance(6_000);
  const old = stream();
  FakeSocket.last.welcome();
  const [first, second] = FakeSocket.last.of("join");
  FakeSocket.last.receive({ type: "joined", id: first.id, room: first.room, recovered: true });
  await settle();
  assert.equal(old.aborted, false);
  await advance(10_000);
  await old.receive({ type: "ping" });
  await advance(5_000);
  assert.equal(old.aborted, true);
  FakeSocket.last.receive({ type: "joined", id: second.id, room: second.room, recovered: true });
  assert.equal(rt.room("slow").send("x"), true);
  assert.equal(rt.state, "connected");
});

test("a room that is refused on the better transport does not keep the old one", async () => {
  const { room } = await onSse();
  const left = [];
  room.onLeft(e => left.push(e.code));
  await advance(5_000);
  FakeSocket.last.welcome();
  FakeSocket.last.receive({ type: "error", id: FakeSocket.last.of("join")[0].id, code: "forbidden" });
  assert.equal(stream().aborted, true);
  assert.deepEqual(left, ["forbidden"]);
});

test("an attempt that fails changes nothing, and the next one comes later", async () => {
  const { rt, seen } = await onSse();
  const gaps = [];
  let last = Date.now();
  for (let i = 0; i < 9; i++) {
    while (FakeSocket.all.length === i) {
      await advance(1_000);
      await stream().receive({ type: "ping" });
    }
    gaps.push(Math.round((Date.now() - last) / 1000));
    last = Date.now();
    FakeSocket.last.end([1006, 4401, 4409, 1008, 1000][i % 5]);
  }
  assert.deepEqual(gaps, [5, 10, 20, 40, 80, 160, 300, 300, 300]);
  assert.equal(rt.state, "connected");
  assert.equal(FakeHttp.of("/sse").length, 1);
  await stream().receive(event("1", 1));
  assert.deepEqual(seen, [1]);
});

test("an attempt that hangs is given up", async () => {
  const { rt } = await onSse();
  await advance(5_000);
  await advance(15_000);
  assert.equal(FakeSocket.last.closedWith, 4504);
  assert.equal(rt.state, "connected");
  assert.equal(rt.transport, "sse");
});

test("the stream ends while the better transport is tried: that one takes over, or the stream is opened anew", async () => {
  const { rt, seen } = await onSse();
  await advance(5_000);
  await stream().cut();
  assert.equal(rt.state, "connected");
  FakeSocket.last.welcome();
  FakeSocket.last.joined({ recovered: true, replay: 1 });
  FakeSocket.last.receive(event("1", 1));
  assert.deepEqual(seen, [1]);
  rt.close();

  const other = await onSse();
  await advance(5_000);
  await stream().cut();
  FakeSocket.last.end(1006);
  assert.equal(other.rt.state, "waiting");
  await advance(20_000);
  await stream().accept({ recovered: true });
  assert.equal(other.rt.state, "connected");
  assert.equal(other.rt.transport, "sse");
});

test("the better transport is lost right after it took over: an ordinary reconnect, from where each room was", async () => {
  const { rt } = await onSse();
  await stream().receive(event("1", 1, { cursor: "a.2" }));
  await advance(5_000);
  FakeSocket.last.welcome();
  FakeSocket.last.end(1006);
  assert.equal(rt.state, "waiting");
  assert.equal(stream().aborted, true);
  await advance(20_000);
  FakeSocket.last.welcome();
  assert.equal(FakeSocket.last.of("join")[0].since, "a.2");
});

test("a reconnect takes the transport that worked, and looks for the better one again", async () => {
  const { rt } = await onSse();
  await advance(6_000);
  FakeSocket.last.end(1006);
  await stream().cut();
  await advance(20_000);
  assert.equal(FakeHttp.of("/sse").length, 2);
  await stream().accept({ recovered: true });
  await advance(30_000);
  assert.equal(FakeSocket.all.length, 2);
  assert.equal(rt.transport, "sse");
});

test("from polling both better transports are tried, in turns", async () => {
  globalThis.WebSocket = undefined;
  const { rt } = client();
  await settle();
  await advance(0);
  await stream().answer(404);
  await advance(0);
  await poll().acceptPoll("p.1", { cursor: "a.1" });
  assert.equal(rt.transport, "poll");
  globalThis.WebSocket = FakeSocket;
  await advance(5_000);
  FakeSocket.last.end(1006);
  await advance(10_000);
  assert.equal(FakeHttp.of("/sse").length, 2);
  assert.deepEqual(stream().rooms, ["project:42@a.1"]);
  const old = poll();
  await stream().accept({ recovered: true });
  assert.equal(rt.transport, "sse");
  assert.equal(old.aborted, true);
  await advance(5_000);
  FakeSocket.last.welcome();
  FakeSocket.last.joined({ recovered: true });
  assert.equal(rt.transport, "websocket");
  assert.equal(stream().aborted, true);
});

test("other rooms while the better transport is tried: first the rooms, then the transport", async () => {
  const { rt } = await onSse();
  await advance(5_000);
  rt.room("project:7");
  await advance(1);
  assert.equal(FakeSocket.last.closedWith, 1000);
  await stream().accept({ recovered: true });
  await advance(20_000);
  FakeSocket.last.welcome();
  assert.deepEqual(FakeSocket.last.of("join").map(j => j.room), ["project:42", "project:7"]);
});

test("close() ends everything there is", async () => {
  const { rt } = await onSse();
  await advance(5_000);
  FakeSocket.last.welcome();
  rt.close();
  assert.equal(stream().aborted, true);
  assert.equal(FakeSocket.last.closedWith, 1000);
  await advance(3_600_000);
  assert.equal(FakeSocket.all.length, 1);
  assert.equal(rt.state, "closed");
});
