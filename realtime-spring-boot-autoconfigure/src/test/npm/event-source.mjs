// npm eventsource against the event streams: node event-source.mjs PORT. One line per thing seen; exit 1 at the first surprise.
import assert from "node:assert/strict";
import { EventSource } from "eventsource";

const base = `http://localhost:${process.argv[2]}/realtime`;
setTimeout(() => {
    console.error("not done within 60 s");
    process.exit(1);
}, 60_000).unref();

const frames = [];
const waiting = [];
const source = new EventSource(`${base}/sse?room=project:1`);
source.onmessage = (message) => {
    frames.push({ ...JSON.parse(message.data), lastEventId: message.lastEventId });
    waiting.splice(0).forEach((wake) => wake());
};
const next = async (type) => {
    for (;;) {
        const at = frames.findIndex((frame) => frame.type === type);
        if (at >= 0) return frames.splice(at, 1)[0];
        await new Promise((wake) => waiting.push(wake));
    }
};
const say = async (text) => {
    const response = await fetch(`${base}/send`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ type: "publish", id: 1, room: "project:1", event: "message.send", data: { text } }),
    });
    assert.equal(response.status, 200);
    return response.json();
};

assert.equal((await next("welcome")).protocol, 1);
assert.equal((await next("joined")).recovered, false);
console.log("ok welcome and joined");

const ack = await say("line\nbreak\r\u0000\uFEFF");
const event = await next("event");
assert.equal(event.data.text, "line\nbreak\r\u0000\uFEFF");
assert.equal(event.id, ack.event);
assert.equal(event.lastEventId, ack.cursor);
console.log("ok an event as it was published");

// The test ends every stream with 4500 at the first "cut" and with 4409 at the second.
await say("cut");
assert.equal((await next("event")).data.text, "cut");
assert.equal((await next("goaway")).code, 4500);
await say("missed");
assert.equal((await next("joined")).recovered, true);
assert.equal((await next("event")).data.text, "missed");
console.log("ok it goes on by itself");

const stopped = new Promise((resolve) => {
    source.onerror = () => source.readyState === EventSource.CLOSED && resolve();
});
await say("cut");
assert.equal((await next("goaway")).code, 4409);
await stopped;
console.log("ok it stops by itself");
