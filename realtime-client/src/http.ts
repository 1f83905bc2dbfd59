import { UNUSABLE, type Transport, type Wire } from "./transport.js";

/** Requests of `send` that wait behind one another; what nobody awaits is dropped beyond. */
const QUEUE = 64;

/** A GET below the base URL: an answer of the expected type, or one of the `also` statuses; otherwise the link is over. */
export type Get = (path: () => string, type: string, ...also: number[]) => Promise<Response | undefined>;

/** Frames that the server sends come by what `run` reads; frames for the server go as requests, one after the other. */
export function overHttp(run: (wire: Wire, get: Get) => Promise<void>): Transport {
  const transport: Transport = async wire => {
    const cancel = new AbortController();
    let tail: Promise<unknown> = Promise.resolve();
    let queued = 0;
    let over = false;

    const post = async (body: string, id: number) => {
      try {
        if (id && over) {
          throw 0; // It would overtake the one that was lost, or goes over another line.
        }
        const headers = { "Content-Type": "application/json", ...(await wire._headers()) };
        wire._sent(id);
        const response = await (0, wire._fetch)(wire._base + "/send", {
          method: "POST",
          body,
          headers,
          // By then the caller has been told, twice.
          signal: AbortSignal.timeout(2 * wire._timeout),
        });
        const { status } = response;
        if (status == 401) {
          return wire._close(4401, "send");
        }
        const answer = await response.json().catch(() => ({}));
        if (/^(ack|error)$/.test(answer.type)) {
          wire._answer({ id, ...answer });
        } else if (id || !response.ok) {
          wire._answer({
            code: status > 499 ? "timeout" : CODES[status] || "bad-request",
            message: answer.detail,
            retryable: status == 429 || status > 499,
            retryAfter: retryAfter(response),
            ...answer, // A problem of the server's says it better.
            type: "error",
            id,
          });
        }
      } catch {
        if (id) {
          wire._lost();
        }
      } finally {
        queued--;
      }
    };

    const get: Get = async (path, type, ...also) => {
      // The path after the headers: by then all rooms of this moment are there.
      const headers = { Accept: type, ...(await wire._headers()) };
      cancel.signal.throwIfAborted();
      const response = await (0, wire._fetch)(wire._base + path(), {
        headers,
        cache: "no-store",
        signal: cancel.signal,
      });
      const { status } = response;
      if (also.includes(status) || (status == 200 && response.headers.get("Content-Type")?.startsWith(type))) {
        return response;
      }
      const after = retryAfter(response);
      if (after != undefined) {
        wire._frame({ type: "goaway", reconnectAfter: after });
      }
      wire._close(
        response.redirected
          ? 4401 // A login page is an answer to who is not logged in.
          : after != undefined
            ? 1012
            : [400, 401, 403, 409, 429].includes(status)
              ? 4000 + status
              : status > 499 && status != 501
                ? 1011
                : UNUSABLE,
        "status " + status,
      );
      return;
    };

    run(wire, get).catch(e => wire._close(1006, String(e)));
    return {
      send(text) {
        const [publish, id] = /^{"type":"publish"(?:,"id":(\d+))?/.exec(text) || [];
        if (publish && (id || queued < QUEUE)) {
          queued++;
          tail = tail.then(() => post(text, Number(id)));
        }
      },
      close() {
        over = true;
        cancel.abort();
      },
    };
  };
  transport._fixed = true;
  return transport;
}

/** What others than the server mean, a proxy or Spring Security: above 499 it is not known whether the command ran. */
const CODES: Record<number, string> = { 403: "forbidden", 404: "not-found", 413: "too-large", 429: "rate-limited" };

const retryAfter = (response: Response) => {
  const seconds = Number(response.headers.get("Retry-After") || NaN);
  return seconds >= 0 ? seconds * (1000 + Math.random() * 500) : undefined;
};

/** The rooms as query parameters, each with where it goes on from, if not `anew`, and those whose presence is watched. */
export const query = (wire: Wire, anew?: boolean) =>
  new URLSearchParams(
    wire._rooms().flatMap(({ name, _cursor, _presence }) => [
      ...(_presence == "only" ? [] : [["room", _cursor && !anew ? name + "@" + _cursor : name]]),
      ...(_presence ? [["presence", name]] : []),
    ]),
  );
