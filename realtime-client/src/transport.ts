import type { Frame } from "./frames.js";
import type { Room } from "./room.js";
import type { Token } from "./types.js";

/** One open (or opening) connection of whatever transport. */
export interface Link {
  /** Takes one frame. */
  send(text: string): void;
  close(code: number): void;
}

/** What a transport asks and reports. Nothing of it counts once the link is closed, but answers to what was sent. */
export interface Wire {
  _base: string;
  _socket: unknown;
  _fetch: typeof fetch;
  /** How long an answer is waited for, and how long a poll may stay unanswered, in milliseconds. */
  _timeout: number;
  _wait(): number;
  _token(): Promise<Token>;
  _headers(): Promise<Record<string, string>>;
  /** The rooms to open the link with, each with where to go on from; for transports whose rooms are fixed. */
  _rooms(): { name: string; _cursor?: string; _presence?: boolean | "only" }[];
  /** Frames can be sent. */
  _open(): void;
  _frame(frame: Frame): void;
  /** The answer to a request that may have outlived its link. */
  _answer(frame: Frame): void;
  /** The request of this id is on its way only now. */
  _sent(id: number): void;
  /** Nobody knows what became of a request, and none behind it was sent. */
  _lost(): void;
  /** The end, with a close code of PROTOCOL, or `UNUSABLE`. */
  _close(code: number, reason: string): void;
}

export interface Transport {
  (wire: Wire): Promise<Link>;
  /** The rooms are fixed when the link opens: other rooms need another link. */
  _fixed?: boolean;
}

/** Instead of a close code: this transport does not exist here. */
export const UNUSABLE = 0;
/** Nothing was heard for too long. */
export const SILENT = 4504;

/** A link under guard, from the attempt to its end. */
export interface Line {
  /** Index of its transport. */
  _index: number;
  _link?: Link;
  /** When its welcome came; 0 before. */
  _since: number;
  /** The rooms it was opened with, where they are fixed. */
  _asked?: Set<Room<any, any, any>>;
  /** Opened beside a line of the same transport, for other rooms. */
  _reopens?: boolean;
  _watchdog?: ReturnType<typeof setTimeout>;
  /** Nothing it still reports counts. */
  _dead?: boolean;
  /** What a `goaway` said. */
  _after?: number;
  _code?: number;
}
