import { decode } from "./frames.js";
import { UNUSABLE, type Link, type Transport } from "./transport.js";

export const webSocket: Transport = async wire => {
  const protocols = ["realtime.v1.json"];
  const token = await wire._token();
  if (token) {
    protocols.push("realtime.bearer." + base64url(token));
  }
  let ws: WebSocket;
  try {
    ws = new ((wire._socket as typeof WebSocket) || WebSocket)(wire._base.replace(/^http/, "ws") + "/ws", protocols);
  } catch (e) {
    wire._close(UNUSABLE, String(e));
    return { send() {}, close() {} };
  }
  ws.onopen = () => wire._open();
  ws.onmessage = e => decode(e.data).forEach(wire._frame);
  ws.onerror = () => {}; // Node's ws throws without a listener; onclose follows and tells all.
  ws.onclose = e => wire._close(e.code, e.reason);
  return ws as Link;
};

const base64url = (text: string) =>
  btoa(String.fromCharCode(...new TextEncoder().encode(text)))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=/g, "");
