"use client";

import { createContext, useContext, useEffect, useRef, useSyncExternalStore, type Provider } from "react";
import { Realtime, RealtimeError, type Member, type Meta, type Room, type RoomOptions, type State } from "./realtime.js";

const Context = createContext<Realtime | undefined>(undefined);

/** Gives the components below it the connection: `<RealtimeProvider value={rt}>`. */
export const RealtimeProvider = Context.Provider as Provider<Realtime>;

/** The connection of the provider above. */
export function useRealtime(): Realtime {
  const rt = useContext(Context);
  if (!rt) {
    throw new Error("no RealtimeProvider above");
  }
  return rt;
}

/** Where the connection stands. */
export function useRealtimeState(): State {
  const rt = useRealtime();
  return useSyncExternalStore(changed => rt.on("state", changed), () => rt.state);
}

export interface RoomView<S = any, E = Record<string, any>, C = Record<string, any>> {
  room: Room<S, E, C>;
  /** What the last join that recovered nothing brought; `undefined` before the first. */
  state: S | undefined;
  /** Whether the room has been joined. */
  joined: boolean;
  /** Who is here, with `presence` only. */
  members: Member[];
  /** Why the server ended the membership. */
  error?: RealtimeError;
}

/** A room that nobody mounts, or nobody mounts again, is left after that time. */
const GRACE = 1_000;

interface Shared {
  _view(): RoomView;
  _subscribe(changed: () => void): () => void;
}

const shared = new WeakMap<Realtime, Map<string, Shared>>();

function share(rt: Realtime, name: string, options?: RoomOptions): Shared {
  const rooms = shared.get(rt) || new Map<string, Shared>();
  shared.set(rt, rooms);
  const known = rooms.get(name);
  if (known) {
    return known;
  }
  const listeners = new Set<() => void>();
  let view: RoomView;
  let timer: ReturnType<typeof setTimeout>;
  const show = (more: Partial<RoomView>) => {
    view = { ...view, ...more };
    listeners.forEach(changed => changed());
  };
  const enter = () => {
    const room = rt.room(name, options);
    const mine = (more: Partial<RoomView>) => room == view.room && show(more);
    view = { room, state: undefined, joined: false, members: room.members };
    room.onJoin(({ state, recovered }) => mine(recovered ? { joined: true } : { joined: true, state }));
    room.onPresence(members => mine({ members }));
    room.onLeft(error => mine({ error, joined: false }));
    rooms.set(name, it);
  };
  const idle = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (!listeners.size) {
        rooms.delete(name);
        view.room.leave();
      }
    }, GRACE);
  };
  const it: Shared = {
    _view: () => view,
    _subscribe: changed => {
      if (rooms.get(name) != it) {
        enter(); // Left in the meantime.
      }
      listeners.add(changed);
      return () => {
        listeners.delete(changed);
        idle();
      };
    },
  };
  enter();
  idle();
  return it;
}

/**
 * The room of that name, joined while a component that uses it is mounted; all of them share it. `state` is the one of the
 * join: later changes come as events.
 */
export function useRoom<S = any, E = Record<string, any>, C = Record<string, any>>(name: string, options?: RoomOptions): RoomView<S, E, C> {
  const it = share(useRealtime(), name, options);
  return useSyncExternalStore(it._subscribe, it._view) as RoomView<any, any, any>;
}

/** Calls the newest `listener` for one kind of event of the room while the component is mounted. */
export function useRoomEvent<E, K extends keyof E & string>(room: Room<any, E, any>, event: K, listener: (data: E[K], meta: Meta) => void): void {
  const newest = useRef(listener);
  useEffect(() => {
    newest.current = listener;
  });
  useEffect(() => room.on(event, (data, meta) => newest.current(data, meta)), [room, event]);
}
