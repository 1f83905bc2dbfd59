import { mock } from "node:test";
import { FakeHttp } from "./http.mjs";

/** A WebSocket whose server side is the test. */
export class FakeSocket {
  static all = [];
  static get last() {
    return FakeSocket.all.at(-1);
  }

  readyState = 0;
  sent = [];
  closedWith = undefined;

  constructor(url, protocols) {
    this.url = url;
    this.protocols = protocols;
    FakeSocket.all.push(this);
  }

  send(text) {
    if (this.readyState === 0) {
      throw new Error("still connecting");
    }
    this.sent.push(JSON.parse(text));
  }

  close(code) {
    this.closedWith = code;
    this.readyState = 2;
  }

  /** Frames of one type that the client sent. */
  of(type) {
    return this.sent.filter(f => f.type === type);
  }

  open() {
    this.readyState = 1;
    this.onopen();
  }

  receive(...frames) {
    this.onmessage({ data: frames.map(f => (typeof f === "string" ? f : JSON.stringify(f))).join("\n") });
  }

  end(code, reason = "") {
    this.readyState = 3;
    this.onclose({ code, reason });
  }

  welcome(more = {}) {
    this.open();
    this.receive({
      type: "welcome",
      protocol: 1,
      connection: "c" + FakeSocket.all.length,
      session: "s1",
      user: "alice",
      heartbeat: { interval: 25000, timeout: 10000 },
      reconnect: { min: 500, max: 20000 },
      limits: { frameBytes: 65536, rooms: 100 },
      ...more,
    });
  }

  /** Answers the last join. */
  joined(more = {}) {
    const { id, room } = this.of("join").at(-1);
    this.receive({ type: "joined", id, room, cursor: "e.1", recovered: false, state: {}, ...more });
  }
}

/** Lets promise callbacks and streams run; timers stay where they are. */
export const settle = async () => {
  for (let i = 0; i < 4; i++) {
    await new Promise(setImmediate);
  }
};

export const advance = async ms => {
  mock.timers.tick(ms);
  await settle();
};

export function fakeWorld() {
  FakeSocket.all = [];
  FakeHttp.all = [];
  globalThis.WebSocket = FakeSocket;
  globalThis.fetch = FakeHttp.fetch;
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_000_000 });
}

const { WebSocket: realSocket, fetch: realFetch } = globalThis;

export function realWorld() {
  Object.assign(globalThis, { WebSocket: realSocket, fetch: realFetch });
  mock.timers.reset();
  mock.restoreAll();
}

/** The outcome of a promise so far: `pending`, its value, or its error. */
export function outcome(promise) {
  const seen = { state: "pending" };
  promise.then(
    value => Object.assign(seen, { state: "done", value }),
    error => Object.assign(seen, { state: "failed", error }),
  );
  return seen;
}
