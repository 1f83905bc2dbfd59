import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { Realtime } from "../dist/realtime.js";
import { fakeWorld, FakeSocket, outcome, realWorld, settle } from "./support.mjs";

const event = (id, data) => ({ type: "event", room: "project:42", event: "a", id: String(id), data });

async function joined() {
  const rt = new Realtime({ url: "http://chat.example/realtime" });
  const room = rt.room("project:42");
  await settle();
  FakeSocket.last.welcome();
  FakeSocket.last.joined();
  return { rt, room, socket: FakeSocket.last };
}

/** Loops until the end; what it saw so far is in `seen`. */
function loop(events, until = () => false) {
  const seen = [];
  const end = outcome(
    (async () => {
      for await (const data of events) {
        seen.push(data);
        if (until(data)) {
          break;
        }
      }
    })(),
  );
  return { seen, end };
}

beforeEach(fakeWorld);
afterEach(realWorld);

test("a loop sees every event from the call on, in order, also those that came before it asked", async () => {
  const { room, socket } = await joined();
  const events = room.events("a");
  socket.receive(event(1, 1), event(2, 2));
  const { seen, end } = loop(events);
  await settle();
  socket.receive(event(3, 3), event(3, 3), { ...event(4, 4), event: "b" });
  await settle();
  assert.deepEqual(seen, [1, 2, 3]);
  assert.equal(end.state, "pending");
});

test("two loops over one room do not take each other's events", async () => {
  const { room, socket } = await joined();
  const a = loop(room.events("a"));
  const b = loop(room.events("a"), data => data === 1);
  socket.receive(event(1, 1));
  await settle();
  socket.receive(event(2, 2));
  await settle();
  assert.deepEqual([a.seen, b.seen], [[1, 2], [1]]);
  assert.equal(b.end.state, "done");
});

test("a loop ends with its signal, and at once when that was aborted before", async () => {
  const { room, socket } = await joined();
  const stop = new AbortController();
  const { seen, end } = loop(room.events("a", stop.signal));
  socket.receive(event(1, 1));
  await settle();
  stop.abort();
  socket.receive(event(2, 2));
  await settle();
  assert.deepEqual(seen, [1]);
  assert.equal(end.state, "done");
  const late = loop(room.events("a", stop.signal));
  await settle();
  assert.equal(late.end.state, "done");
});

test("a loop survives reconnects, and ends when the room is left", async () => {
  const { room, socket } = await joined();
  const { seen, end } = loop(room.events("a"));
  socket.receive(event(1, 1));
  await settle();
  socket.end(1001);
  await settle();
  assert.equal(end.state, "pending");
  room.leave();
  await settle();
  assert.equal(end.state, "done");
  assert.deepEqual(seen, [1]);
  const after = loop(room.events("a"));
  await settle();
  assert.equal(after.end.state, "done");
});

test("a membership that the server ends is thrown, after what came before", async () => {
  const { room, socket } = await joined();
  const { seen, end } = loop(room.events("a"));
  socket.receive(event(1, 1), { type: "left", room: "project:42", code: "evicted", rejoin: false });
  await settle();
  assert.deepEqual(seen, [1]);
  assert.equal(end.error.code, "evicted");
});

test("a loop that is too slow is told: 256 events wait for it, then it throws", async () => {
  const { room, socket } = await joined();
  const events = room.events("a");
  for (let i = 0; i < 300; i++) {
    socket.receive(event(i, i));
  }
  const { seen, end } = loop(events);
  await settle();
  assert.equal(seen.length, 256);
  assert.equal(seen.at(-1), 255);
  assert.equal(end.error.code, "overflow");
});

test("who leaves a loop listens no more", async () => {
  const { room, socket } = await joined();
  const stop = new AbortController();
  loop(room.events("a", stop.signal), () => true);
  socket.receive(event(1, 1));
  await settle();
  const listeners = Object.values(room).find(v => v instanceof Map && [...v.keys()].includes("e:a"));
  assert.equal(listeners.get("e:a").size, 0);
});
