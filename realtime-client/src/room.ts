import type { Realtime } from "./connection.js";
import { Emitter, type Listener, type Off } from "./emitter.js";
import { failure, RealtimeError } from "./errors.js";
import { rest, type Frame } from "./frames.js";
import { iterate } from "./iterate.js";
import { publish } from "./publish.js";
import type { Line } from "./transport.js";
import type { Ack, Joined, Member, Meta, Name, Payload, PublishOptions, Reply, RoomOptions } from "./types.js";

/** One room, as this client sees it. Made by `Realtime.room`. */
export class Room<S = any, E = Record<string, any>, C = Record<string, any>> extends Emitter {
  readonly name: string;
  /** @internal The line on which the room is joined: its events come from there and from nowhere else. */ _line?: Line;
  /** @internal */ _cursor?: string;
  /** @internal */ _rt: Realtime;
  /** @internal */ _gone?: RealtimeError;
  private _options: RoomOptions;
  private _before = false;
  private _members = new Map<string, Member>();
  private _version?: number;
  /** The whole list is on its way: what comes before it is in it. */ private _asking = false;
  private _idle = false;
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
    return this._on("e:" + event, listener as Listener);
  }

  /**
   * One kind of event from now on, to loop over, until the signal is aborted or the room is left. An error that ends the
   * room is thrown, and so is `overflow` when more than 256 events wait for the loop, after those that were kept.
   */
  events<K extends Name<E>>(event: K, signal?: AbortSignal): AsyncIterableIterator<E[K]> {
    return iterate(this, event, signal);
  }

  /** The member list after every change; `count` can be larger where the server only counts. */
  onPresence(listener: (members: Member[], count: number) => void): Off {
    return this._on("presence", listener);
  }

  /**
   * Says that nobody is looking at this tab, or that somebody is again; also after every reconnect. A user is idle when all
   * tabs are. `false` while it cannot be said: not joined, or over HTTP.
   */
  setPresence(state: "online" | "idle"): boolean {
    this._idle = state == "idle";
    return this._live() && !this._rt._fixed() && this._rt._send(`{"type":"presence",` + rest({ room: this.name, state }));
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
  publish<K extends Name<C>>(event: K, data?: Payload<C[K]>, options: PublishOptions = {}): Promise<Ack<Reply<C[K]>>> {
    return publish(this, event, data, options);
  }

  /** Fire and forget: no ack, no retry, dropped while not joined. Returns whether it was handed to the transport. */
  send<K extends Name<C>>(event: K, data?: Payload<C[K]>): boolean {
    return this._live() && this._rt._send(`{"type":"publish",` + rest({ room: this.name, event, data }));
  }

  /** Leaves for good; resolves when the server confirmed it, has no way to, or the connection is gone. */
  leave(): Promise<void> {
    const rt = this._rt;
    return new Promise((resolve, fail) => {
      const done = () => resolve();
      const tell = !this._gone && rt.state == "connected";
      this._end(failure("left"));
      if (tell && !rt._fixed()) {
        rt._request({ type: "leave", _rest: rest({ room: this.name }), _done: done, _fail: fail, _lost: done });
      } else {
        if (tell) {
          rt._reopen();
        }
        done();
      }
    });
  }

  /** @internal Joined on the line that counts. */
  _live() {
    return !!this._line && this._line == this._rt._line;
  }

  /** @internal */
  get _presence() {
    return this._options.presence;
  }

  /** @internal */
  _join() {
    const { presence, data } = this._options;
    this._rt._request({
      type: "join",
      _rest: rest({ room: this.name, since: this._cursor, presence, data }),
      _done: frame => this._gone || this._joined(frame),
      _fail: e => this._gone || this._left(e),
      _lost() {
        // Every connection joins anew.
      },
    });
  }

  /** @internal */
  _joined(frame: Frame) {
    const { state, recovered, replay, cursor } = frame;
    this._line = this._rt._line;
    this._tries = 0;
    if (!recovered || !replay) {
      // With a replay ahead the old position counts until its first event: a cut in between resumes from there.
      this._cursor = cursor;
    }
    if (!recovered) {
      // The state counts from here on. It may lack what the old line has brought, so that has to come once more.
      this._seen.clear();
    }
    this._rt._moved();
    this._rt._requests.forEach(r => r.room == this && r._go!());
    this._emit("join", { state, recovered: !!recovered, rejoined: this._before });
    this._before = true;
    this._asking = false;
    if (this._presence) {
      this._show(frame);
    }
    if (this._idle) {
      this.setPresence("idle");
    }
  }

  /** @internal */
  _changed(frame: Frame) {
    const { version, members, resync } = frame;
    if (this._asking || version <= this._version!) {
      return;
    }
    if (resync || (!members && version > this._version! + 1)) {
      this._resync();
    } else {
      this._show(frame);
    }
  }

  /** Asks for the whole list; events and state are not touched. */
  private _resync() {
    const rt = this._rt;
    this._asking = true;
    if (rt._fixed()) {
      return rt._reopen();
    }
    rt._request({
      type: "join",
      _rest: rest({ room: this.name, presence: "only" }),
      _done: frame => {
        this._asking = false;
        this._show(frame);
      },
      _fail: () => setTimeout(() => this._asking && this._live() && this._resync(), rt._delay(3)),
      _lost() {
        // The next join brings the list.
      },
    });
  }

  /** A difference, or the whole: with a list, or counted only. */
  private _show({ version, members, joined, changed, left, count }: Frame) {
    this._version = version;
    if (members || !(joined || changed || left)) {
      this._members.clear();
    }
    for (const list of [members, joined, changed]) {
      list?.forEach((m: Member) => this._members.set(m.user, m));
    }
    left?.forEach((user: string) => this._members.delete(user));
    this._emit("presence", this.members, count ?? this._members.size);
  }

  /** @internal The join was refused or the membership ended. */
  _left(e: RealtimeError) {
    const rt = this._rt;
    const line = rt._line;
    this._line = undefined;
    rt._moved();
    if (e.retryable) {
      setTimeout(
        () => {
          if (!this._gone && line && line == rt._line && !this._line) {
            rt._join(this);
          }
        },
        e.retryAfter ?? rt._delay(++this._tries),
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
    this._line = undefined;
    this._rt._rooms.delete(this.name);
    this._rt._requests.forEach(r => r.room == this && r._fail(reason));
    this._emit("end", reason);
    this._rt._moved();
  }
}
