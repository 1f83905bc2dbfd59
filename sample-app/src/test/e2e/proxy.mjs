import { once } from "node:events";
import { connect, createServer } from "node:net";

/**
 * A TCP proxy in front of a local port, to break the network with: `cut()` ends all connections and refuses new ones,
 * `pause()` lets them hang without a word, `block(pattern)` ends each connection whose request matches, `restore()` undoes
 * all that.
 */
export async function proxy(port) {
  const pairs = new Set();
  let up = true;
  let paused = false;
  let blocked;

  const server = createServer(client => {
    const target = connect(port, "127.0.0.1");
    const pair = [client, target];
    pairs.add(pair);
    const end = () => {
      pairs.delete(pair);
      pair.forEach(s => s.destroy());
    };
    for (const [from, to] of [pair, [target, client]]) {
      from.on("data", chunk => {
        if (from === client && blocked?.test(chunk.toString("latin1"))) {
          end();
        } else {
          to.write(chunk);
        }
      });
      from.on("error", end);
      from.on("close", end);
    }
    if (!up) {
      end();
    } else if (paused) {
      pair.forEach(s => s.pause());
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://localhost:${server.address().port}`,
    cut() {
      up = false;
      pairs.forEach(([client, target]) => (client.destroy(), target.destroy()));
    },
    pause() {
      paused = true;
      pairs.forEach(pair => pair.forEach(s => s.pause()));
    },
    block(pattern) {
      blocked = pattern;
      // Connections that are open already may carry the next request.
      pairs.forEach(([client, target]) => (client.destroy(), target.destroy()));
    },
    restore() {
      up = true;
      paused = false;
      blocked = undefined;
      pairs.forEach(pair => pair.forEach(s => s.resume()));
    },
    close() {
      server.close();
      this.cut();
    },
  };
}
