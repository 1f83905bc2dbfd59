import type { RealtimeError } from "./errors.js";

/** `idle` before the first room · `waiting` between two attempts · `closed` for good, until `connect()`. */
export type State = "idle" | "connecting" | "connected" | "waiting" | "closed";

export interface StateInfo {
  /** Why the connection ended: code `closed`, the close code in `details.closeCode`. */
  error?: RealtimeError;
  /** In state `waiting`: milliseconds until the next attempt. */
  delay?: number;
}

export type TransportName = "websocket" | "sse" | "poll";

export type Token = string | null | undefined;

export interface RealtimeOptions {
  /** Base URL of the server's realtime endpoints, absolute or relative to the page. Default `/realtime`. */
  url?: string;
  /** What to connect with, the best first; the next one is taken where one cannot get through. Default: all three. */
  transports?: TransportName[];
  /** Bearer token, or where to get one; asked before every connection and request, with `true` when the last one was refused. */
  token?: string | ((refused: boolean) => Token | Promise<Token>);
  /** More headers for every HTTP request (never for a WebSocket), say the CSRF token of a cookie or a meta tag. */
  headers?: () => Record<string, string> | Promise<Record<string, string>>;
  /** How long a publish waits for its ack, in milliseconds, before it is sent a second time or fails. Default 10000. */
  timeout?: number;
  /** How long a publish waits for a connection, in milliseconds. Default 30000. */
  patience?: number;
  /** WebSocket class for environments without a global one. */
  WebSocket?: unknown;
  /** What to make HTTP requests with, say one that sends cookies to another origin. Default: the global `fetch`. */
  fetch?: typeof fetch;
}

export interface RoomOptions {
  /** Ask for the member list and its changes; `"only"` for nothing else, without being in the room. */
  presence?: boolean | "only";
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
  /** `online`, or `idle` when no tab of the user is looked at. */
  state?: string;
  /** What the application tells of the member. */
  data?: any;
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
export type Payload<C> = C extends (data: infer D) => unknown ? D : C;
export type Reply<C> = C extends (data: never) => infer R ? R : unknown;
export type Name<T> = keyof T & string;
