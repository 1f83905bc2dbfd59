// A small realtime server as a process of its own, for the tests over a real socket. Prints its port.
// A publish "echo" is broadcast; "close" closes the connection with the given code and runs nothing; "swallow" runs and
// closes before the ack; "runs" answers how often each idempotency key ran.
import { WebSocketServer } from "ws";

const history = [];
const acks = new Map();
const runs = new Map();
const members = new Set();
let connections = 0;

const server = new WebSocketServer({ host: "127.0.0.1", port: 0, path: "/realtime/ws", handleProtocols: protocols => [...protocols][0] });
server.on("listening", () => console.log(server.address().port));
server.on("connection", (socket, request) => {
  const offered = request.headers["sec-websocket-protocol"].split(/, */);
  const bearer = offered.find(p => p.startsWith("realtime.bearer."));
  const token = bearer && Buffer.from(bearer.slice(16), "base64url").toString();
  if (token === "expired") {
    socket.close(4401, "token");
    return;
  }
  const send = (...frames) => socket.send(frames.map(f => JSON.stringify(f)).join("\n"));
  let session = "s" + ++connections;
  send({
    type: "welcome",
    protocol: 1,
    connection: "c" + connections,
    session,
    user: token,
    heartbeat: { interval: 200, timeout: 300 },
    reconnect: { min: 10, max: 50 },
    limits: { frameBytes: 65536, rooms: 100 },
  });
  const heartbeat = setInterval(() => send({ type: "ping" }), 200);
  socket.on("close", () => {
    clearInterval(heartbeat);
    members.delete(send);
  });
  socket.on("message", text => {
    const { type, id, room, since, event, key, data, session: known } = JSON.parse(text);
    if (type === "hello") {
      session = known;
    } else if (type === "join") {
      const from = since === undefined ? -1 : Number(since.split(".")[1]);
      const missed = from < 0 ? [] : history.slice(from);
      members.add(send);
      const recovered = from >= 0;
      send({ type: "joined", id, room, cursor: "e." + history.length, recovered, replay: missed.length, state: { size: history.length } }, ...missed);
    } else if (type === "leave") {
      members.delete(send);
      send({ type: "left", room, id });
    } else if (type === "publish" && event === "runs") {
      send({ type: "ack", id, data: Object.fromEntries(runs) });
    } else if (type === "publish" && event === "close") {
      socket.close(data.code, data.reason);
    } else if (type === "publish" && event === "mute") {
      clearInterval(heartbeat);
    } else if (type === "publish") {
      const known = acks.get(session + key);
      if (known) {
        send({ ...known, id });
        return;
      }
      runs.set(data.n, (runs.get(data.n) || 0) + 1);
      const frame = { type: "event", room, event: "echoed", id: "ev" + history.length, cursor: "e." + (history.length + 1), data };
      history.push(frame);
      const ack = { type: "ack", id, event: frame.id, cursor: frame.cursor };
      acks.set(session + key, ack);
      if (event === "swallow") {
        socket.terminate();
      } else {
        send(ack);
      }
      members.forEach(member => member(frame));
    }
  });
});
process.on("disconnect", () => process.exit());
