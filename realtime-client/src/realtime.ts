import { webSocket, type Link } from "./transport.js";

/** `idle` before the first room · `waiting` between two attempts · `closed` for good, until `connect()`. */
export type State = "idle" | "connecting" | "connected" | "waiting" | "closed";

export interface StateInfo {
  /** Why the connection ended: code `closed`, the close code in `details.closeCode`. */
  error?: RealtimeError;
  /** In state `waiting`: milliseconds until the next attempt. */
  delay?: number;
}

export interface RealtimeOptions {
  /** Base URL of the server's realtime endpoints, absolute or relative to the page. Default `/realtime`. */
  url?: string;
  /** Bearer token, or where to get one; asked before every connection, with `true` when the last one was refused. */
  token?: string | ((refused: boolean) => Token | Promise<Token>);
  /** How long a publish waits for its ack, in milliseconds, before it is sent a second time or fails. Default 10000. */
  timeout?: number;
  /** WebSocket class for environments without a global one. */
  WebSocket?: unknown;
}

type Token = string | null | undefined;

export interface RoomOptions {
  /** Ask for the member list and its changes. */
  presence?: boolean;
  /** Sent with every join. */
  data?: unknown;
}

export interface Joined<S = unknown> {
  /** What the room's state handler returned. */
  state: S;
  /** Every missed recoverable event follows; what is on the screen stays valid. `false`: draw `state` anew. */
  recovered: boolean;
  /** Not the first join of this room object. */
  rejoined: boolean;
}

export interface Member {
  user: string;
  state?: string;
  [more: string]: unknown;
}

export interface Meta {
  event: string;
  id?: string;
  cursor?: string;
  room?: string;
  user?: string;
  channel?: string;
  topic?: string;
}

export interface Ack<R = unknown> {
  /** The handler's reply. */
  data: R;
  /** Id and cursor of the event that the command broadcast, if it did. */
  event?: string;
  cursor?: string;
}

export interface PublishOptions {
  /** Idempotency key, to repeat a command that failed with `retryable`. Default: a random one per call. */
  key?: string;
}

/** A command is declared by its payload type, or as `(data: Payload) => Reply`. */
type Payload<C> = C extends (data: infer D) => unknown ? D : C;
type Reply<C> = C extends (data: never) => infer R ? R : unknown;
type Name<T> = keyof T & string;
type Any = Record<string, any>;
type Listener = (...args: any[]) => void;
type Off = () => void;

interface Request {
  type: string;
  /** The frame after its id, without the opening brace. */
  rest: string;
  id?: number;
  /** Sent over this connection and not answered yet. */
  flying?: boolean;
  room?: Room<any, any, any>;
  done(frame: Any): void;
  fail(error: RealtimeError): void;
  /** The connection ended before the answer. */
  lost(): void;
  /** Publishing only: sends the frame when its room is joined and it is not under way yet. */
  go?(): void;
}

export interface ErrorFields {
  code: string;
  message?: string;
  retryable?: boolean;
  retryAfter?: number;
  details?: unknown;
}

/** An `error` or `left` frame, or a failure on this side: `closed`, `timeout`, `unavailable`, `too-large`, `limit`, `left`. */
export class RealtimeError extends Error {
  readonly code: string;
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;
  /** Milliseconds to wait before that. */
  readonly retryAfter?: number;
  readonly details?: unknown;

  constructor(fields: ErrorFields) {
    super(fields.message || fields.code);
    this.name = "RealtimeError";
    this.code = fields.code;
    this.retryable = !!fields.retryable;
    this.retryAfter = fields.retryAfter;
    this.details = fields.details;
  }
}

const failure = (code: string, retryable?: boolean, message?: string, details?: unknown) =>
  new RealtimeError({ code, retryable, message, details });

const SEEN = 512;
const PENDING = 200;
const OFFLINE_PATIENCE = 30_000;
const STABLE = 5_000;
const OPEN_TIMEOUT = 15_000;
const SMALL = 1_000;

class Emitter {
  /** @internal */ _listeners = new Map<string, Set<Listener>>();
  /** @internal */ _seen = new Set<string>();

  /** @internal */
  _on(name: string, listener: Listener): Off {
    let set = this._listeners.get(name);
    if (!set) {
      this._listeners.set(name, (set = new Set()));
    }
    set.add(listener);
    return () => {
      set.delete(listener);
    };
  }

  /** @internal A listener that throws is reported and disturbs nobody else. */
  _emit(name: string, ...args: unknown[]) {
    for (const listener of [...(this._listeners.get(name) || [])]) {
      try {
        listener(...args);
      } catch (e) {
        console.error(e);
      }
    }
  }

  /** @internal */
  _event(frame: Any, name: string) {
    if (frame.id) {
      if (this._seen.has(frame.id)) {
        return;
      }
      this._seen.add(frame.id);
      if (this._seen.size > SEEN) {
        this._seen.delete(this._seen.values().next().value!);
      }
    }
    this._emit(name, frame.data, frame);
  }
}

/**
 * One connection to the server, shared by all rooms. It opens with the first room, finds its own way back after a loss
 * and then joins every room from where it was.
 */
export class Realtime extends Emitter {
  /** Where the connection stands. */
  state: State = "idle";
  /** The server's id of this connection while connected, for the header `X-Realtime-Connection`. */
  connectionId?: string;
  /** Name of the authenticated user, from the last connection. */
  user?: string;

  /** @internal */ _rooms = new Map<string, Room<any, any, any>>();
  /** @internal */ _requests = new Map<number, Request>();
  /** @internal */ _timeout: number;
  private _options: RealtimeOptions;
  private _base: string;
  private _transports = [webSocket];
  private _transport = 0;
  private _link?: Link;
  // Names the current attempt: whatever still arrives from an earlier socket is not equal to it.
  private _turn?: object;
  private _timer?: ReturnType<typeof setTimeout>;
  private _watchdog?: ReturnType<typeof setTimeout>;
  private _ids = 0;
  private _session?: string;
  private _told?: string;
  private _silence = 35_000;
  private _min = 500;
  private _max = 20_000;
  private _frameBytes = Infinity;
  private _tries = 0;
  private _early = 0;
  private _refused = false;
  private _since = 0;
  private _after?: number;

  constructor(options: RealtimeOptions = {}) {
    super();
    this._options = options;
    this._timeout = options.timeout || 10_000;
    this._base = new URL(options.url || "/realtime", globalThis.location?.href).href.replace(/\/$/, "");
  }

  /** Every change of `state`, once. */
  on(name: "state", listener: (state: State, info: StateInfo) => void): Off;
  /** Errors that answer no call. */
  on(name: "error", listener: (error: RealtimeError) => void): Off;
  /** Events that reach this user outside a room. */
  on(name: "event", listener: (data: any, meta: Meta) => void): Off;
  on(name: string, listener: Listener): Off {
    return this._on(name, listener);
  }

  /** The room of that name, joined now and after every reconnect. A second call returns the same object. */
  room<S = any, E = Any, C = Any>(name: string, options: RoomOptions = {}): Room<S, E, C> {
    let room = this._rooms.get(name);
    if (!room) {
      this._rooms.set(name, (room = new Room(this, name, options)));
      if (this.state == "connected") {
        room._join();
      } else if (this.state == "idle") {
        this.connect();
      }
    }
    return room;
  }

  /** Connects now: after `closed`, or to cut `waiting` short (say, on the window's `online` event). */
  connect() {
    if (this.state != "connected" && this.state != "connecting") {
      this._open();
    }
  }

  /** Closes for good; publishes under way fail with `closed`. */
  close() {
    this._stop(1000);
  }

  /** Sends a fresh token over the open connection, before the old one expires. */
  async refreshToken() {
    const token = await this._token(true);
    if (token && this.state == "connected") {
      await new Promise<any>((done, fail) => this._request({ type: "auth", rest: rest({ token }), done, fail, lost: () => done(0) }));
    }
  }

  private _token(refused: boolean) {
    const token = this._options.token;
    return typeof token == "function" ? token(refused) : token;
  }

  private async _open() {
    const turn = (this._turn = {});
    clearTimeout(this._timer);
    this._since = 0;
    this._after = undefined;
    this._arm(OPEN_TIMEOUT);
    this._set("connecting");
    let token: Token;
    try {
      token = await this._token(this._refused);
    } catch (e) {
      if (turn == this._turn) {
        this._closed(1011, String(e));
      }
      return;
    }
    if (turn != this._turn) {
      return;
    }
    const mine = (f: Listener) => (...args: unknown[]) => {
      if (turn == this._turn) {
        f(...args);
      }
    };
    try {
      this._link = this._transports[this._transport]!(
        this._base,
        token,
        {
          open: mine(() => this._session && this._write({ type: "hello", session: this._session })),
          text: mine((text: string) => {
            this._arm(this._silence);
            for (const line of text.split("\n")) {
              let frame: Any | undefined;
              try {
                frame = JSON.parse(line);
              } catch {}
              if (frame && turn == this._turn) {
                this._frame(frame);
              }
            }
          }),
          close: mine((code: number, reason: string) => this._closed(code, reason)),
        },
        this._options.WebSocket as typeof WebSocket,
      );
    } catch (e) {
      this._closed(1008, String(e));
    }
  }

  private _arm(ms: number) {
    clearTimeout(this._watchdog);
    this._watchdog = setTimeout(() => {
      const link = this._link;
      this._closed(4504, "silent");
      link?.close(4504);
    }, ms);
  }

  private _write(frame: object) {
    this._link!.send(JSON.stringify(frame));
  }

  private _set(state: State, info: StateInfo = {}) {
    if (this.state != state) {
      this.state = state;
      this._emit("state", state, info);
    }
  }

  private _frame(frame: Any) {
    const { type, id } = frame;
    const room = this._rooms.get(frame.room);
    const request = this._requests.get(id);
    if (type == "welcome") {
      const { heartbeat, reconnect, limits } = frame;
      this.connectionId = frame.connection;
      this.user = frame.user;
      // An earlier name stays until the server has read our hello, which its first answer shows: until then it could
      // not know that the new name is ours too. After that the new one is the better: the server may have forgotten
      // the old one while we were away.
      this._told = frame.session;
      this._session ||= this._told;
      this._silence = heartbeat?.interval + heartbeat?.timeout || this._silence;
      this._min = reconnect?.min || this._min;
      this._max = reconnect?.max || this._max;
      this._frameBytes = limits?.frameBytes || this._frameBytes;
      this._early = 0;
      if (!this._since) {
        this._since = Date.now();
        this._arm(this._silence);
        this._set("connected");
        this._rooms.forEach(r => r._join());
      }
    } else if (type == "ping") {
      this._write({ type: "pong" });
    } else if (type == "goaway") {
      this._after = frame.reconnectAfter;
    } else if (type == "event") {
      if (!frame.room) {
        this._event(frame, "event");
      } else if (room?._live) {
        room._cursor = frame.cursor || room._cursor;
        room._event(frame, "e:" + frame.event);
      }
    } else if (type == "presence") {
      room?._presence(frame);
    } else if (type == "gap") {
      room?._emit("gap", frame.reason);
    } else if (/^(ack|joined|left|error)$/.test(type)) {
      if (request) {
        this._session = this._told || this._session;
        this._requests.delete(id);
        if (type == "error") {
          request.fail(new RealtimeError(frame as ErrorFields));
        } else {
          request.done(frame);
        }
      } else if (type == "left" && !id) {
        room?._left(new RealtimeError({ ...(frame as ErrorFields), retryable: frame.rejoin }));
      } else if (type == "error" && !id) {
        this._emit("error", new RealtimeError(frame as ErrorFields));
      }
    }
  }

  /** @internal Sends under a new id and waits for the answer; `false` when the frame is larger than the server takes. */
  _request(request: Request) {
    this._requests.delete(request.id!);
    request.id = ++this._ids;
    const text = `{"type":"${request.type}","id":${request.id},${request.rest}`;
    if (this._fits(text)) {
      request.flying = true;
      this._requests.set(request.id, request);
      this._link!.send(text);
    } else {
      request.fail(failure("too-large"));
    }
  }

  /** @internal */
  _send(frame: object) {
    const text = JSON.stringify(frame);
    const fits = this._fits(text);
    if (fits) {
      this._link!.send(text);
    }
    return fits;
  }

  private _fits(text: string) {
    return text.length * 3 <= this._frameBytes || new TextEncoder().encode(text).length <= this._frameBytes;
  }

  /** @internal Keeps a publish that cannot be sent yet. */
  _keep(request: Request) {
    this._requests.set((request.id = ++this._ids), request);
  }

  /** @internal Full jitter above the floor. */
  _delay(tries: number) {
    return this._min + Math.random() * (Math.min(this._max, this._min * 2 ** tries) - this._min);
  }

  private _closed(code: number, reason: string) {
    const lived = this._since && Date.now() - this._since;
    if (lived > STABLE) {
      this._tries = 0;
      this._refused = false;
    }
    if (code == 1006 && !this._since && ++this._early > 2) {
      this._early = 0;
      this._transport = (this._transport + 1) % this._transports.length;
    }
    const error = failure("closed", false, `closed ${code} ${reason}`, { closeCode: code, reason });
    const retryToken = code == 4401 && typeof this._options.token == "function" && !this._refused;
    const asked = this._rooms.size > 0;
    if (
      [1000, 1002, 1003, 1007, 1008].includes(code) ||
      (code > 4399 && code < 4500 && !retryToken && (asked || code != 4408))
    ) {
      return this._stop(0, code == 1000 ? undefined : error);
    }
    this._refused ||= retryToken;
    this._down();
    if (code == 1009) {
      // Answers come in order, so the refused frame is among the unanswered ones, or was a `send`, which nobody repeats.
      let longest: Request | undefined;
      let length = SMALL;
      this._requests.forEach(r => {
        if (r.flying && r.rest.length > length) {
          longest = r;
          length = r.rest.length;
        }
      });
      if (longest) {
        this._requests.delete(longest.id!);
        longest.fail(failure("too-large"));
      }
    }
    this._requests.forEach(r => r.lost());
    if (!this._rooms.size) {
      return this._set("idle");
    }
    let delay = retryToken ? 0 : this._after ?? this._delay(++this._tries);
    if (code == 1013 && delay < 1000) {
      delay = 1000 + Math.random() * 500;
    }
    this._timer = setTimeout(() => this._open(), delay);
    this._set("waiting", { error, delay });
  }

  private _down() {
    clearTimeout(this._timer);
    clearTimeout(this._watchdog);
    this._turn = this._link = this.connectionId = undefined;
    this._rooms.forEach(r => (r._live = false));
  }

  private _stop(code: number, error?: RealtimeError) {
    const link = this._link;
    this._down();
    if (code) {
      link?.close(code);
    }
    const reason = error || failure("closed");
    for (const r of [...this._requests.values()]) {
      this._requests.delete(r.id!);
      r.fail(reason);
    }
    this._set("closed", { error });
  }
}

const rest = (body: object) => JSON.stringify(body).slice(1);

/** One room, as this client sees it. Made by `Realtime.room`. */
export class Room<S = any, E = Any, C = Any> extends Emitter {
  readonly name: string;
  /** @internal */ _live = false;
  /** @internal */ _cursor?: string;
  private _rt: Realtime;
  private _options: RoomOptions;
  private _gone?: RealtimeError;
  private _before = false;
  private _members = new Map<string, Member>();
  private _version?: number;
  private _tries = 0;

  /** @internal */
  constructor(rt: Realtime, name: string, options: RoomOptions) {
    super();
    this._rt = rt;
    this.name = name;
    this._options = options;
  }

  /** Who is here, with `presence` only. */
  get members(): Member[] {
    return [...this._members.values()];
  }

  /** After every join, before the events that follow it. */
  onJoin(listener: (joined: Joined<S>) => void): Off {
    return this._on("join", listener);
  }

  /** One kind of event, each id once, in the order of the room. */
  on<K extends Name<E>>(event: K, listener: (data: E[K], meta: Meta) => void): Off {
    return this._on("e:" + event, listener);
  }

  /** The member list after every change; `count` can be larger where the server only counts. */
  onPresence(listener: (members: Member[], count: number) => void): Off {
    return this._on("presence", listener);
  }

  /** Events were lost here for good: `overflow`, `backplane`, `history` or `away`. Reload what matters. */
  onGap(listener: (reason: string) => void): Off {
    return this._on("gap", listener);
  }

  /** The server refused the join or ended the membership; this object joins no more. Not called after `leave()`. */
  onLeft(listener: (reason: RealtimeError) => void): Off {
    return this._on("left", listener);
  }

  /**
   * Sends a command and waits for its ack. It waits for the join when the room is not joined yet, and is repeated once
   * with the same key when the connection or the answer was lost, so that the server runs it once.
   */
  publish<K extends Name<C>>(
    event: K,
    data?: Payload<C[K]>,
    options: PublishOptions = {},
  ): Promise<Ack<Reply<C[K]>>> {
    return new Promise((resolve, reject) => {
      const rt = this._rt;
      const refused =
        this._gone ||
        (rt.state == "closed" && failure("closed")) ||
        (rt._requests.size >= PENDING && failure("limit", true, "too many publishes under way"));
      if (refused) {
        return reject(refused);
      }
      const key = options.key || crypto.getRandomValues(new Uint32Array(4)).join("-");
      let sent = 0;
      let timer: ReturnType<typeof setTimeout>;
      const settle = (f: () => void) => {
        clearTimeout(timer);
        rt._requests.delete(request.id!);
        f();
      };
      const arm = (ms: number) => {
        clearTimeout(timer);
        timer = setTimeout(() => request.fail(failure("timeout", true)), ms);
      };
      const park = () => {
        request.flying = false;
        arm(OFFLINE_PATIENCE);
      };
      const request: Request = {
        type: "publish",
        rest: rest({ room: this.name, event, key, data }),
        room: this,
        done: ack => settle(() => resolve(ack as Ack<any>)),
        fail: e => {
          const again = sent == 1 && request.flying && this._live && !this._gone;
          if (again && e.code == "timeout") {
            request.flying = false;
            request.go!();
          } else if (again && e.code == "draining") {
            rt._keep(request);
            park();
          } else {
            settle(() => reject(e));
          }
        },
        lost: () => {
          if (request.flying && sent > 1) {
            request.fail(failure("unavailable", true));
          } else if (request.flying) {
            park();
          }
        },
        go: () => {
          if (!request.flying) {
            sent++;
            arm(rt._timeout);
            rt._request(request);
          }
        },
      };
      if (this._live) {
        request.go!();
      } else {
        rt._keep(request);
        park();
      }
    });
  }

  /** Fire and forget: no ack, no retry, dropped while not joined. Returns whether it was handed to the socket. */
  send<K extends Name<C>>(event: K, data?: Payload<C[K]>): boolean {
    return this._live && this._rt._send({ type: "publish", room: this.name, event, data });
  }

  /** Leaves for good; resolves when the server confirmed it or the connection is gone. */
  leave(): Promise<void> {
    const rt = this._rt;
    return new Promise((resolve, fail) => {
      const done = () => resolve();
      const tell = !this._gone && rt.state == "connected";
      this._end(failure("left"));
      if (tell) {
        rt._request({ type: "leave", rest: rest({ room: this.name }), done, fail, lost: done });
      } else {
        done();
      }
    });
  }

  /** @internal */
  _join() {
    const { presence, data } = this._options;
    this._rt._request({
      type: "join",
      rest: rest({ room: this.name, since: this._cursor, presence, data }),
      done: frame => this._gone || this._joined(frame),
      fail: e => this._gone || this._left(e),
      lost() {
        // Every connection joins anew.
      },
    });
  }

  private _joined(frame: Any) {
    const { state, recovered, replay, members, cursor } = frame;
    this._live = true;
    this._tries = 0;
    if (!recovered || !replay) {
      // With a replay ahead the old position counts until its first event: a cut in between resumes from there.
      this._cursor = cursor;
    }
    this._rt._requests.forEach(r => r.room == this && r.go!());
    this._emit("join", { state, recovered: !!recovered, rejoined: this._before });
    this._before = true;
    if (members) {
      this._version = undefined;
      this._members.clear();
      this._show({ joined: members });
    }
  }

  /** @internal */
  _presence(frame: Any) {
    const { version } = frame;
    const known = this._version;
    if (!this._live || version <= known!) {
      return;
    }
    this._version = version;
    if (version > known! + 1) {
      this._join();
    } else {
      this._show(frame);
    }
  }

  private _show({ joined = [], changed = [], left = [], count }: Any) {
    for (const m of [...joined, ...changed]) {
      this._members.set(m.user, { ...this._members.get(m.user), ...m });
    }
    for (const user of left) {
      this._members.delete(user);
    }
    this._emit("presence", this.members, count ?? this._members.size);
  }

  /** @internal The join was refused or the membership ended. */
  _left(e: RealtimeError) {
    this._live = false;
    const id = this._rt.connectionId;
    if (e.retryable) {
      setTimeout(
        () => {
          if (!this._gone && id && id == this._rt.connectionId) {
            this._join();
          }
        },
        e.retryAfter ?? this._rt._delay(++this._tries),
      );
    } else if (e.code != "closed") {
      this._end(e);
      this._emit("left", e);
    }
  }

  private _end(reason: RealtimeError) {
    if (this._gone) {
      return;
    }
    this._gone = reason;
    this._live = false;
    this._rt._rooms.delete(this.name);
    this._rt._requests.forEach(r => r.room == this && r.fail(reason));
  }
}
