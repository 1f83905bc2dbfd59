import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { Realtime } from "../dist/realtime.js";
import { FakeHttp } from "./http.mjs";
import { advance, fakeWorld, outcome, realWorld, settle } from "./support.mjs";

const url = "http://chat.example/realtime";
const event = (id, data, more = {}) => ({ type: "event", room: "project:42", event: "message.created", id, data, ...more });
const poll = () => FakeHttp.last("/poll");
const polls = () => FakeHttp.of("/poll");
const asked = request => Object.fromEntries(request.url.searchParams);

let states;

async function joined(cursor = "p.1", more = {}, options = {}) {
  const rt = new Realtime({ url, transports: ["poll"], ...options });
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
  await poll().acceptPoll(cursor, more);
  return { rt, room, joins, seen, gaps };
}

/** The poll and its repetition fail. */
async function lose() {
  await poll().fail();
  await advance(500);
  await poll().fail();
}

beforeEach(fakeWorld);
afterEach(realWorld);

test("polls one after the other, each from the cursor of the answer before", async () => {
  const { rt, seen, joins } = await joined("p.1", { state: { title: "apollo" } });
  assert.equal(rt.state, "connected");
  assert.equal(rt.transport, "poll");
  assert.deepEqual(joins, [{ state: { title: "apollo" }, recovered: false, rejoined: false }]);
  assert.deepEqual(asked(polls()[0]), { room: "project:42", wait: "25000ms" });
  assert.equal(polls().length, 2);
  assert.equal(asked(poll()).cursor, "p.1");
  assert.equal(poll().headers["X-Realtime-Session"], "s1");
  await poll().polled("p.3", event("1", 1), event("2", 2), { type: "ping" });
  assert.equal(asked(poll()).cursor, "p.3");
  await poll().answer(204, undefined, { "Realtime-Cursor": "p.4" });
  assert.equal(asked(poll()).cursor, "p.4");
  await poll().answer(204);
  assert.equal(asked(poll()).cursor, "p.4");
  await poll().polled("p.5", event("2", 2), event("3", 3));
  assert.deepEqual(seen, [1, 2, 3]);
  assert.equal(polls().length, 6);
});

test("waits for as long as the heartbeat's interval", async () => {
  await joined();
  await poll().polled("p.2", { type: "welcome", connection: "h1", heartbeat: { interval: 300, timeout: 200 } });
  assert.equal(asked(poll()).wait, "300ms");
});

test("a lost poll is repeated once with its cursor: the server still has the answer", async () => {
  const { rt, seen } = await joined("p.1");
  for (let i = 2; i < 5; i++) {
    await poll().fail();
    await advance(499);
    assert.equal(polls().length, 2 * i - 2);
    await advance(1);
    assert.equal(asked(poll()).cursor, "p." + (i - 1));
    await poll().polled("p." + i, event("e" + i, i));
  }
  assert.deepEqual(seen, [2, 3, 4]);
  assert.equal(rt.state, "connected");
});

test("after a loss goes on from the cursor of each room", async () => {
  const { rt, seen, joins } = await joined("p.1", { cursor: "a.1" });
  await poll().polled("p.3", event("1", 1, { cursor: "a.2" }), event("2", 2, { cursor: "a.3" }));
  await lose();
  assert.equal(rt.state, "waiting");
  await advance(20_000);
  assert.deepEqual(asked(poll()), { room: "project:42@a.3", wait: "25000ms" });
  await poll().acceptPoll("p.9", { recovered: true, replay: 1, cursor: "a.4" });
  await poll().polled("p.10", event("3", 3, { cursor: "a.4" }));
  assert.deepEqual(seen, [1, 2, 3]);
  assert.equal(joins[1].recovered, true);
});

test("410: begins anew without a cursor and says that nothing was recovered", async () => {
  const { rt, joins, gaps } = await joined("p.1", { cursor: "a.1" });
  await poll().answer(410, { code: "conflict" });
  assert.deepEqual(asked(poll()), { room: "project:42", wait: "25000ms" });
  await poll().acceptPoll("q.1", { recovered: false, state: { fresh: true } });
  assert.deepEqual(joins[1], { state: { fresh: true }, recovered: false, rejoined: true });
  assert.deepEqual(gaps, []);
  assert.equal(rt.state, "connected");
  assert.deepEqual(states.map(s => s.state), ["connecting", "connected"]);
  assert.equal(asked(poll()).cursor, "q.1");
});

test("409: goes on from the cursor of each room", async () => {
  const { rt } = await joined("p.1", { cursor: "a.1" });
  await poll().polled("p.2", event("1", 1, { cursor: "a.2" }));
  await poll().answer(409, { code: "conflict" });
  assert.deepEqual(asked(poll()), { room: "project:42@a.2", wait: "25000ms" });
  await poll().acceptPoll("q.1", { recovered: true });
  assert.equal(rt.state, "connected");
});

test("a cursor refused twice in a row: backs off", async () => {
  const { rt } = await joined();
  await poll().answer(409, { code: "conflict" });
  await poll().answer(410, { code: "conflict" });
  assert.equal(rt.state, "waiting");
  assert.equal(polls().length, 3);
});

test("other rooms: another poll with the cursor of each room, beside the pending one", async () => {
  const { rt, seen } = await joined("p.1", { cursor: "a.1" });
  const old = poll();
  const second = rt.room("project:7");
  await advance(1);
  assert.deepEqual(poll().rooms, ["project:42@a.1", "project:7"]);
  assert.equal(old.aborted, false);
  await poll().polled("q.1", { type: "welcome", connection: "h9", session: "s1" }, { type: "joined", room: "project:42", recovered: true, replay: 1, cursor: "a.2" }, { type: "joined", room: "project:7", cursor: "b.1" }, event("1", 1, { cursor: "a.2" }));
  assert.equal(old.aborted, true);
  assert.deepEqual(seen, [1]);
  assert.equal(second.send("x"), true);
  assert.equal(asked(poll()).cursor, "q.1");
});

test("a superseded poll whose successor is on the way ends nothing", async () => {
  const { rt } = await joined();
  const old = poll();
  rt.room("project:7");
  await advance(1);
  await old.answer(401);
  await FakeHttp.of("/poll").find(r => r.rooms.includes("project:7")).acceptPoll("q.1");
  assert.equal(rt.state, "connected");
});

test("publishes by POST, repeated once by key when the request is lost", async () => {
  const { room } = await joined();
  const ack = outcome(room.publish("x", 1));
  await settle();
  await FakeHttp.last("/send").fail();
  await advance(20_000);
  await poll().acceptPoll("p.1", { recovered: true });
  const [a, b] = FakeHttp.of("/send");
  assert.equal(a.frame.key, b.frame.key);
  await b.answer(200, { type: "ack", id: b.frame.id, data: 5 });
  assert.equal(ack.value.data, 5);
});

test("a poll that nobody answers is given up by the watchdog", async () => {
  const { rt } = await joined();
  await advance(34_999);
  assert.equal(rt.state, "connected");
  await advance(1);
  assert.equal(states.at(-1).error.details.closeCode, 4504);
  assert.equal(poll().aborted, true);
});

test("an empty answer in time keeps the connection", async () => {
  const { rt } = await joined();
  for (let i = 0; i < 5; i++) {
    await advance(25_000);
    await poll().answer(204);
  }
  assert.equal(rt.state, "connected");
});

test("the watchdog of an opening poll is the one of an opening connection", async () => {
  const rt = new Realtime({ url, transports: ["poll"] });
  rt.room("a");
  await settle();
  await advance(15_000);
  assert.equal(rt.state, "waiting");
});

test("a goaway ends the polls with its code and delay", async () => {
  const { rt } = await joined();
  await poll().polled("p.2", { type: "goaway", reason: "draining", reconnectAfter: 1840, code: 1012 });
  assert.equal(states.at(-1).delay, 1840);
  assert.equal(states.at(-1).error.details.closeCode, 1012);
  await advance(1840);
  await poll().acceptPoll("p.3");
  await poll().polled("p.4", { type: "goaway", code: 4403 }, event("late", 1));
  assert.equal(rt.state, "closed");
  assert.equal(states.at(-1).error.details.closeCode, 4403);
});

test("429 and 503 with Retry-After are waited for", async () => {
  for (const status of [429, 503]) {
    const { rt } = await joined();
    await poll().answer(status, { code: "x" }, { "Retry-After": "3" });
    assert.equal(rt.state, "waiting");
    assert.ok(states.at(-1).delay >= 3000);
    rt.close();
  }
});

test("401: one fresh token, then the end", async () => {
  const { rt } = await joined("p.1", {}, { token: refused => (refused ? "fresh" : "old") });
  await poll().answer(401);
  await advance(0);
  assert.equal(poll().headers.Authorization, "Bearer fresh");
  await poll().answer(401);
  assert.equal(rt.state, "closed");
});

test("an answer that is no JSON counts as lost", async () => {
  const { rt } = await joined();
  for (let i = 0; i < 2; i++) {
    assert.equal(rt.state, "connected");
    poll().resolve(new Response("{", { headers: { "Content-Type": "application/json" } }));
    await settle();
    await advance(500);
  }
  assert.notEqual(rt.state, "connected");
});
