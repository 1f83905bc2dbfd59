import { failure, type RealtimeError } from "./errors.js";
import type { Room } from "./room.js";

/** Events that wait for the loop. */
const WAITING = 256;

export function iterate(room: Room<any, any, any>, event: string, signal?: AbortSignal): AsyncIterableIterator<any> {
  const waiting: unknown[] = [];
  let end: { error?: RealtimeError } | undefined;
  let wake = () => {};
  const stop = (error?: RealtimeError) => {
    end ||= { error };
    offs.forEach(off => off());
    wake();
  };
  const abort = () => stop();
  const offs = [
    room.on(event, data => {
      if (waiting.length < WAITING) {
        waiting.push(data);
        wake();
      } else {
        stop(failure("overflow"));
      }
    }),
    room._on("end", (e: RealtimeError) => stop(e.code == "left" ? undefined : e)),
    () => signal?.removeEventListener("abort", abort),
  ];
  signal?.addEventListener("abort", abort);
  if (signal?.aborted || room._gone) {
    abort();
  }
  return (async function* () {
    try {
      for (;;) {
        if (signal?.aborted) {
          return;
        } else if (waiting.length) {
          yield waiting.shift();
        } else if (end?.error) {
          throw end.error;
        } else if (end) {
          return;
        } else {
          await new Promise<void>(resolve => (wake = resolve));
        }
      }
    } finally {
      stop();
    }
  })();
}
