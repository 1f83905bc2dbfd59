import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { Realtime } from "../dist/realtime.js";
import { FakeHttp } from "./http.mjs";
import { advance, fakeWorld, FakeSocket, outcome, realWorld, settle } from "./support.mjs";

const url = "http://chat.example/realtime";
const event = (id, data, more = {}) => ({ type: "event", room: "project:42", event: "message.created", id, data, ...more });
const stream = () => FakeHttp.last("/sse");
const sent = () => FakeHttp.of("/send");

let states;

async function joined(more = {}, options = {}) {
  const rt = new Realtime({ url, transports: ["sse"], ...options });
  states = [];
  rt.on("state", (state, info) => states.push({ state, ...info }));
  const room = rt.room("project:42");
  const joins = [];
  const seen = [];
  const gaps = [];
  room.onJoin(j => joins.push(j));
  room.on("message.created", data => seen.push(data));
  room.onGap(reason => gaps.push(reason));
  await settle();
  await stream().accept(more);
  return { rt, room, joins, seen, gaps };
}

/** Ends the stream and brings up the next one, up to its `joined`. */
async function reconnect(more = {}) {
  await stream().cut();
  await advance(20_000);
  await stream().accept(more);
}

beforeEach(fakeWorld);
afterEach(realWorld);

test("opens a stream with the rooms that are wanted, and is connected with the welcome", async () => {
  const rt = new Realtime({ url, transports: ["sse"], token: () => "t1" });
  const a = rt.room("project:42");
  rt.room("project:7");
  const joins = [];
  a.onJoin(j => joins.push(j));
  await settle();
  assert.deepEqual(stream().rooms, ["project:42", "project:7"]);
  assert.equal(stream().headers.Accept, "text/event-stream");
  assert.equal(stream().headers.Authorization, "Bearer t1");
  assert.equal(rt.state, "connecting");
  await stream().accept({ state: { title: "apollo" } });
  assert.equal(rt.state, "connected");
  assert.equal(rt.transport, "sse");
  assert.equal(rt.connectionId, "h1");
  assert.deepEqual(joins, [{ state: { title: "apollo" }, recovered: false, rejoined: false }]);
  assert.equal(FakeSocket.all.length, 0);
});

test("reads events whatever the network cuts them into, and whatever ends the lines", async () => {
  const { seen } = await joined();
  const text = `: comment\r\nid: e.2\r\ndata: ${JSON.stringify(event("1", "ä €"))}\r\n\r\n` + `data: ${JSON.stringify(event("2", "b"))}\n\n`;
  for (const byte of new TextEncoder().encode(text)) {
    await stream().write(new Uint8Array([byte]));
  }
  await stream().write(`data: {"type":"event","room":"project:42",\ndata: "event":"message.created","id":"3","data":"in two lines"}\n\ndata: {broken\n\n`);
  await stream().receive({ type: "shiny" }, { type: "ping" }, event("4", "d"));
  assert.deepEqual(seen, ["ä €", "b", "in two lines", "d"]);
  assert.equal(FakeHttp.all.length, 1, "a ping needs no answer");
});

test("goes on from the cursor of each room after a loss", async () => {
  const { rt, joins, seen } = await joined({ cursor: "a.1" });
  await stream().receive(event("1", 1, { cursor: "a.2" }), event("2", 2), event("3", 3, { cursor: "a.4" }));
  await stream().cut();
  assert.equal(rt.state, "waiting");
  await advance(20_000);
  assert.deepEqual(stream().rooms, ["project:42@a.4"]);
  assert.equal(stream().headers["X-Realtime-Session"], "s1");
  await stream().accept({ cursor: "a.6", recovered: true, replay: 2 });
  await stream().receive(event("3", 3, { cursor: "a.4" }), event("4", 4, { cursor: "a.5" }));
  await stream().cut();
  await advance(20_000);
  assert.deepEqual(stream().rooms, ["project:42@a.5"], "the replay was cut");
  assert.deepEqual(seen, [1, 2, 3, 4]);
  assert.equal(joins[1].recovered, true);
});

test("a cut before the first event of the replay goes on from the old cursor", async () => {
  await joined({ cursor: "a.1" });
  await reconnect({ cursor: "a.9", recovered: true, replay: 8 });
  await stream().end();
  await advance(20_000);
  assert.deepEqual(stream().rooms, ["project:42@a.1"]);
});

test("not recovered: tells so, with the state, and what is lost is told as a gap", async () => {
  const { joins, gaps } = await joined();
  await reconnect({ cursor: "z.3", recovered: false, state: { fresh: true } });
  await stream().receive({ type: "gap", room: "project:42", reason: "history" });
  assert.deepEqual(joins[1], { state: { fresh: true }, recovered: false, rejoined: true });
  assert.deepEqual(gaps, ["history"]);
  await stream().cut();
  await advance(20_000);
  assert.deepEqual(stream().rooms, ["project:42@z.3"]);
});

test("a refused room ends with its reason, the others live", async () => {
  const rt = new Realtime({ url, transports: ["sse"] });
  const left = [];
  rt.room("secret").onLeft(reason => left.push(reason.code));
  const open = rt.room("open");
  await settle();
  await stream().accept();
  await stream().receive({ type: "left", room: "secret", code: "evicted", rejoin: false });
  assert.deepEqual(left, ["evicted"]);
  assert.equal(open.send("x"), true);
});

test("an error in place of joined refuses the room; a retryable one is asked again with another stream", async () => {
  const rt = new Realtime({ url, transports: ["sse"] });
  const left = [];
  rt.room("secret").onLeft(reason => left.push(reason.code));
  const later = rt.room("later");
  await settle();
  await stream().begin(
    { type: "welcome", protocol: 1, connection: "h1", session: "s1" },
    { type: "error", room: "secret", code: "forbidden", message: "no", retryable: false },
    { type: "error", room: "later", code: "unavailable", retryable: true, retryAfter: 300 },
  );
  assert.deepEqual(left, ["forbidden"]);
  await advance(299);
  assert.equal(FakeHttp.all.length, 1);
  await advance(1);
  await advance(1);
  assert.deepEqual(stream().rooms, ["later"]);
  await stream().accept();
  assert.equal(later.send("x"), true);
});

// The rooms of a stream are fixed

test("other rooms need another stream: one for all changes of a moment, and the old one is heard until the new one has joined", async () => {
  const { rt, room, joins, seen } = await joined({ cursor: "a.1" });
  const old = stream();
  await old.receive(event("1", 1, { cursor: "a.2" }));
  const second = rt.room("project:7");
  rt.room("project:8").leave();
  rt.room("project:9");
  await advance(1);
  assert.equal(FakeHttp.of("/sse").length, 2);
  assert.deepEqual(stream().rooms, ["project:42@a.2", "project:7", "project:9"]);
  assert.equal(rt.state, "connected");
  await old.receive(event("2", 2, { cursor: "a.3" }));
  await stream().begin({ type: "welcome", protocol: 1, connection: "new", session: "s1" });
  assert.equal(rt.connectionId, "new");
  await old.receive(event("3", 3, { cursor: "a.4" }));
  assert.deepEqual(seen, [1, 2, 3]);
  const ack = outcome(room.publish("x"));
  await settle();
  assert.equal(sent().length, 0, "a publish waits for the join");
  await stream().receive({ type: "joined", room: "project:42", cursor: "a.5", recovered: true, replay: 3 });
  await settle();
  assert.equal(sent().length, 1);
  assert.equal(ack.state, "pending");
  assert.equal(old.aborted, true, "no room hears it any more");
  await stream().receive(event("2", 2, { cursor: "a.3" }), event("3", 3, { cursor: "a.4" }), event("4", 4, { cursor: "a.5" }));
  assert.deepEqual(seen, [1, 2, 3, 4]);
  assert.equal(joins.length, 2);
  await stream().receive({ type: "joined", room: "project:7", cursor: "b.1", recovered: false, state: {} });
  assert.equal(second.send("x"), true);
  assert.deepEqual(states.map(s => s.state), ["connecting", "connected"]);
});

test("a room that comes while the first stream is opened is on the next one", async () => {
  const rt = new Realtime({ url, transports: ["sse"] });
  rt.room("a");
  await settle();
  rt.room("b");
  await stream().accept();
  await advance(1);
  assert.deepEqual(stream().rooms, ["a@e.1", "b"]);
});

test("leaving the last room ends the stream", async () => {
  const { rt, room } = await joined();
  await room.leave();
  await advance(1);
  assert.equal(rt.state, "idle");
  assert.equal(stream().aborted, true);
  rt.room("again");
  await settle();
  assert.deepEqual(stream().rooms, ["again"]);
});

test("a stream that cannot be opened beside the old one makes the client begin anew", async () => {
  const { rt } = await joined();
  const old = stream();
  rt.room("project:7");
  await advance(1);
  await stream().answer(409, { code: "conflict", detail: "another connection of this user" });
  assert.equal(old.aborted, true);
  assert.equal(rt.state, "waiting");
  await advance(20_000);
  await stream().accept();
  assert.equal(rt.state, "connected");
});

test("the old stream may end before its successor speaks", async () => {
  const { rt } = await joined({ cursor: "a.1" });
  const old = stream();
  rt.room("project:7");
  await advance(1);
  await old.receive({ type: "goaway", reason: "superseded", code: 4409 });
  await old.end();
  assert.equal(rt.state, "connected");
  await stream().accept();
  assert.equal(rt.state, "connected");
  assert.deepEqual(states.map(s => s.state), ["connecting", "connected"]);
});

test("more rooms than a stream takes: the others wait, and the application is told", async () => {
  const rt = new Realtime({ url, transports: ["sse"] });
  const errors = [];
  rt.on("error", e => errors.push(e.code));
  const rooms = Array.from({ length: 10 }, (_, i) => rt.room("r" + i));
  await settle();
  assert.equal(stream().rooms.length, 8);
  await stream().accept();
  await advance(5);
  assert.equal(FakeHttp.of("/sse").length, 1);
  assert.deepEqual(errors, ["limit"]);
  rooms[0].leave();
  rooms[1].leave();
  await advance(1);
  assert.deepEqual(stream().rooms.map(r => r.split("@")[0]), ["r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9"]);
});

// Sending

test("publishes go by POST, one after the other, and the answer is the ack", async () => {
  const { room } = await joined({}, { token: () => "t1", headers: () => ({ "X-CSRF-TOKEN": "c1" }) });
  const first = outcome(room.publish("message.send", { text: "hi" }));
  const second = outcome(room.publish("message.send", { text: "ho" }));
  await settle();
  assert.equal(sent().length, 1);
  const [{ method, headers, frame }] = sent();
  assert.equal(method, "POST");
  assert.deepEqual(headers, {
    "Content-Type": "application/json",
    Authorization: "Bearer t1",
    "X-Realtime-Session": "s1",
    "X-Realtime-Connection": "h1",
    "X-CSRF-TOKEN": "c1",
  });
  assert.deepEqual(frame, { type: "publish", id: frame.id, room: "project:42", event: "message.send", key: frame.key, data: { text: "hi" } });
  await sent()[0].answer(200, { type: "ack", id: frame.id, data: 7, event: "01J9", cursor: "e.5" });
  assert.deepEqual([first.value.data, first.value.event], [7, "01J9"]);
  assert.equal(sent().length, 2);
  const error = { type: "error", id: sent()[1].frame.id, code: "invalid-payload", message: "no text", retryable: false };
  await sent()[1].answer(422, error);
  assert.equal(second.error.code, "invalid-payload");
});

test("send asks for no answer and is dropped when too many wait", async () => {
  const { rt, room } = await joined();
  const errors = [];
  rt.on("error", e => errors.push(e.code));
  for (let i = 0; i < 100; i++) {
    room.send("cursor", i);
  }
  const ack = outcome(room.publish("x"));
  for (let i = 0; i < 64; i++) {
    await settle();
    assert.equal(sent()[i].frame.data, i);
    assert.equal(sent()[i].frame.id, undefined);
    await (i === 3 ? sent()[i].fail() : i === 4 ? sent()[i].answer(403, { code: "forbidden" }) : sent()[i].answer(204));
  }
  assert.deepEqual(errors, ["forbidden"]);
  assert.equal(sent().length, 65);
  await sent()[64].answer(200, { type: "ack", id: sent()[64].frame.id });
  assert.equal(ack.state, "done");
  assert.equal(rt.state, "connected");
});

test("a publish whose request is lost is repeated once with its key, after the stream was opened anew", async () => {
  const { rt, room } = await joined();
  const ack = outcome(room.publish("x", 1));
  await settle();
  const { key } = sent()[0].frame;
  await sent()[0].fail();
  assert.equal(rt.state, "waiting");
  assert.equal(stream().aborted, true);
  await advance(20_000);
  await stream().accept({ recovered: true });
  assert.equal(sent().length, 2);
  assert.equal(sent()[1].frame.key, key);
  await sent()[1].fail();
  await settle();
  assert.equal(ack.error.code, "unavailable");
  assert.equal(ack.error.retryable, true);
});

test("what is under way when the stream is replaced goes once more over the new one, before what comes later", async () => {
  const { rt, room } = await joined();
  const first = outcome(room.publish("x", 1));
  const second = outcome(room.publish("x", 2));
  await settle();
  rt.room("project:7");
  await advance(1);
  await stream().accept({ recovered: true });
  const third = outcome(room.publish("x", 3));
  await settle();
  assert.deepEqual(sent().map(r => r.frame.data), [1, 1]);
  assert.equal(sent()[0].frame.key, sent()[1].frame.key);
  await sent()[0].fail();
  await sent()[1].answer(200, { type: "ack", id: sent()[1].frame.id, data: "one" });
  await sent()[2].answer(200, { type: "ack", id: sent()[2].frame.id });
  await sent()[3].answer(200, { type: "ack", id: sent()[3].frame.id });
  assert.deepEqual(sent().map(r => r.frame.data), [1, 1, 2, 3]);
  assert.equal(first.value.data, "one");
  assert.deepEqual([second.state, third.state], ["done", "done"]);
  assert.equal(rt.state, "connected");
});

test("a replaced stream does not use up the one repetition of a publish", async () => {
  const { rt, room } = await joined();
  const ack = outcome(room.publish("x", 1));
  for (const name of ["a", "b", "c"]) {
    await settle();
    rt.room(name);
    await advance(1);
    await stream().accept({ recovered: true });
  }
  await stream().cut();
  await advance(20_000);
  await stream().accept({ recovered: true });
  await sent().at(-1).answer(200, { type: "ack", id: sent().at(-1).frame.id });
  assert.equal(ack.state, "done");
  assert.equal(new Set(sent().map(r => r.frame.key)).size, 1);
});

test("a publish that waits behind others has its time from when it is sent", async () => {
  const { room } = await joined();
  const first = outcome(room.publish("x", 1));
  const second = outcome(room.publish("x", 2));
  await advance(9_000);
  await sent()[0].answer(200, { type: "ack", id: sent()[0].frame.id });
  await stream().receive({ type: "ping" });
  await advance(9_000);
  assert.equal(first.state, "done");
  assert.equal(second.state, "pending");
  assert.equal(sent().length, 2);
  await sent()[1].answer(200, { type: "ack", id: sent()[1].frame.id });
  assert.equal(second.state, "done");
});

test("when a request is lost, none of those behind it is sent before it", async () => {
  const { room } = await joined();
  [1, 2, 3].forEach(n => room.publish("x", n).catch(() => {}));
  await settle();
  await sent()[0].fail();
  await advance(20_000);
  await stream().accept({ recovered: true });
  for (let i = 1; i < 4; i++) {
    await sent()[i].answer(200, { type: "ack", id: sent()[i].frame.id });
  }
  assert.deepEqual(sent().map(r => r.frame.data), [1, 1, 2, 3]);
});

test("a draining node's refusal of a publish is repeated after its delay, to whichever node takes it", async () => {
  const { room } = await joined();
  const ack = outcome(room.publish("x", 1));
  await settle();
  await sent()[0].answer(503, { status: 503, code: "draining", detail: "going away", retryable: true, retryAfter: 700 });
  await advance(699);
  assert.equal(sent().length, 1);
  await advance(1);
  assert.equal(sent().length, 2);
  assert.equal(sent()[1].frame.key, sent()[0].frame.key);
  await sent()[1].answer(200, { type: "ack", id: sent()[1].frame.id });
  assert.equal(ack.state, "done");
});

for (const [status, code, retryable] of [
  [400, "bad-request", false],
  [403, "forbidden", false],
  [404, "not-found", false],
  [413, "too-large", false],
  [429, "rate-limited", true],
]) {
  test(`a publish answered ${status} by somebody else than the server fails as ${code}`, async () => {
    const { room } = await joined();
    const ack = outcome(room.publish("x"));
    await settle();
    await sent()[0].answer(status, undefined, status === 429 ? { "Retry-After": "2" } : {});
    assert.equal(ack.error.code, code);
    assert.equal(ack.error.retryable, retryable);
    assert.equal(ack.error.retryAfter >= 2000, status === 429);
  });
}

test("a publish answered 502 by a proxy may have run: it is repeated once with its key", async () => {
  const { room } = await joined();
  const ack = outcome(room.publish("x"));
  await settle();
  await sent()[0].answer(502);
  assert.equal(sent().length, 2);
  assert.equal(sent()[1].frame.key, sent()[0].frame.key);
  await sent()[1].answer(504);
  assert.equal(ack.error.code, "timeout");
  assert.equal(ack.error.retryable, true);
});

test("401 for a publish: opens anew with a fresh token and repeats it", async () => {
  const asked = [];
  const { rt, room } = await joined({}, { token: refused => (asked.push(refused), refused ? "fresh" : "old") });
  const ack = outcome(room.publish("x"));
  await settle();
  await sent()[0].answer(401);
  await advance(0);
  assert.equal(stream().headers.Authorization, "Bearer fresh");
  assert.ok(asked.includes(true));
  await stream().accept({ recovered: true });
  assert.equal(sent().length, 2);
  await sent()[1].answer(200, { type: "ack", id: sent()[1].frame.id });
  assert.equal(ack.state, "done");
  assert.equal(rt.state, "connected");
});

test("publishes while offline wait, bounded and in order, and go out with their keys when the stream is back", async () => {
  const { room } = await joined();
  await stream().cut();
  const all = Array.from({ length: 201 }, (_, i) => outcome(room.publish("x", i)));
  assert.equal(room.send("x"), false);
  await settle();
  assert.equal(all[200].error.code, "limit");
  await advance(20_000);
  await stream().accept({ recovered: true });
  for (let i = 0; i < 200; i++) {
    await settle();
    assert.equal(sent()[i].frame.data, i);
    await sent()[i].answer(200, { type: "ack", id: sent()[i].frame.id });
  }
  assert.equal(all[199].state, "done");
});

test("the patience of a publish without a connection can be set", async () => {
  const { room } = await joined({}, { patience: 5_000 });
  await stream().cut();
  const ack = outcome(room.publish("x"));
  await advance(5_000);
  assert.equal(ack.error.code, "timeout");
});

// Ends

test("the watchdog aborts a silent stream and opens the next one", async () => {
  const { rt } = await joined();
  await advance(34_000);
  await stream().receive({ type: "ping" });
  await advance(34_999);
  assert.equal(rt.state, "connected");
  await advance(1);
  assert.equal(rt.state, "waiting");
  assert.equal(states.at(-1).error.details.closeCode, 4504);
  assert.equal(stream().aborted, true);
  await advance(20_000);
  assert.equal(FakeHttp.of("/sse").length, 2);
});

test("a drain ends the stream with its delay", async () => {
  await joined();
  await stream().receive({ type: "goaway", reason: "draining", reconnectAfter: 1840, code: 1012 });
  await stream().end();
  assert.equal(states.at(-1).delay, 1840);
  assert.equal(states.at(-1).error.details.closeCode, 1012);
});

test("a goaway that forbids to come back stops the client", async () => {
  const { rt } = await joined();
  await stream().receive({ type: "goaway", reason: "superseded", code: 4409 });
  await stream().end();
  await advance(3_600_000);
  assert.equal(rt.state, "closed");
  assert.equal(states.at(-1).error.details.closeCode, 4409);
  assert.equal(FakeHttp.of("/sse").length, 1);
});

test("4401: asks once for a fresh token", async () => {
  const { rt } = await joined({}, { token: refused => (refused ? "fresh" : "old") });
  await stream().receive({ type: "goaway", code: 4401 });
  await stream().end();
  await advance(0);
  assert.equal(stream().headers.Authorization, "Bearer fresh");
  await stream().answer(401);
  assert.equal(rt.state, "closed");
  assert.equal(states.at(-1).error.details.closeCode, 4401);
});

test("refreshToken() opens another stream with the fresh token", async () => {
  let token = "old";
  const { rt } = await joined({}, { token: () => token });
  const old = stream();
  token = "fresh";
  await rt.refreshToken();
  await advance(1);
  assert.equal(stream().headers.Authorization, "Bearer fresh");
  await stream().accept({ recovered: true });
  assert.equal(old.aborted, true);
  assert.equal(rt.state, "connected");
});

for (const [status, code] of [
  [400, 4400],
  [401, 4401],
  [403, 4403],
  [409, 4409],
  [429, 4429],
]) {
  test(`${status} for the stream: stops and reports ${code}`, async () => {
    const rt = new Realtime({ url, transports: ["sse"] });
    let error;
    rt.on("state", (_, info) => (error = info.error));
    rt.room("a");
    await settle();
    await stream().answer(status, { code: "x" });
    await advance(3_600_000);
    assert.equal(rt.state, "closed");
    assert.equal(error.details.closeCode, code);
    assert.equal(FakeHttp.all.length, 1);
  });
}

for (const [status, seconds, min, max] of [
  [503, "5", 5000, 7500],
  [429, "2", 2000, 3000],
  [503, undefined, 500, 1000],
  [502, undefined, 500, 1000],
  [503, "Fri, 27 Nov 2026 11:00:00 GMT", 500, 1000],
]) {
  test(`${status} with Retry-After ${seconds} for the stream: comes back after that, not all clients at once`, async () => {
    const rt = new Realtime({ url, transports: ["sse"] });
    let delay;
    rt.on("state", (_, info) => (delay = info.delay));
    rt.room("a");
    await settle();
    await stream().answer(status, { code: "x" }, seconds && { "Retry-After": seconds });
    assert.equal(rt.state, "waiting");
    assert.ok(delay >= min && delay <= max, `${delay}`);
  });
}

test("a login page in place of the stream is a missing login", async () => {
  const rt = new Realtime({ url, transports: ["sse"] });
  let error;
  rt.on("state", (_, info) => (error = info.error));
  rt.room("a");
  await settle();
  const page = new Response("<html>", { headers: { "Content-Type": "text/html" } });
  Object.defineProperty(page, "redirected", { value: true });
  stream().resolve(page);
  await settle();
  assert.equal(rt.state, "closed");
  assert.equal(error.details.closeCode, 4401);
});

test("close() aborts the stream and what is under way fails", async () => {
  const { rt, room } = await joined();
  const ack = outcome(room.publish("x"));
  room.publish("y").catch(() => {});
  await settle();
  rt.close();
  await settle();
  assert.equal(stream().aborted, true);
  assert.equal(rt.state, "closed");
  assert.equal(ack.error.code, "closed");
  await sent()[0].answer(200, { type: "ack", id: sent()[0].frame.id });
  assert.equal(rt.state, "closed");
  assert.equal(sent().length, 1, "what has failed is not sent afterwards");
});

test("close() while the headers are gathered sends nothing more", async () => {
  let give;
  const rt = new Realtime({ url, transports: ["sse"], headers: () => new Promise(r => (give = r)) });
  rt.room("a");
  await settle();
  rt.close();
  give({});
  await settle();
  assert.ok(FakeHttp.all.every(r => r.aborted));
  assert.equal(rt.state, "closed");
});

test("headers that cannot be had count as a lost connection", async () => {
  let fail = true;
  const rt = new Realtime({ url, transports: ["sse"], headers: () => (fail ? Promise.reject(new Error("no")) : {}) });
  rt.room("a");
  await settle();
  assert.equal(rt.state, "waiting");
  fail = false;
  await advance(20_000);
  assert.equal(FakeHttp.all.length, 1);
});

test("asks for the presence of its rooms, and of rooms that it only watches; where a change is missing the stream opens anew", async () => {
  const rt = new Realtime({ url, transports: ["sse"] });
  const room = rt.room("project:42", { presence: true });
  rt.room("project:7", { presence: "only" });
  rt.room("project:8");
  const lists = [];
  room.onPresence(members => lists.push(members.map(m => m.user).join()));
  await settle();
  assert.deepEqual(stream().rooms, ["project:42", "project:8"]);
  assert.deepEqual(stream().url.searchParams.getAll("presence"), ["project:42", "project:7"]);
  await stream().accept({ version: 3, members: [{ user: "al", state: "online" }], count: 1 });
  await stream().receive({ type: "presence", room: "project:42", version: 4, joined: [{ user: "bob", state: "online" }], count: 2 });
  assert.deepEqual(lists, ["al", "al,bob"]);
  assert.equal(room.setPresence("idle"), false, "nothing says it over HTTP");
  const before = stream();
  await before.receive({ type: "presence", room: "project:42", resync: true });
  await advance(0);
  const asking = stream();
  assert.notEqual(asking, before);
  await before.receive({ type: "presence", room: "project:42", version: 8, left: ["al"], count: 1 });
  await advance(0);
  assert.equal(stream(), asking, "what is missing is on its way");
  await asking.accept({ version: 9, members: [{ user: "zoe", state: "online" }], count: 1 });
  assert.equal(lists.at(-1), "zoe");
});
