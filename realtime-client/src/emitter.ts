import type { Frame } from "./frames.js";

export type Listener = (...args: any[]) => void;
export type Off = () => void;

const SEEN = 512;

export class Emitter {
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

  /** @internal Each id once. */
  _event(frame: Frame, name: string) {
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
