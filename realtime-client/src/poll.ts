import { overHttp, query } from "./http.js";

/** Long polling: one request after the other, each from where the last answer ended. */
export const poll = overHttp(async (wire, get) => {
  let rooms: URLSearchParams | undefined;
  let cursor: string | null = null;
  let gone = false;
  let refused = 0;
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
    const response = await get(path, "application/json", 204, 409, 410);
    if (!response) {
      return;
    }
    const { status } = response;
    if (status > 400) {
      // Not from there. What each room has seen is still known after 409; after 410 the rooms begin anew.
      if (refused++) {
        return wire._close(1011, "cursor");
      }
      cursor = null;
      rooms = undefined;
      gone = status == 410;
    } else if (status == 204) {
      cursor = response.headers.get("Realtime-Cursor") || cursor;
      wire._frame({});
    } else {
      const body = await response.json();
      cursor = body.cursor || cursor;
      refused = 0;
      for (const frame of body.frames) {
        wire._frame(frame);
        if (frame.type == "goaway") {
          return wire._close(1006, "goaway");
        }
      }
    }
  }
});
