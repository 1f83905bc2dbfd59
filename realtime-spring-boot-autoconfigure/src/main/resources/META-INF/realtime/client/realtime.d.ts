type Listener = (...args: any[]) => void;
type Off = () => void;
declare class Emitter {
}
export interface ErrorFields {
    code: string;
    message?: string;
    retryable?: boolean;
    retryAfter?: number;
    details?: unknown;
}
/**
 * An `error` or `left` frame, or a failure on this side: `closed`, `timeout`, `unavailable`, `too-large`, `limit`, `left`,
 * `overflow`.
 */
export declare class RealtimeError extends Error {
    readonly code: string;
    /** Whether the same call may succeed later. */
    readonly retryable: boolean;
    /** Milliseconds to wait before that. */
    readonly retryAfter?: number;
    readonly details?: unknown;
    constructor(fields: ErrorFields);
}
/** `idle` before the first room · `waiting` between two attempts · `closed` for good, until `connect()`. */
export type State = "idle" | "connecting" | "connected" | "waiting" | "closed";
export interface StateInfo {
    /** Why the connection ended: code `closed`, the close code in `details.closeCode`. */
    error?: RealtimeError;
    /** In state `waiting`: milliseconds until the next attempt. */
    delay?: number;
}
export type TransportName = "websocket" | "sse" | "poll";
type Token = string | null | undefined;
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
type Payload<C> = C extends (data: infer D) => unknown ? D : C;
type Reply<C> = C extends (data: never) => infer R ? R : unknown;
type Name<T> = keyof T & string;
/** One room, as this client sees it. Made by `Realtime.room`. */
export declare class Room<S = any, E = Record<string, any>, C = Record<string, any>> extends Emitter {
    readonly name: string;
    /** The whole list is on its way: what comes before it is in it. */ private _asking;
    /** Who is here, with `presence` only. */
    get members(): Member[];
    /** After every join, before the events that follow it. */
    onJoin(listener: (joined: Joined<S>) => void): Off;
    /** One kind of event, each id once, in the order of the room. */
    on<K extends Name<E>>(event: K, listener: (data: E[K], meta: Meta) => void): Off;
    /**
     * One kind of event from now on, to loop over, until the signal is aborted or the room is left. An error that ends the
     * room is thrown, and so is `overflow` when more than 256 events wait for the loop, after those that were kept.
     */
    events<K extends Name<E>>(event: K, signal?: AbortSignal): AsyncIterableIterator<E[K]>;
    /** The member list after every change; `count` can be larger where the server only counts. */
    onPresence(listener: (members: Member[], count: number) => void): Off;
    /**
     * Says that nobody is looking at this tab, or that somebody is again; also after every reconnect. A user is idle when all
     * tabs are. `false` while it cannot be said: not joined, or over HTTP.
     */
    setPresence(state: "online" | "idle"): boolean;
    /** Events were lost here for good: `overflow`, `backplane`, `history` or `away`. Reload what matters. */
    onGap(listener: (reason: string) => void): Off;
    /** The server refused the join or ended the membership; this object joins no more. Not called after `leave()`. */
    onLeft(listener: (reason: RealtimeError) => void): Off;
    /**
     * Sends a command and waits for its ack. It waits for the join when the room is not joined yet, and is repeated once
     * with the same key when the connection or the answer was lost, so that the server runs it once.
     */
    publish<K extends Name<C>>(event: K, data?: Payload<C[K]>, options?: PublishOptions): Promise<Ack<Reply<C[K]>>>;
    /** Fire and forget: no ack, no retry, dropped while not joined. Returns whether it was handed to the transport. */
    send<K extends Name<C>>(event: K, data?: Payload<C[K]>): boolean;
    /** Leaves for good; resolves when the server confirmed it, has no way to, or the connection is gone. */
    leave(): Promise<void>;
}
/**
 * One connection to the server, shared by all rooms. It opens with the first room, finds its own way back after a loss
 * and then joins every room from where it was.
 */
export declare class Realtime extends Emitter {
    /** Where the connection stands. */
    state: State;
    /** The server's id of this connection while connected, for the header `X-Realtime-Connection`. */
    connectionId?: string;
    /** Name of the authenticated user, from the last connection. */
    user?: string;
    constructor(options?: RealtimeOptions);
    /** What the connection runs over, or the next attempt will. */
    get transport(): TransportName;
    /** Every change of `state`, once. */
    on(name: "state", listener: (state: State, info: StateInfo) => void): Off;
    /** Errors that answer no call. */
    on(name: "error", listener: (error: RealtimeError) => void): Off;
    /** Events that reach this user outside a room. */
    on(name: "event", listener: (data: any, meta: Meta) => void): Off;
    /** The room of that name, joined now and after every reconnect. A second call returns the same object. */
    room<S = any, E = Record<string, any>, C = Record<string, any>>(name: string, options?: RoomOptions): Room<S, E, C>;
    /** Connects now: after `closed`, or to cut `waiting` short (say, on the window's `online` event). */
    connect(): void;
    /** Closes for good; publishes under way fail with `closed`. */
    close(): void;
    /** Sends a fresh token over the open connection, before the old one expires; over HTTP it opens the stream anew with it. */
    refreshToken(): Promise<void>;
}
export {};
