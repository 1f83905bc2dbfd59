import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { createElement, StrictMode } from "react";
import { act, create } from "react-test-renderer";
import { Realtime } from "../dist/realtime.js";
import { RealtimeProvider, useRealtime, useRealtimeState, useRoom, useRoomEvent } from "../dist/react.js";
import { advance, fakeWorld, FakeSocket, realWorld, settle } from "./support.mjs";

globalThis.IS_REACT_ACT_ENVIRONMENT = true;

const trees = [];

/** Mounts what uses the hooks; `seen` is what each rendering returned. */
async function mount(use, { rt = new Realtime({ url: "http://chat.example/realtime" }), wrap = x => x } = {}) {
  const seen = [];
  const Component = props => {
    seen.push(use(props));
    return null;
  };
  const element = props => wrap(createElement(RealtimeProvider, { value: rt }, createElement(Component, props)));
  let tree;
  await act(async () => {
    tree = create(element({}));
    await settle();
  });
  trees.push(tree);
  return { rt, seen, render: props => act(async () => tree.update(element(props))), unmount: () => act(async () => tree.unmount()) };
}

const server = run => act(async () => (run(FakeSocket.last), await settle()));
const event = (id, data) => ({ type: "event", room: "project:42", event: "message.created", id, data });

beforeEach(() => {
  fakeWorld();
  mock.method(console, "error", () => {}); // The test renderer says that it is old.
});
afterEach(async () => {
  for (const tree of trees.splice(0)) {
    await act(async () => tree.unmount());
  }
  realWorld();
});

test("useRoom joins the room and shows state, members and what ended it", async () => {
  const { seen } = await mount(() => useRoom("project:42", { presence: true }));
  const { room, ...first } = seen[0];
  assert.equal(room.name, "project:42");
  assert.deepEqual(first, { state: undefined, joined: false, members: [] });
  await server(ws => ws.welcome());
  assert.equal(FakeSocket.last.of("join")[0].presence, true);
  await server(ws => ws.joined({ state: { title: "apollo" }, members: [{ user: "al" }] }));
  assert.deepEqual({ ...seen.at(-1), room: undefined }, { room: undefined, state: { title: "apollo" }, joined: true, members: [{ user: "al" }] });
  assert.equal(seen.at(-1).room, room);
  await server(ws => ws.receive({ type: "left", room: "project:42", code: "evicted", rejoin: false }));
  assert.equal(seen.at(-1).error.code, "evicted");
  assert.equal(seen.at(-1).joined, false);
});

test("a recovered join keeps the state, one that is not replaces it", async () => {
  const { seen } = await mount(() => useRoom("project:42"));
  await server(ws => (ws.welcome(), ws.joined({ state: 1 })));
  for (const [recovered, state] of [[true, 1], [false, 3]]) {
    await server(ws => ws.end(1001));
    await act(() => advance(20_000));
    await server(ws => (ws.welcome(), ws.joined({ recovered, state: 3 })));
    assert.equal(seen.at(-1).state, state);
  }
});

test("a room is shared by all components, and left when the last one is gone", async () => {
  const { rt, seen, render, unmount } = await mount(({ name = "project:42" }) => [useRoom(name), useRoom("project:42")]);
  await server(ws => (ws.welcome(), ws.joined()));
  assert.equal(seen.at(-1)[0].room, seen.at(-1)[1].room);
  assert.equal(FakeSocket.last.of("join").length, 1);
  await render({ name: "project:7" });
  await act(() => advance(2_000));
  assert.deepEqual(FakeSocket.last.of("leave"), []);
  assert.equal(seen.at(-1)[0].room.name, "project:7");
  await render({});
  await act(() => advance(2_000));
  assert.deepEqual(FakeSocket.last.of("leave").map(f => f.room), ["project:7"]);
  await unmount();
  await advance(2_000);
  assert.deepEqual(FakeSocket.last.of("leave").map(f => f.room), ["project:7", "project:42"]);
  const again = await mount(() => useRoom("project:42"), { rt });
  assert.equal(FakeSocket.last.of("join").at(-1).room, "project:42");
  await server(ws => ws.joined({ state: "again" }));
  assert.equal(again.seen.at(-1).state, "again");
});

test("strict mode mounts twice and joins once", async () => {
  const { seen } = await mount(() => useRoom("project:42"), { wrap: x => createElement(StrictMode, null, x) });
  await server(ws => (ws.welcome(), ws.joined({ state: 1 })));
  await act(() => advance(5_000));
  assert.deepEqual(FakeSocket.last.sent.map(f => f.type), ["join"]);
  assert.equal(seen.at(-1).state, 1);
});

test("useRoomEvent calls the newest listener, of the newest event, until it is unmounted", async () => {
  const seen = [];
  const { render, unmount } = await mount(({ tag = "a", name = "message.created" }) => useRoomEvent(useRoom("project:42").room, name, data => seen.push(tag + data)));
  await server(ws => (ws.welcome(), ws.joined()));
  await server(ws => ws.receive(event("1", 1)));
  await render({ tag: "b" });
  await server(ws => ws.receive(event("2", 2)));
  await render({ tag: "c", name: "typing" });
  await server(ws => ws.receive(event("3", 3), { ...event("4", 4), event: "typing" }));
  await unmount();
  await server(ws => ws.receive({ ...event("5", 5), event: "typing" }));
  assert.deepEqual(seen, ["a1", "b2", "c4"]);
});

test("useRealtimeState follows the connection", async () => {
  const { seen } = await mount(() => (useRoom("project:42"), useRealtimeState()));
  await server(ws => ws.welcome());
  await server(ws => ws.end(4403));
  assert.deepEqual([...new Set(seen)], ["connecting", "connected", "closed"]);
});

test("without a provider the hooks say so", async () => {
  const Component = () => (useRealtime(), null);
  await assert.rejects(
    async () => await act(async () => create(createElement(Component))),
    /no RealtimeProvider/,
  );
});
