// Random disconnects against a model of the server, on every transport, with a seed: MODEL_SEED=… repeats a run, MODEL_RUNS=… makes more of them.
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { Realtime } from "../dist/realtime.js";
import { advance as tick, fakeWorld, realWorld } from "./support.mjs";

const RUNS = Number(process.env.MODEL_RUNS || 4);
const STEPS = 300;
const HISTORY = 40;
const seed = Number(process.env.MODEL_SEED || Math.floor(Math.random() * 2 ** 31));

/** In steps, because one promise's timer follows from another's. */
const advance = async ms => {
  const step = ms > 1_000 ? 500 : 50;
  for (; ms > 0; ms -= step) {
    await tick(Math.min(ms, step));
  }
};

/** mulberry32 */
const random = seed => () => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
};

/** Rooms with a bounded history, connections that can be cut at any frame, a network that delays and keeps order. */
class Server {
  rooms = new Map();
  connections = new Set();
  acks = new Map();
  runs = new Map();
  up = true;
  blocked = new Set();
  ids = 0;

  constructor(random) {
    this.random = random;
  }

  room(name) {
    if (!this.rooms.has(name)) {
      this.rooms.set(name, { name, log: [] });
    }
    return this.rooms.get(name);
  }

  publish(name, data) {
    const { log } = this.room(name);
    const frame = { type: "event", room: name, event: "said", id: name + log.length, cursor: "e." + (log.length + 1), data };
    log.push(frame);
    for (const connection of [...this.connections]) {
      if (connection.rooms.has(name)) {
        connection.send(frame);
        if (this.random() < 0.1) {
          connection.send(frame);
        }
      }
    }
  }

  /** A standard event: whoever is not there misses it. */
  notice(name, data) {
    const frame = { type: "event", room: name, event: "noticed", id: "n" + data, data };
    this.connections.forEach(c => c.rooms.has(name) && c.send(frame));
  }

  since(name, cursor) {
    const { log } = this.room(name);
    const offset = cursor === undefined ? -1 : Number(cursor.slice(2));
    return offset >= 0 && offset >= log.length - HISTORY ? log.slice(offset) : undefined;
  }

  join(name, since, id) {
    const { log } = this.room(name);
    const missed = this.since(name, since);
    const joined = { type: "joined", id, room: name, cursor: "e." + log.length, recovered: !!missed, replay: missed?.length || 0, state: log.map(f => f.data) };
    return [joined, ...(missed || []), ...(since ? [{ type: "gap", room: name, reason: "away" }] : [])];
  }

  welcome() {
    const heartbeat = { interval: 25000, timeout: 10000 };
    return { type: "welcome", protocol: 1, connection: "c" + ++this.ids, session: "s", heartbeat, reconnect: { min: 10, max: 300 } };
  }

  command({ id, key, room, data }) {
    let ack = this.acks.get(key);
    if (!ack) {
      this.runs.set(data, (this.runs.get(data) || 0) + 1);
      this.acks.set(key, (ack = { type: "ack", data }));
      this.publish(room, data);
    }
    return { ...ack, id };
  }

  /** Runs later, behind what `lane` already has. */
  later(lane, run) {
    lane.at = Math.max(lane.at || 0, Date.now() + Math.floor(this.random() * 60));
    setTimeout(() => lane.cut || run(), lane.at - Date.now());
  }

  cut() {
    [...this.connections].forEach(c => c.end());
  }
}

const world = server => {
  class ModelSocket {
    lane = {};
    rooms = new Set();

    constructor() {
      server.later(this.lane, () => {
        if (!server.up || server.blocked.has("websocket")) {
          return this.end();
        }
        server.connections.add(this);
        this.onopen();
        this.send(server.welcome(), false);
      });
    }

    // From the client and from the server, which both know this object.
    send(what) {
      if (typeof what !== "string") {
        server.later(this.lane, () => this.onmessage({ data: JSON.stringify(what) }));
      } else if (!this.lane.cut) {
        server.later(this.lane, () => this.take(JSON.parse(what)));
      }
    }

    take(frame) {
      if (frame.type === "join") {
        server.join(frame.room, frame.since, frame.id).forEach(f => this.send(f));
        this.rooms.add(frame.room);
      } else if (frame.type === "leave") {
        this.rooms.delete(frame.room);
        this.send({ type: "left", id: frame.id, room: frame.room });
      } else if (frame.type === "publish") {
        this.send(server.command(frame));
      }
    }

    end() {
      server.connections.delete(this);
      if (!this.lane.cut) {
        this.lane.cut = true;
        setTimeout(() => this.onclose({ code: 1006, reason: "" }), 1);
      }
    }

    close() {
      server.connections.delete(this);
      this.lane.cut = true;
    }
  }

  const json = (body, status = 200, headers = {}) =>
    new Response(status === 204 ? undefined : JSON.stringify(body), { status, headers: { "Content-Type": "application/json", ...headers } });
  const asked = params => params.getAll("room").map(r => r.split("@"));

  const sse = (params, resolve, reject, signal) => {
    const encoder = new TextEncoder();
    let stream;
    const connection = {
      lane: {},
      rooms: new Set(asked(params).map(([name]) => name)),
      send: frame => server.later(connection.lane, () => stream.enqueue(encoder.encode(`data: ${JSON.stringify(frame)}\n\n`))),
      end: () => {
        server.connections.delete(connection);
        connection.lane.cut ||= (setTimeout(() => stream.error(new TypeError("cut")), 1), true);
      },
    };
    signal.addEventListener("abort", () => {
      server.connections.delete(connection);
      connection.lane.cut = true;
      stream.error(signal.reason);
    });
    resolve(new Response(new ReadableStream({ start: s => (stream = s) }), { headers: { "Content-Type": "text/event-stream" } }));
    server.connections.add(connection);
    connection.send(server.welcome());
    asked(params).forEach(([name, since]) => server.join(name, since).forEach(connection.send));
  };

  /** The cursor of the polls is the list of the offsets. */
  const poll = (params, resolve, reject, signal) => {
    const rooms = asked(params);
    const connection = {
      lane: {},
      rooms: new Set(rooms.map(([name]) => name)),
      send: () => server.later(connection.lane, answer),
      end: () => {
        server.connections.delete(connection);
        connection.lane.cut = true;
        reject(new TypeError("cut"));
      },
    };
    const cursor = () => rooms.map(([name]) => server.room(name).log.length).join("_");
    const from = params.get("cursor")?.split("_");
    const answer = () => {
      const frames = rooms.map(([name], i) => server.since(name, "e." + from[i]));
      server.connections.delete(connection);
      connection.lane.cut = true;
      resolve(frames.includes(undefined) ? json({ code: "conflict" }, 410) : json({ cursor: cursor(), frames: frames.flat() }));
    };
    signal.addEventListener("abort", () => {
      server.connections.delete(connection);
      connection.lane.cut = true;
      reject(signal.reason);
    });
    if (!from) {
      resolve(json({ cursor: cursor(), frames: [server.welcome(), ...rooms.flatMap(([name, since]) => server.join(name, since))] }));
    } else if (params.get("cursor") !== cursor()) {
      answer();
    } else {
      server.connections.add(connection);
      setTimeout(() => connection.lane.cut || (connection.end(), resolve(json(0, 204))), 25_000);
    }
  };

  globalThis.WebSocket = ModelSocket;
  globalThis.fetch = (url, { body, signal }) =>
    new Promise((resolve, reject) => {
      const { pathname, searchParams } = new URL(url);
      const lane = {};
      signal.addEventListener("abort", () => reject(signal.reason));
      const lost = () => reject(new TypeError("Failed to fetch"));
      server.later(lane, () => {
        if (!server.up || server.blocked.has(pathname)) {
          lost();
        } else if (pathname.endsWith("/send")) {
          const ack = server.command(JSON.parse(body));
          server.later(lane, server.random() < 0.15 ? lost : () => resolve(json(ack)));
        } else if (!signal.aborted) {
          (pathname.endsWith("/sse") ? sse : poll)(searchParams, resolve, reject, signal);
        }
      });
    });
};

async function run(seed, transports) {
  const next = random(seed);
  mock.method(Math, "random", next);
  const server = new Server(next);
  world(server);
  const rt = new Realtime({ url: "http://chat.example/realtime", transports, patience: 600_000 });
  const room = rt.room("r");
  let view = [];
  const notices = [];
  let told = 0; // whatever says that standard events may be missing
  let joins = 0;
  room.onJoin(({ state, recovered }) => {
    joins++;
    told++;
    if (!recovered) {
      view = [...state];
    }
  });
  room.onGap(() => told++);
  room.on("said", data => view.push(data));
  room.on("noticed", data => notices.push(data));
  const outcomes = [];
  let commands = 0;
  let noticed = 0;
  for (let i = 0; i < STEPS; i++) {
    const dice = next();
    if (dice < 0.25) {
      server.publish("r", "p" + i);
    } else if (dice < 0.35) {
      server.notice("r", noticed++);
    } else if (dice < 0.55) {
      const n = "c" + commands++;
      room.publish("say", n).then(() => outcomes.push([n, "done"]), e => outcomes.push([n, e.code]));
    } else if (dice < 0.65) {
      server.cut();
    } else if (dice < 0.7) {
      rt.room("other").leave();
    } else if (dice < 0.75) {
      rt.room("other");
    } else if (dice < 0.77 || (!server.up && dice > 0.9)) {
      server.up = !server.up;
      server.cut();
    } else if (dice < 0.8) {
      server.blocked = new Set(["websocket", "/realtime/sse"].filter(() => next() < 0.5));
    } else if (dice < 0.81) {
      for (let j = 0; j < 2 * HISTORY; j++) {
        server.publish("r", `burst ${i}.${j}`);
      }
    }
    await advance(Math.floor(next() * (dice > 0.97 ? 20_000 : 300)));
  }
  server.up = true;
  server.blocked.clear();
  for (let quiet = 0, i = 0; quiet < 15 && i < 300; i++) {
    await tick(500);
    await tick(500);
    quiet = outcomes.length < commands ? 0 : quiet + 1;
  }
  const what = `MODEL_SEED=${seed} ${transports}`;
  const log = server.room("r").log.map(f => f.data);
  assert.deepEqual(view, log, `${what}: what the application shows is what happened, in order, once`);
  assert.equal(outcomes.length, commands, `${what}: every command has an outcome`);
  for (const [n, outcome] of outcomes) {
    assert.ok(outcome === "done" || outcome === "unavailable" || outcome === "timeout", `${what}: ${n} ${outcome}`);
    assert.ok((server.runs.get(n) || 0) <= 1, `${what}: ${n} ran once`);
    assert.ok(outcome !== "done" || server.runs.get(n) === 1, `${what}: ${n} ran`);
  }
  const acknowledged = new Set(outcomes.filter(([, outcome]) => outcome === "done").map(([n]) => n));
  const ran = [...server.runs.keys()].filter(n => acknowledged.has(n)).map(n => Number(n.slice(1)));
  assert.deepEqual(ran, [...ran].sort((a, b) => a - b), `${what}: commands ran in the order of the calls`);
  assert.deepEqual(notices, [...new Set(notices)].sort((a, b) => a - b), `${what}: notices in order, once`);
  assert.ok(notices.length === noticed || told > 1, `${what}: missing notices are told`);
  rt.close();
  await advance(1_000);
  return joins;
}

beforeEach(fakeWorld);
afterEach(realWorld);

for (const transports of [["websocket"], ["sse"], ["poll"], ["websocket", "sse", "poll"]]) {
  test(`nothing is lost, doubled or out of order over ${transports} (MODEL_SEED=${seed})`, async () => {
    let joins = 0;
    for (let i = 0; i < RUNS; i++) {
      joins += await run(seed + i, transports);
      mock.restoreAll();
    }
    assert.ok(joins > 10 * RUNS, `${joins} joins`);
  });
}
