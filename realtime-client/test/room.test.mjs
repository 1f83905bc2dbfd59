import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { Realtime, RealtimeError } from "../dist/realtime.js";
import { advance, fakeWorld, FakeSocket, outcome, realWorld, settle } from "./support.mjs";

const url = "http://chat.example/realtime";
const event = (id, data, more = {}) => ({ type: "event", room: "project:42", event: "message.created", id, data, ...more });

async function joined(more = {}, options = {}) {
  const rt = new Realtime({ url });
  const room = rt.room("project:42", options);
  const joins = [];
  room.onJoin(j => joins.push(j));
  await settle();
  FakeSocket.last.welcome();
  FakeSocket.last.joined(more);
  return { rt, room, joins, socket: FakeSocket.last };
}

/** Loses the connection and brings up the next one, up to its welcome. */
async function reconnect(code = 1006) {
  FakeSocket.last.end(code);
  await advance(20_000);
  FakeSocket.last.welcome();
  return FakeSocket.last;
}

beforeEach(fakeWorld);
afterEach(realWorld);

test("joins with its options and hands over the state", async () => {
  const { joins, socket } = await joined({ state: { title: "apollo" } }, { presence: true, data: { device: "d1" } });
  const [join] = socket.of("join");
  assert.deepEqual(join, { type: "join", id: join.id, room: "project:42", presence: true, data: { device: "d1" } });
  assert.ok(Number.isInteger(join.id) && join.id > 0);
  assert.deepEqual(joins, [{ state: { title: "apollo" }, recovered: false, rejoined: false }]);
});

test("the same name is the same room, joined once", async () => {
  const { rt, room, socket } = await joined();
  assert.equal(rt.room("project:42"), room);
  assert.equal(socket.of("join").length, 1);
  rt.room("project:7");
  assert.equal(socket.of("join")[1].room, "project:7");
});

test("joins every room again after a reconnect, each from its own last cursor", async () => {
  const { rt, joins, socket } = await joined({ cursor: "a.1" });
  rt.room("project:7");
  socket.joined({ cursor: "b.5" });
  socket.receive(event("1", {}, { cursor: "a.2" }), event("2", {}), event("3", {}, { cursor: "a.4" }));
  const next = await reconnect();
  assert.deepEqual(next.of("join").map(j => [j.room, j.since]), [["project:42", "a.4"], ["project:7", "b.5"]]);
  const [{ id }] = next.of("join");
  next.receive({ type: "joined", id, room: "project:42", recovered: true, replay: 0, cursor: "a.4" });
  assert.deepEqual(joins[1], { state: undefined, recovered: true, rejoined: true });
});

test("an ack's cursor is no position: events before it may still be under way", async () => {
  const { room, socket } = await joined({ cursor: "a.1" });
  room.publish("x");
  socket.receive({ type: "ack", id: socket.of("publish")[0].id, cursor: "a.9" });
  assert.equal((await reconnect()).of("join")[0].since, "a.1");
});

test("a cut in the middle of a replay resumes from the last replayed event, not from the joined frame", async () => {
  const { socket } = await joined({ cursor: "a.1" });
  socket.receive(event("1", {}, { cursor: "a.2" }));
  let next = await reconnect();
  next.joined({ cursor: "a.9", recovered: true, replay: 7 });
  next = await reconnect();
  assert.equal(next.of("join")[0].since, "a.2", "nothing of the replay arrived");
  next.joined({ cursor: "a.9", recovered: true, replay: 7 });
  next.receive(event("2", {}, { cursor: "a.3" }), event("3", {}, { cursor: "a.4" }));
  assert.equal((await reconnect()).of("join")[0].since, "a.4");
});

test("not recovered: the new cursor counts and the state is drawn anew", async () => {
  const { joins } = await joined({ cursor: "a.1" });
  const next = await reconnect();
  next.joined({ cursor: "z.3", recovered: false, state: { fresh: true } });
  assert.deepEqual(joins[1], { state: { fresh: true }, recovered: false, rejoined: true });
  assert.equal((await reconnect()).of("join")[0].since, "z.3");
});

test("events come in order, each id once, across a reconnect too; those without id always", async () => {
  const { room, socket } = await joined();
  const seen = [];
  room.on("message.created", (data, meta) => seen.push([data, meta.id, meta.cursor]));
  socket.receive(event("1", "a", { cursor: "e.1" }), event("2", "b"), event("1", "a"), event("3", "c"));
  const next = await reconnect();
  next.joined({ recovered: true, replay: 2 });
  next.receive(event("3", "c"), event("4", "d"), event(undefined, "e"), event(undefined, "e"));
  assert.deepEqual(seen.map(s => s[0]), ["a", "b", "c", "d", "e", "e"]);
  assert.deepEqual(seen[0], ["a", "1", "e.1"]);
});

test("remembers a bounded number of ids", async () => {
  const { room, socket } = await joined();
  let count = 0;
  room.on("message.created", () => count++);
  for (let i = 0; i < 600; i++) {
    socket.receive(event("e" + i, i));
  }
  assert.equal(count, 600);
  socket.receive(event("e599", 1), event("e100", 1));
  assert.equal(count, 600);
  socket.receive(event("e0", 1));
  assert.equal(count, 601);
});

test("events reach a room only while it is joined", async () => {
  const { room, socket } = await joined();
  const seen = [];
  room.on("message.created", data => seen.push(data));
  const next = await reconnect();
  next.receive(event("1", "before joined"));
  next.joined();
  next.receive(event("1", "after joined"));
  assert.deepEqual(seen, ["after joined"]);
  assert.equal(socket.of("join").length, 1);
});

test("events outside rooms reach the client", async () => {
  const { rt, socket } = await joined();
  const seen = [];
  rt.on("event", (data, meta) => seen.push([meta.event, data]));
  const notice = { type: "event", to: "user", event: "notice", id: "n1", data: 5 };
  socket.receive(notice, notice);
  assert.deepEqual(seen, [["notice", 5]]);
});

test("gaps are told with their reason", async () => {
  const { room, socket } = await joined();
  const gaps = [];
  room.onGap(reason => gaps.push(reason));
  socket.receive({ type: "gap", room: "project:42", reason: "overflow" }, { type: "gap", room: "other", reason: "history" });
  assert.deepEqual(gaps, ["overflow"]);
});

test("publish resolves with the ack", async () => {
  const { room, socket } = await joined();
  const ack = outcome(room.publish("message.send", { text: "hi" }));
  const [frame] = socket.of("publish");
  assert.deepEqual(frame, { type: "publish", id: frame.id, room: "project:42", event: "message.send", key: frame.key, data: { text: "hi" } });
  assert.ok(frame.key.length > 8 && frame.key.length <= 64);
  socket.receive({ type: "ack", id: frame.id, data: { id: "m7" }, event: "01J9", cursor: "e.2" });
  await settle();
  assert.deepEqual(ack.value.data, { id: "m7" });
  assert.equal(ack.value.event, "01J9");
  assert.equal(ack.value.cursor, "e.2");
});

test("publish fails with the server's error", async () => {
  const { room, socket } = await joined();
  const ack = outcome(room.publish("message.send", { text: "" }));
  const details = [{ field: "text", message: "must not be blank" }];
  socket.receive({ type: "error", id: socket.of("publish")[0].id, code: "invalid-payload", message: "no text", retryable: false, details });
  await settle();
  assert.ok(ack.error instanceof RealtimeError && ack.error instanceof Error);
  const { code, message, retryable, details: told } = ack.error;
  assert.deepEqual({ code, message, retryable, told }, { code: "invalid-payload", message: "no text", retryable: false, told: details });
});

test("publishes wait for the join and go out in the order of the calls", async () => {
  const rt = new Realtime({ url });
  const room = rt.room("project:42");
  for (let i = 1; i <= 5; i++) {
    room.publish("x", i);
  }
  room.onJoin(() => room.publish("x", 6));
  await settle();
  FakeSocket.last.welcome();
  assert.equal(FakeSocket.last.of("publish").length, 0);
  FakeSocket.last.joined();
  assert.deepEqual(FakeSocket.last.of("publish").map(f => f.data), [1, 2, 3, 4, 5, 6]);
  const ids = FakeSocket.last.sent.map(f => f.id);
  assert.equal(new Set(ids).size, ids.length);
});

test("a publish sends what its data was at the call", async () => {
  const rt = new Realtime({ url });
  const data = { text: "then" };
  rt.room("project:42").publish("x", data);
  data.text = "later";
  await settle();
  FakeSocket.last.welcome();
  FakeSocket.last.joined();
  assert.deepEqual(FakeSocket.last.of("publish")[0].data, { text: "then" });
});

test("a lost connection repeats the publish once, with the same key, before what was published later", async () => {
  const { room, socket } = await joined();
  const first = outcome(room.publish("x", "first"));
  const [{ key }] = socket.of("publish");
  socket.end(1006);
  room.publish("x", "second").catch(() => {});
  await advance(20_000);
  const next = FakeSocket.last;
  next.welcome();
  next.joined();
  assert.deepEqual(next.of("publish").map(f => f.data), ["first", "second"]);
  assert.equal(next.of("publish")[0].key, key);
  next.receive({ type: "ack", id: next.of("publish")[0].id, data: 1 });
  await settle();
  assert.equal(first.value.data, 1);
});

test("a publish lost twice fails as unavailable, retryable, and is not sent a third time", async () => {
  const { room } = await joined();
  const ack = outcome(room.publish("x", 1));
  const next = await reconnect();
  next.joined();
  assert.equal(next.of("publish").length, 1);
  const third = await reconnect();
  third.joined();
  assert.equal(ack.error.code, "unavailable");
  assert.equal(ack.error.retryable, true);
  assert.equal(third.of("publish").length, 0);
});

test("an ack that stays out repeats the publish once with the same key; the first answer wins", async () => {
  const { room, socket } = await joined();
  const ack = outcome(room.publish("x", 1));
  await advance(9_999);
  assert.equal(socket.of("publish").length, 1);
  await advance(1);
  const [a, b] = socket.of("publish");
  assert.equal(a.key, b.key);
  assert.notEqual(a.id, b.id);
  socket.receive({ type: "ack", id: b.id, data: "done" }, { type: "ack", id: a.id, data: "late" });
  await settle();
  assert.equal(ack.value.data, "done");
});

test("a publish without any answer fails as timeout after its second attempt", async () => {
  const { room, socket } = await joined();
  const ack = outcome(room.publish("x", 1));
  await advance(10_000);
  socket.receive({ type: "ping" });
  await advance(10_000);
  assert.equal(ack.error.code, "timeout");
  assert.equal(ack.error.retryable, true);
  assert.equal(socket.of("publish").length, 2);
});

test("the server's timeout is repeated once too: the key makes it safe", async () => {
  const { room, socket } = await joined();
  const ack = outcome(room.publish("x", 1));
  socket.receive({ type: "error", id: socket.of("publish")[0].id, code: "timeout", retryable: true });
  const [a, b] = socket.of("publish");
  assert.equal(a.key, b.key);
  socket.receive({ type: "error", id: b.id, code: "timeout", retryable: true });
  await settle();
  assert.equal(ack.error.code, "timeout");
});

test("a draining node's refusal is repeated on the next connection", async () => {
  const { room, socket } = await joined();
  const ack = outcome(room.publish("x", 1));
  const [a] = socket.of("publish");
  socket.receive({ type: "error", id: a.id, code: "draining", retryable: true }, { type: "goaway", reason: "draining", reconnectAfter: 100 });
  socket.end(1012);
  await advance(100);
  FakeSocket.last.welcome();
  FakeSocket.last.joined();
  const [b] = FakeSocket.last.of("publish");
  assert.equal(a.key, b.key);
  FakeSocket.last.receive({ type: "ack", id: b.id });
  await settle();
  assert.equal(ack.state, "done");
});

test("other retryable errors are the caller's to repeat, with a key of its own", async () => {
  const { room, socket } = await joined();
  const ack = outcome(room.publish("x", 1, { key: "k1" }));
  const [a] = socket.of("publish");
  assert.equal(a.key, "k1");
  socket.receive({ type: "error", id: a.id, code: "rate-limited", retryable: true, retryAfter: 70 });
  await settle();
  assert.equal(ack.error.retryAfter, 70);
  assert.equal(socket.of("publish").length, 1);
});

test("offline, a publish waits half a minute and then fails as timeout", async () => {
  const { rt, room, socket } = await joined();
  socket.end(1006);
  const ack = outcome(room.publish("x", 1));
  for (let i = 0; i < 29; i++) {
    await advance(1000);
    if (rt.state === "connecting") {
      FakeSocket.last.end(1006);
    }
  }
  assert.equal(ack.state, "pending");
  await advance(1000);
  assert.equal(ack.error.code, "timeout");
  assert.equal(ack.error.retryable, true);
});

test("the number of waiting publishes is bounded", async () => {
  const { room, socket } = await joined();
  socket.end(1006);
  const all = Array.from({ length: 201 }, () => outcome(room.publish("x")));
  await settle();
  assert.equal(all[200].error.code, "limit");
  assert.equal(all[200].error.retryable, true);
  assert.equal(all[199].state, "pending");
});

test("data that is not JSON fails the call and nothing else", async () => {
  const { room, rt } = await joined();
  const circular = {};
  circular.self = circular;
  await assert.rejects(room.publish("x", circular), TypeError);
  assert.equal(rt.state, "connected");
});

test("send asks for no ack and is dropped while not joined", async () => {
  const { room, socket } = await joined();
  assert.equal(room.send("cursor", { x: 1 }), true);
  assert.deepEqual(socket.of("publish"), [{ type: "publish", room: "project:42", event: "cursor", data: { x: 1 } }]);
  socket.end(1006);
  assert.equal(room.send("cursor", { x: 2 }), false);
  await advance(20_000);
  FakeSocket.last.welcome();
  assert.equal(room.send("cursor", { x: 3 }), false);
  FakeSocket.last.joined();
  assert.equal(FakeSocket.last.of("publish").length, 0);
});

test("a refused join ends the room with the reason and fails its publishes", async () => {
  const rt = new Realtime({ url });
  const room = rt.room("secret");
  const left = [];
  room.onLeft(reason => left.push(reason));
  const ack = outcome(room.publish("x"));
  await settle();
  FakeSocket.last.welcome();
  FakeSocket.last.receive({ type: "error", id: FakeSocket.last.of("join")[0].id, room: "secret", code: "forbidden", message: "no", retryable: false });
  await settle();
  assert.equal(left[0].code, "forbidden");
  assert.equal(ack.error.code, "forbidden");
  await assert.rejects(room.publish("x"), { code: "forbidden" });
  assert.notEqual(rt.room("secret"), room, "asking again makes a new attempt");
  assert.equal(FakeSocket.last.of("join").length, 2);
});

test("a join refused for now is tried again after the server's delay", async () => {
  const { joins, socket } = await joined();
  socket.end(1006);
  await advance(20_000);
  const next = FakeSocket.last;
  next.welcome();
  next.receive({ type: "error", id: next.of("join")[0].id, code: "unavailable", retryable: true, retryAfter: 300 });
  await advance(299);
  assert.equal(next.of("join").length, 1);
  await advance(1);
  assert.equal(next.of("join").length, 2);
  next.joined();
  assert.equal(joins.length, 2);
});

test("a join retry does not outlive its connection", async () => {
  const { socket } = await joined();
  socket.end(1006);
  await advance(20_000);
  FakeSocket.last.welcome();
  FakeSocket.last.receive({ type: "error", id: FakeSocket.last.of("join")[0].id, code: "draining", retryable: true, retryAfter: 60_000 });
  FakeSocket.last.receive({ type: "goaway", reason: "draining", reconnectAfter: 0 });
  FakeSocket.last.end(1012);
  await advance(0);
  FakeSocket.last.welcome();
  FakeSocket.last.joined();
  FakeSocket.last.receive({ type: "ping" });
  await advance(30_000);
  FakeSocket.last.receive({ type: "ping" });
  await advance(30_000);
  assert.equal(FakeSocket.last.of("join").length, 1);
});

test("an eviction ends the room; with rejoin it comes back by itself", async () => {
  const { rt, room, socket } = await joined();
  const left = [];
  room.onLeft(reason => left.push(reason.code));
  socket.receive({ type: "left", room: "project:42", code: "evicted", rejoin: true });
  await advance(20_000);
  assert.equal(socket.of("join").length, 2);
  socket.joined();
  assert.deepEqual(left, []);
  socket.receive({ type: "left", room: "project:42", code: "evicted", rejoin: false });
  assert.deepEqual(left, ["evicted"]);
  await advance(20_000);
  assert.equal(socket.of("join").length, 2);
  assert.equal(rt.state, "connected");
});

test("leave tells the server, resolves with its answer, and no event follows", async () => {
  const { rt, room, socket } = await joined();
  const seen = [];
  room.on("message.created", data => seen.push(data));
  room.onLeft(() => seen.push("left"));
  const done = outcome(room.leave());
  const [leave] = socket.of("leave");
  assert.equal(leave.room, "project:42");
  socket.receive(event("1", "late"));
  await settle();
  assert.equal(done.state, "pending");
  const again = rt.room("project:42");
  socket.receive({ type: "left", room: "project:42", id: leave.id });
  socket.joined();
  await settle();
  assert.equal(done.state, "done");
  assert.deepEqual(seen, []);
  assert.equal(again.send("x"), true, "the answer to the leave does not end the new membership");
  await assert.rejects(room.publish("x"), { code: "left" });
});

test("a room that was left is not joined again", async () => {
  const { room, rt } = await joined();
  rt.room("stays");
  room.leave();
  const next = await reconnect();
  assert.deepEqual(next.of("join").map(j => j.room), ["stays"]);
});

test("leave while offline resolves at once", async () => {
  const { room, socket, rt } = await joined();
  socket.end(1006);
  await room.leave();
  await advance(20_000);
  FakeSocket.last.end(1006);
  assert.equal(rt.state, "idle");
});

async function watched(options = { presence: true }, more = {}) {
  const rt = new Realtime({ url });
  const room = rt.room("project:42", options);
  const lists = [];
  room.onPresence((members, count) => lists.push(members.map(m => m.user + ":" + m.state).join() + " " + count));
  await settle();
  const socket = FakeSocket.last;
  socket.welcome();
  socket.joined({ version: 11, members: [{ user: "al", state: "online" }, { user: "eve", state: "online" }], count: 2, ...more });
  const told = more => socket.receive({ type: "presence", room: "project:42", ...more });
  return { rt, room, lists, socket, told };
}

test("presence: the list from the join, then differences, each version once", async () => {
  const { room, lists, told } = await watched();
  told({ version: 11, joined: [{ user: "in-it-already", state: "online" }] });
  told({ version: 12, joined: [{ user: "bob", state: "online" }], changed: [{ user: "al", state: "idle" }], left: ["eve"], count: 17 });
  told({ version: 12, joined: [{ user: "twice", state: "online" }] });
  told({ version: 13, left: ["bob"] });
  assert.deepEqual(lists, ["al:online,eve:online 2", "al:idle,bob:online 17", "al:idle 1"]);
  assert.deepEqual(room.members, [{ user: "al", state: "idle" }]);
});

for (const missing of [{ version: 14, left: ["al"] }, { resync: true }]) {
  test(`presence: the whole is asked for where something is missing, and nothing else: ${JSON.stringify(missing)}`, async () => {
    const { room, lists, socket, told } = await watched();
    const joins = [];
    room.onJoin(join => joins.push(join));
    told({ version: 12, left: ["eve"] });
    told(missing);
    told({ version: 15, left: ["al"] });
    const asked = socket.of("join").slice(1);
    assert.deepEqual(asked, [{ type: "join", id: asked[0].id, room: "project:42", presence: "only" }]);
    assert.equal(room.send("x"), true, "still a member meanwhile");
    socket.receive({ type: "joined", id: asked[0].id, room: "project:42", version: 16, members: [{ user: "zoe", state: "online" }], count: 1 });
    told({ version: 17, joined: [{ user: "bob", state: "online" }] });
    assert.deepEqual(lists.slice(2), ["zoe:online 1", "zoe:online,bob:online 2"]);
    assert.deepEqual(joins, [], "the application did not join again");
  });
}

test("presence: asked for again when the whole could not be told, unless the connection was lost", async () => {
  const { rt, lists, socket, told } = await watched();
  told({ resync: true });
  socket.receive({ type: "error", id: socket.of("join")[1].id, code: "unavailable", retryable: true });
  await advance(20_000);
  assert.equal(socket.of("join").length, 3);
  socket.receive({ type: "joined", id: socket.of("join")[2].id, room: "project:42", version: 20, members: [], count: 0 });
  assert.equal(lists.at(-1), " 0");
  told({ resync: true });
  const next = await reconnect();
  next.joined({ version: 21, members: [{ user: "al", state: "online" }], count: 1 });
  next.receive({ type: "presence", room: "project:42", version: 22, left: ["al"], count: 0 });
  assert.deepEqual(lists.slice(-2), ["al:online 1", " 0"]);
  rt.close();
});

test("presence: the server tells the whole by itself", async () => {
  const { lists, socket, told } = await watched();
  told({ version: 40, members: [{ user: "zoe", state: "idle" }], count: 1 });
  told({ version: 41, changed: [{ user: "zoe", state: "online" }], count: 1 });
  assert.deepEqual(lists.slice(1), ["zoe:idle 1", "zoe:online 1"]);
  assert.equal(socket.of("join").length, 1);
});

test("presence: many are counted only, and listed again", async () => {
  const { room, lists, told } = await watched({ presence: true });
  told({ version: 12, count: 1001 });
  assert.deepEqual(room.members, []);
  told({ version: 13, count: 1002 });
  told({ version: 15, members: [{ user: "al", state: "online" }], count: 1 });
  assert.deepEqual(lists.slice(1), [" 1001", " 1002", "al:online 1"]);
});

test("presence: what is told of a member is that of the last frame", async () => {
  const { room, told } = await watched({ presence: true }, { members: [{ user: "al", state: "online", data: { name: "Al" } }], count: 1 });
  assert.equal(room.members[0].data.name, "Al");
  told({ version: 12, changed: [{ user: "al", state: "online" }], count: 1 });
  assert.deepEqual(room.members, [{ user: "al", state: "online" }]);
  told({ version: 13, joined: [{ user: "__proto__", state: "online", data: { x: 1 } }], count: 2 });
  assert.equal(room.members.length, 2);
  assert.equal({}.x, undefined);
});

test("presence only: watches without being in the room", async () => {
  const { socket, lists, told } = await watched({ presence: "only" }, { cursor: undefined });
  assert.equal(socket.of("join")[0].presence, "only");
  told({ version: 12, left: ["eve"], count: 1 });
  assert.deepEqual(lists, ["al:online,eve:online 2", "al:online 1"]);
});

test("presence: nobody is looking, also after a reconnect", async () => {
  const { room, socket } = await watched();
  assert.equal(room.setPresence("idle"), true);
  assert.deepEqual(socket.of("presence"), [{ type: "presence", room: "project:42", state: "idle" }]);
  const next = await reconnect();
  assert.deepEqual(next.of("presence"), []);
  assert.equal(room.setPresence("idle"), false, "not joined");
  next.joined();
  assert.equal(next.of("presence").length, 1);
  room.setPresence("online");
  assert.equal(next.of("presence")[1].state, "online");
  (await reconnect()).joined();
  assert.deepEqual(FakeSocket.last.of("presence"), []);
});
