/** One open (or opening) connection of whatever transport. */
export interface Link {
  send(text: string): void;
  close(code: number): void;
}

/** What a transport reports. `close` comes exactly once and last; every text holds one or more frames joined by `\n`. */
export interface LinkEvents {
  open(): void;
  text(text: string): void;
  close(code: number, reason: string): void;
}

/** Opens a link below the base URL. The seam for server-sent events and long polling. */
export type Transport = (base: string, token: string | null | undefined, events: LinkEvents, socket?: typeof WebSocket) => Link;

export const webSocket: Transport = (base, token, events, socket = WebSocket) => {
  const protocols = ["realtime.v1.json"];
  if (token) {
    protocols.push("realtime.bearer." + base64url(token));
  }
  const ws = new socket(base.replace(/^http/, "ws") + "/ws", protocols);
  ws.onopen = () => events.open();
  ws.onmessage = e => events.text(e.data);
  ws.onerror = () => {}; // Node's ws throws without a listener; onclose follows and tells all.
  ws.onclose = e => events.close(e.code, e.reason);
  return ws;
};

const base64url = (text: string) =>
  btoa(String.fromCharCode(...new TextEncoder().encode(text)))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=/g, "");
