// Compiled by `npm run check`, never run.
import { useRoom, useRoomEvent } from "../src/react.js";
import { Realtime, RealtimeError, type Ack } from "../src/realtime.js";

interface State {
  title: string;
}
interface Events {
  "message.created": { id: string; text: string };
  typing: { user: string };
}
interface Commands {
  "message.send": (data: { text: string }) => { id: string };
  cursor: { x: number; y: number };
}

const rt = new Realtime({ token: async () => "t" });
const room = rt.room<State, Events, Commands>("project:42", { presence: true });

export async function typed(): Promise<string> {
  room.onJoin(({ state, recovered }) => recovered || state.title.length);
  room.on("message.created", (m, meta) => m.text + meta.id);
  const ack: Ack<{ id: string }> = await room.publish("message.send", { text: "hi" });
  room.send("cursor", { x: 1, y: 2 });
  // @ts-expect-error an event that is not in the map
  room.on("message.deleted", () => {});
  // @ts-expect-error a field that the event does not have
  room.on("typing", t => t.name);
  // @ts-expect-error a payload of another shape
  room.publish("message.send", { body: "hi" }).catch((e: RealtimeError) => e.retryAfter);
  // @ts-expect-error not a state
  rt.on("state", s => s == "open");
  const untyped = rt.room("anything");
  untyped.on("whatever", data => data.at.all);
  await untyped.publish("whatever", { a: 1 });
  const signal = AbortSignal.timeout(1000);
  for await (const m of room.events("message.created", signal)) {
    m.text.length;
    // @ts-expect-error a field that the event does not have
    m.body;
  }
  // @ts-expect-error not a transport
  new Realtime({ transports: ["carrier-pigeon"] });
  new Realtime({ transports: ["sse", "poll"], headers: () => ({ "X-XSRF-TOKEN": "t" }) });
  return ack.data.id;
}

export function Component() {
  const { room, state, members } = useRoom<State, Events, Commands>("project:42", { presence: true });
  useRoomEvent(room, "message.created", (m, meta) => m.text + meta.id);
  // @ts-expect-error an event that is not in the map
  useRoomEvent(room, "message.deleted", () => {});
  room.send("cursor", { x: 1, y: 2 });
  return state ? state.title + members.length : undefined;
}
