import type { Frame } from "./frames.js";
import { overHttp, query } from "./http.js";

/** After that many milliseconds a poll that was lost is repeated, once: the server still has its queue and its answer. */
const REPEAT = 500;

/** Long polling: one request after the other, each from where the last answer ended. */
export const poll = overHttp(async (wire, get) => {
  let rooms: URLSearchParams | undefined;
  let cursor: string | null = null;
  let gone = false;
  let refused = 0;
  let lost = 0;
  for (;;) {
    const path = () => {
      rooms ||= query(wire, gone);
      const asked = new URLSearchParams(rooms);
      if (cursor) {
        asked.set("cursor", cursor);
      }
      asked.set("wait", wire._wait() + "ms");
      return "/poll?" + asked;
    };
    let response: Response | undefined;
    let body: Frame | undefined;
    try {
      response = await get(path, "application/json", 204, 409, 410);
      if (!response) {
        return;
      }
      body = response.status == 200 ? await response.json() : undefined;
      lost = 0;
    } catch (e) {
      if (!cursor || lost++) {
        throw e;
      }
      await new Promise(resolve => setTimeout(resolve, REPEAT));
      continue;
    }
    const { status } = response;
    if (body) {
      cursor = body.cursor || cursor;
      refused = 0;
      for (const frame of body.frames) {
        wire._frame(frame);
        if (frame.type == "goaway") {
          return wire._close(1006, "goaway");
        }
      }
    } else if (status > 400) {
      // Not from there. What each room has seen is still known after 409; after 410 the rooms begin anew.
      if (refused++) {
        return wire._close(1011, "cursor");
      }
      cursor = null;
      rooms = undefined;
      gone = status == 410;
    } else {
      cursor = response.headers.get("Realtime-Cursor") || cursor;
      wire._frame({});
    }
  }
});
