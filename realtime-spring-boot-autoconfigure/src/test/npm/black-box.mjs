// npm ws against the WebSocket transport: node black-box.mjs PORT. One line per thing seen; exit 1 at the first surprise.
import assert from "node:assert/strict";
import { once } from "node:events";
import WebSocket from "ws";

const url = `ws://localhost:${process.argv[2]}/realtime/ws`;
setTimeout(() => {
    console.error("not done within 60 s");
    process.exit(1);
}, 60_000).unref();

/** A client that keeps what it gets, frames taken apart. */
function connect(protocols = "realtime.v1.json", options = {}) {
    const socket = new WebSocket(url, protocols, options);
    const frames = [];
    const waiting = [];
    socket.on("message", (data) => {
        for (const frame of data.toString().split("\n")) frames.push(JSON.parse(frame));
        waiting.splice(0).forEach((wake) => wake());
    });
    const closed = new Promise((resolve) => socket.on("close", (code) => resolve(code)));
    const next = async (type) => {
        for (;;) {
            const at = frames.findIndex((frame) => frame.type === type);
            if (at >= 0) return frames.splice(at, 1)[0];
            await new Promise((wake) => waiting.push(wake));
        }
    };
    return { socket, closed, next };
}

async function refused(protocols, options, status) {
    const socket = new WebSocket(url, protocols, options);
    socket.on("error", () => {});
    const [, response] = await once(socket, "unexpected-response");
    assert.equal(response.statusCode, status);
    response.destroy();
}

async function check(name, run) {
    await run();
    console.log(`ok ${name}`);
}

await check("welcome, subprotocol, no extension", async () => {
    const client = connect();
    assert.equal((await client.next("welcome")).protocol, 1);
    assert.equal(client.socket.protocol, "realtime.v1.json");
    assert.equal(client.socket.extensions, "");
    client.socket.close(1000);
    assert.equal(await client.closed, 1000);
});
await check("a ping is answered", async () => {
    const client = connect();
    await client.next("welcome");
    client.socket.ping("abc");
    assert.equal((await once(client.socket, "pong"))[0].toString(), "abc");
    client.socket.close(4504);
    assert.equal(await client.closed, 4504);
});
await check("frames up to the limit, whole and fragmented", async () => {
    const client = connect();
    await client.next("welcome");
    const frame = (id, size) => {
        const head = `{"type":"leave","id":${id},"room":"a","padding":"`;
        return head + "x".repeat(size - head.length - 2) + '"}';
    };
    client.socket.send(frame(1, 64 * 1024));
    assert.equal((await client.next("left")).id, 1);
    const text = frame(2, 60_000);
    for (let at = 0; at < text.length; at += 7_000) {
        client.socket.send(text.slice(at, at + 7_000), { fin: at + 7_000 >= text.length });
    }
    assert.equal((await client.next("left")).id, 2);
    client.socket.send(frame(3, 64 * 1024 + 1));
    assert.equal(await client.closed, 1009);
});
await check("an unknown frame is answered and the connection stays", async () => {
    const client = connect();
    await client.next("welcome");
    client.socket.send('{"type":"nonsense","id":4}');
    assert.equal((await client.next("error")).code, "bad-request");
    client.socket.send('{"type":"leave","id":5,"room":"a"}');
    assert.equal((await client.next("left")).id, 5);
    client.socket.terminate();
});
await check("binary is 1003", async () => {
    const client = connect();
    await client.next("welcome");
    client.socket.send(Buffer.alloc(20_000));
    assert.equal(await client.closed, 1003);
});
await check("a token that nobody can check is 4401", async () => {
    const client = connect(["realtime.v1.json", "realtime.bearer.YWJj"]);
    assert.equal(await client.closed, 4401);
    assert.equal(client.socket.protocol, "realtime.v1.json");
});
await check("an unknown version is 400", () => refused("realtime.v9.json", {}, 400));
await check("a foreign origin is 403", () => refused("realtime.v1.json", { origin: "https://evil.example" }, 403));
process.exit(0);
