import { failure, type RealtimeError } from "./errors.js";
import { rest, type Frame } from "./frames.js";
import type { Room } from "./room.js";
import type { Ack, PublishOptions } from "./types.js";

/** Publishes that are under way or wait for a connection. */
const PENDING = 200;

/** What waits for an answer of the server. */
export interface Request {
  type: string;
  /** The frame after its id, without the opening brace. */
  _rest: string;
  id?: number;
  /** Sent over this connection and not answered yet. */
  _flying?: boolean;
  room?: Room<any, any, any>;
  _done(frame: Frame): void;
  _fail(error: RealtimeError): void;
  /** The connection ended before the answer, or was `replaced` by another. */
  _lost(replaced?: boolean): void;
  /** Publishing only: sends the frame when its room is joined and it is not under way yet. */
  _go?(): void;
  /** Publishing only: waited behind others until now. */
  _sent?(): void;
}

/**
 * Sends a command, now or when its room is joined, and once more with the same key when the connection or the answer was
 * lost. What a draining server refused did not run, so it counts as not sent.
 */
export function publish(room: Room<any, any, any>, event: string, data: unknown, options: PublishOptions): Promise<Ack<any>> {
  return new Promise((resolve, reject) => {
    const rt = room._rt;
    const refused =
      room._gone ||
      (rt.state == "closed" && failure("closed")) ||
      (rt._requests.size >= PENDING && failure("limit", true, "too many publishes under way"));
    if (refused) {
      return reject(refused);
    }
    const key = options.key || crypto.getRandomValues(new Uint32Array(4)).join("-");
    let sent = 0;
    let done = false;
    let timer: ReturnType<typeof setTimeout>;
    const settle = (f: () => void) => {
      clearTimeout(timer);
      rt._requests.delete(request.id!);
      done = true;
      f();
    };
    const arm = (ms: number) => {
      clearTimeout(timer);
      timer = setTimeout(() => request._fail(failure("timeout", true)), ms);
    };
    const park = () => {
      request._flying = false;
      arm(rt._patience);
    };
    const request: Request = {
      type: "publish",
      _rest: rest({ room: room.name, event, key, data }),
      room,
      _done: ack => settle(() => resolve(ack as Ack<any>)),
      _fail: e => {
        const again = sent == 1 && request._flying && !room._gone;
        if (again && e.code == "timeout" && room._live()) {
          request._flying = false;
          request._go!();
        } else if (again && e.code == "draining") {
          rt._keep(request);
          park();
          if (rt._fixed()) {
            // Another server may take it, while the stream stays with its own.
            setTimeout(() => room._live() && !done && request._go!(), e.retryAfter ?? rt._delay(1));
          }
        } else {
          settle(() => reject(e));
        }
      },
      _lost: replaced => {
        if (replaced) {
          sent -= request._flying ? 1 : 0;
          request._flying = false;
        } else if (request._flying && sent > 1) {
          request._fail(failure("unavailable", true));
        } else if (request._flying) {
          park();
        }
      },
      _go: () => {
        if (!request._flying) {
          sent++;
          arm(rt._fixed() ? rt._patience : rt._timeout);
          rt._request(request);
        }
      },
      _sent: () => arm(rt._timeout),
    };
    if (room._live()) {
      request._go!();
    } else {
      rt._keep(request);
      park();
    }
  });
}
