import { decode } from "./frames.js";
import { overHttp, query } from "./http.js";
import { UNUSABLE } from "./transport.js";

/** Server-sent events, read from `fetch`, which unlike `EventSource` sends headers. */
export const sse = overHttp(async (wire, get) => {
  const response = await get(() => "/sse?" + query(wire), "text/event-stream");
  if (!response) {
    return;
  }
  if (!response.body) {
    return wire._close(UNUSABLE, "no streaming");
  }
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let begun = "";
  let data = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) {
      return wire._close(1006, "end of stream");
    }
    const lines = (begun + decoder.decode(value, { stream: true })).split(/\r\n?|\n/);
    begun = lines.pop()!;
    for (const line of lines) {
      if (line.startsWith("data:")) {
        data += line.slice(5);
      } else if (!line) {
        decode(data).forEach(wire._frame);
        data = "";
      }
    }
  }
});
