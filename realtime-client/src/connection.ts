import { Emitter, type Listener, type Off } from "./emitter.js";
import { failure, RealtimeError, type ErrorFields } from "./errors.js";
import { fits, rest, type Frame } from "./frames.js";
import { poll } from "./poll.js";
import type { Request } from "./publish.js";
import { Room } from "./room.js";
import { sse } from "./sse.js";
import { SILENT, UNUSABLE, type Line, type Transport } from "./transport.js";
import type { Meta, RealtimeOptions, RoomOptions, State, StateInfo, Token, TransportName } from "./types.js";
import { webSocket } from "./websocket.js";

const OPEN_TIMEOUT = 15_000;
const STABLE = 5_000;
/** Frames shorter than this are never the one that was too big. */
const SMALL = 1_000;
const PROBE_FIRST = 5_000;
const PROBE_LAST = 300_000;
/** Rooms that one link takes whose rooms are fixed. */
const FIXED_ROOMS = 8;

const TRANSPORTS: Record<TransportName, Transport> = { websocket: webSocket, sse, poll };

type Timer = ReturnType<typeof setTimeout>;

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
  /** @internal */ _patience: number;
  // There are up to three lines: the one that counts (_line), the one that will replace it (_next: a better transport, or
  // the same with other rooms) and the one it has replaced (_old). _next takes over with its welcome. Then every room joins
  // on it from its cursor, hears the old line until that join is answered, and from then on the new one only: what it missed
  // in between is replayed, and what both bring is dropped by its id. The last room to move ends the old line.
  /** @internal */ _line?: Line;
  private _next?: Line;
  private _old?: Line;
  private _options: RealtimeOptions;
  private _base: string;
  private _names: TransportName[];
  private _index = 0;
  private _timer?: Timer;
  private _prober?: Timer;
  private _batch?: Timer;
  private _ids = 0;
  private _session?: string;
  private _told?: string;
  private _interval = 25_000;
  private _silence = 35_000;
  private _min = 500;
  private _max = 20_000;
  private _frameBytes = Infinity;
  private _tries = 0;
  private _round = 0;
  private _early = 0;
  private _refused = false;
  private _probes = 0;

  constructor(options: RealtimeOptions = {}) {
    super();
    this._options = options;
    this._timeout = options.timeout || 10_000;
    this._patience = options.patience || 30_000;
    this._names = options.transports || ["websocket", "sse", "poll"];
    this._base = new URL(options.url || "/realtime", globalThis.location?.href).href.replace(/\/$/, "");
  }

  /** What the connection runs over, or the next attempt will. */
  get transport(): TransportName {
    return this._names[this._index]!;
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
  room<S = any, E = Record<string, any>, C = Record<string, any>>(name: string, options: RoomOptions = {}): Room<S, E, C> {
    let room = this._rooms.get(name);
    if (!room) {
      this._rooms.set(name, (room = new Room(this, name, options)));
      if (this.state == "connected") {
        this._join(room);
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
    this._stop(undefined, 1000);
  }

  /** Sends a fresh token over the open connection, before the old one expires; over HTTP it opens the stream anew with it. */
  async refreshToken() {
    const token = await this._token(true);
    if (token && this.state == "connected") {
      if (this._fixed()) {
        this._reopen();
      } else {
        await new Promise<any>((done, fail) => this._request({ type: "auth", _rest: rest({ token }), _done: done, _fail: fail, _lost: () => done(0) }));
      }
    }
  }

  private async _token(refused: boolean): Promise<Token> {
    const token = this._options.token;
    return typeof token == "function" ? token(refused) : token;
  }

  private _transport(index: number) {
    return TRANSPORTS[this._names[index]!];
  }

  /** @internal Whether the rooms of the current line are fixed. */
  _fixed() {
    return this._transport(this._index)._fixed;
  }

  private _open() {
    clearTimeout(this._timer);
    const line = (this._line = { _index: this._index, _since: 0 });
    this._set("connecting");
    this._dial(line, this._refused);
  }

  private _dial(line: Line, refused: boolean) {
    if (line._dead) {
      return;
    }
    this._arm(line, OPEN_TIMEOUT);
    const mine =
      <A extends unknown[]>(f: (...args: A) => void) =>
      (...args: A) =>
        line._dead || f(...args);
    const token = () => this._token(refused);
    this._transport(line._index)({
      _base: this._base,
      _socket: this._options.WebSocket,
      _fetch: this._options.fetch || fetch,
      _timeout: this._timeout,
      _wait: () => this._interval,
      _token: async () => {
        const given = await token();
        if (line._dead) {
          throw 0;
        }
        return given;
      },
      _headers: async () => {
        const bearer = await token();
        refused = false;
        return {
          ...(bearer && { Authorization: "Bearer " + bearer }),
          ...(this._session && { "X-Realtime-Session": this._session }),
          ...(this.connectionId && { "X-Realtime-Connection": this.connectionId }),
          ...(await this._options.headers?.()),
        };
      },
      _rooms: () => {
        const rooms = [...this._rooms.values()];
        line._asked = new Set(rooms);
        if (rooms.length > FIXED_ROOMS) {
          this._emit("error", failure("limit", true, `over HTTP only ${FIXED_ROOMS} rooms can be joined, the others wait`));
        }
        return rooms.slice(0, FIXED_ROOMS);
      },
      _open: mine(() => this._session && line._link!.send(`{"type":"hello",` + rest({ session: this._session }))),
      _frame: mine(frame => {
        if (line != this._old) {
          this._arm(line, line._since ? this._silence : OPEN_TIMEOUT);
        }
        this._frame(frame, line);
      }),
      _answer: frame => this._answer(frame),
      _sent: id => this._requests.get(id)?._sent?.(),
      _lost: mine(() => line == this._line && this._closed(line, 1006, "send")),
      _close: mine((code, reason) => this._closed(line, code, reason)),
    }).then(
      link => {
        line._link = link;
        if (line._dead) {
          link.close(1000);
        }
      },
      e => line._dead || this._closed(line, 1011, String(e)),
    );
  }

  private _arm(line: Line, ms: number) {
    clearTimeout(line._watchdog);
    line._watchdog = setTimeout(() => this._closed(line, SILENT, "silent", SILENT), ms);
  }

  private _drop(line?: Line, code?: number) {
    if (line) {
      line._dead = true;
      clearTimeout(line._watchdog);
      if (code || line._asked) {
        line._link?.close(code || 1000);
      }
    }
  }

  private _set(state: State, info: StateInfo = {}) {
    if (this.state != state) {
      this.state = state;
      this._emit("state", state, info);
    }
  }

  private _frame(frame: Frame, line: Line) {
    const { type, id } = frame;
    const room = this._rooms.get(frame.room);
    const here = room && room._line == line;
    if (type == "welcome") {
      this._welcome(frame, line);
    } else if (type == "ping") {
      line._link!.send(`{"type":"pong"}`);
    } else if (type == "goaway") {
      line._after = frame.reconnectAfter;
      line._code = frame.code;
    } else if (type == "event") {
      if (!frame.room) {
        this._event(frame, "event");
      } else if (here) {
        room._cursor = frame.cursor || room._cursor;
        room._event(frame, "e:" + frame.event);
      }
    } else if (type == "presence") {
      if (here) {
        room._changed(frame);
      }
    } else if (type == "gap") {
      if (here) {
        room._emit("gap", frame.reason);
      }
    } else if (type == "joined" && !id) {
      if (room && line == this._line) {
        room._joined(frame);
      }
    } else if (id) {
      if (line == this._line && this._requests.has(id)) {
        this._session = this._told || this._session;
      }
      this._answer(frame);
    } else if (type == "left") {
      if (here) {
        room._left(new RealtimeError({ ...(frame as ErrorFields), retryable: frame.rejoin }));
      }
    } else if (type == "error") {
      if (room && line == this._line && line._asked) {
        room._left(new RealtimeError(frame as ErrorFields));
      } else {
        this._answer(frame);
      }
    }
  }

  private _welcome(frame: Frame, line: Line) {
    const { heartbeat, reconnect, limits } = frame;
    this.connectionId = frame.connection;
    this.user = frame.user;
    // An earlier name stays until the server has read our hello, which its first answer shows: until then it could
    // not know that the new name is ours too. After that the new one is the better: the server may have forgotten
    // the old one while we were away. Over HTTP it has read our name before it wrote the welcome.
    this._told = frame.session;
    this._session = (line._asked && this._told) || this._session || this._told;
    this._interval = heartbeat?.interval || this._interval;
    this._silence = heartbeat?.interval + heartbeat?.timeout || this._silence;
    this._min = reconnect?.min || this._min;
    this._max = reconnect?.max || this._max;
    this._frameBytes = limits?.frameBytes || this._frameBytes;
    if (line._since) {
      return;
    }
    line._since = Date.now();
    this._early = 0;
    this._arm(line, this._silence);
    if (line == this._next) {
      this._drop(this._old, 1000);
      this._old = this._line;
      this._next = undefined;
      this._line = line;
      // Rooms that do not answer in time must do without it.
      this._arm(this._old!, OPEN_TIMEOUT);
      // What is under way goes once more over this line, so that nothing sent over it overtakes the rest.
      this._requests.forEach(r => r._lost(true));
    }
    if (this._index != line._index) {
      this._index = line._index;
      this._probes = 0;
    }
    this._probe();
    this._set("connected");
    if (!line._dead) {
      this._rooms.forEach(room => this._join(room, true));
    }
    this._moved();
  }

  /** @internal Ends the old line when no room hears it any more. */
  _moved() {
    const old = this._old;
    if (old && ![...this._rooms.values()].some(room => room._line == old)) {
      this._drop(old, 1000);
      this._old = undefined;
    }
  }

  /** @internal Joins on the current line, or on another one where its rooms are fixed. */
  _join(room: Room<any, any, any>, welcome?: boolean) {
    if (!this._fixed()) {
      room._join();
    } else if (!(welcome && this._line!._asked!.has(room))) {
      this._reopen();
    }
  }

  /** @internal Opens the same transport once more, for other rooms. Several changes at once need one line. */
  _reopen() {
    this._batch ||= setTimeout(() => {
      this._batch = undefined;
      if (!this._rooms.size) {
        this._down(1000);
        this._set("idle");
      } else {
        this._beside(this._index, true);
      }
    }, 0);
  }

  private _beside(index: number, reopens?: boolean) {
    this._drop(this._next, 1000);
    const line = (this._next = { _index: index, _since: 0, _reopens: reopens });
    this._dial(line, false);
  }

  /** Tries a better transport after a while, each in its turn. */
  private _probe() {
    clearTimeout(this._prober);
    if (this._index) {
      const delay = Math.min(PROBE_LAST, PROBE_FIRST * 2 ** this._probes) * (0.5 + Math.random());
      this._prober = setTimeout(() => {
        if (this._next) {
          this._probe();
        } else {
          this._beside(this._probes++ % this._index);
        }
      }, delay);
    }
  }

  private _answer(frame: Frame) {
    const request = this._requests.get(frame.id);
    if (request) {
      this._requests.delete(frame.id);
      if (frame.type == "error") {
        request._fail(new RealtimeError(frame as ErrorFields));
      } else {
        request._done(frame);
      }
    } else if (frame.type == "error" && !frame.id) {
      this._emit("error", new RealtimeError(frame as ErrorFields));
    }
  }

  /** @internal Sends under a new id and waits for the answer. */
  _request(request: Request) {
    this._requests.delete(request.id!);
    request.id = ++this._ids;
    const text = `{"type":"${request.type}","id":${request.id},${request._rest}`;
    if (fits(text, this._frameBytes)) {
      request._flying = true;
      this._requests.set(request.id, request);
      this._line!._link!.send(text);
    } else {
      request._fail(failure("too-large"));
    }
  }

  /** @internal Sends a frame that nobody answers; `false` when it is larger than the server takes. */
  _send(text: string) {
    const small = fits(text, this._frameBytes);
    if (small) {
      this._line!._link!.send(text);
    }
    return small;
  }

  /** @internal Keeps a publish that cannot be sent yet. */
  _keep(request: Request) {
    this._requests.set((request.id = ++this._ids), request);
  }

  /** @internal Full jitter above the floor. */
  _delay(tries: number) {
    return this._min + Math.random() * (Math.min(this._max, this._min * 2 ** tries) - this._min);
  }

  /** A line has ended; `ours` is the code to close it with, where the end is our own decision. */
  private _closed(line: Line, code: number, reason: string, ours?: number) {
    this._drop(line, ours);
    if (line == this._old) {
      this._old = undefined;
      return;
    }
    if (line == this._line) {
      if (this._next) {
        return; // Its successor is on the way.
      }
    } else {
      this._next = undefined;
      if (line._reopens) {
        code = 1001;
      } else if (!this._line!._dead) {
        return this._probe();
      }
    }
    if (code == 1006 && line._code) {
      code = line._code;
    }
    const lived = line._since && Date.now() - line._since;
    if (lived > STABLE) {
      this._tries = this._round = 0;
      this._refused = false;
    }
    const error = failure("closed", false, `closed ${code} ${reason}`, { closeCode: code, reason });
    const retryToken = code == 4401 && typeof this._options.token == "function" && !this._refused;
    if (
      [1000, 1002, 1003, 1007, 1008].includes(code) ||
      (code == UNUSABLE && this._names.length < 2) ||
      (code > 4399 && code < 4500 && !retryToken && (this._rooms.size || code != 4408))
    ) {
      return this._stop(code == 1000 ? undefined : error);
    }
    let now = retryToken;
    if (this._names.length > 1 && !line._since && (code == UNUSABLE || code == SILENT || (code == 1006 && ++this._early > 2))) {
      this._early = 0;
      this._index = (line._index + 1) % this._names.length;
      // The first round is quick, to get through soon where the better ones are blocked; each further one starts later.
      this._tries = this._index ? this._round : ++this._round;
      now = code == UNUSABLE && this._index > 0;
    }
    this._refused ||= retryToken;
    const after = line._after;
    this._down(1000);
    if (code == 1009) {
      // Answers come in order, so the refused frame is among the unanswered ones, or was a `send`, which nobody repeats.
      let longest: Request | undefined;
      let length = SMALL;
      this._requests.forEach(r => {
        if (r._flying && r._rest.length > length) {
          longest = r;
          length = r._rest.length;
        }
      });
      if (longest) {
        this._requests.delete(longest.id!);
        longest._fail(failure("too-large"));
      }
    }
    this._requests.forEach((r, id) => {
      if (!r._go) {
        this._requests.delete(id);
      }
      r._lost();
    });
    if (!this._rooms.size) {
      return this._set("idle");
    }
    let delay = now ? 0 : (after ?? this._delay(++this._tries));
    if (code == 1013 && delay < 1000) {
      delay = 1000 + Math.random() * 500;
    }
    this._timer = setTimeout(() => this._open(), delay);
    this._set("waiting", { error, delay });
  }

  /** Drops every line; those that are not over yet are closed with the code. */
  private _down(code: number) {
    [this._timer, this._prober, this._batch].forEach(clearTimeout);
    for (const line of [this._line, this._next, this._old]) {
      if (!line?._dead) {
        this._drop(line, code);
      }
    }
    this._batch = this._line = this._next = this._old = this.connectionId = undefined;
  }

  private _stop(error?: RealtimeError, code = 1000) {
    this._down(code);
    const reason = error || failure("closed");
    for (const r of [...this._requests.values()]) {
      this._requests.delete(r.id!);
      r._fail(reason);
    }
    this._set("closed", { error });
  }
}
