import { settle } from "./support.mjs";

const welcome = (more = {}) => ({
  type: "welcome",
  protocol: 1,
  connection: "h" + FakeHttp.all.length,
  session: "s1",
  user: "alice",
  heartbeat: { interval: 25000, timeout: 10000 },
  reconnect: { min: 500, max: 20000 },
  limits: { frameBytes: 65536, rooms: 8 },
  ...more,
});

/** A request whose server side is the test. */
export class FakeHttp {
  static all = [];

  static of(path) {
    return FakeHttp.all.filter(r => r.url.pathname === "/realtime" + path);
  }

  static last(path) {
    return FakeHttp.of(path).at(-1);
  }

  static fetch = (url, { method = "GET", headers, body, signal }) =>
    new Promise((resolve, reject) => {
      const request = new FakeHttp(new URL(url), method, headers, body);
      request.resolve = resolve;
      request.reject = reject;
      const abort = () => {
        request.aborted = true;
        reject(signal.reason);
        request.stream?.error(signal.reason);
      };
      signal.addEventListener("abort", abort);
      if (signal.aborted) {
        abort();
      }
      FakeHttp.all.push(request);
    });

  aborted = false;

  constructor(url, method, headers, body) {
    Object.assign(this, { url, method, headers, body });
  }

  get rooms() {
    return this.url.searchParams.getAll("room");
  }

  get frame() {
    return JSON.parse(this.body);
  }

  /** The network fails. */
  async fail() {
    this.reject(new TypeError("Failed to fetch"));
    await settle();
  }

  async answer(status, body, headers = {}) {
    const type = body?.type || status < 300 ? "application/json" : "application/problem+json";
    this.resolve(new Response(body && JSON.stringify(body), { status, headers: { "Content-Type": type, ...headers } }));
    await settle();
  }

  // An event stream

  async begin(...frames) {
    const body = new ReadableStream({ start: stream => (this.stream = stream) });
    this.resolve(new Response(body, { headers: { "Content-Type": "text/event-stream;charset=UTF-8" } }));
    await this.write("retry: 700\n\n");
    await this.receive(...frames);
  }

  async write(text) {
    this.stream.enqueue(typeof text === "string" ? new TextEncoder().encode(text) : text);
    await settle();
  }

  async receive(...frames) {
    await this.write(frames.map(f => (f.cursor ? `id: ${f.cursor}\n` : "") + `data: ${JSON.stringify(f)}\n\n`).join(""));
  }

  async end() {
    this.stream.close();
    await settle();
  }

  async cut() {
    this.stream.error(new TypeError("network error"));
    await settle();
  }

  /** Welcome, and `joined` for every room. */
  async accept(more = {}, hello = {}) {
    await this.begin(welcome(hello), ...this.joined(more));
  }

  joined(more = {}) {
    return this.rooms.map(room => ({ type: "joined", room: room.split("@")[0], cursor: "e.1", recovered: false, state: {}, ...more }));
  }

  // A poll

  async polled(cursor, ...frames) {
    await this.answer(200, { cursor, frames });
  }

  async acceptPoll(cursor, more = {}, hello = {}) {
    await this.polled(cursor, welcome(hello), ...this.joined(more));
  }
}
