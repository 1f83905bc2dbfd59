// npm ws: a map of sets and a loop over send. Usage: node ws.mjs PORT
import { WebSocketServer } from 'ws';

const rooms = new Map();
const server = new WebSocketServer({ host: '127.0.0.1', port: Number(process.argv[2]), path: '/ws' });

server.on('connection', (socket) => {
  socket.on('message', (message) => {
    const frame = JSON.parse(message);
    if (frame.type === 'join') {
      const members = rooms.get(frame.room) ?? new Set();
      rooms.set(frame.room, members.add(socket));
      return;
    }
    const event = JSON.stringify({ type: 'event', room: frame.room, data: frame.payload });
    for (const member of rooms.get(frame.room) ?? []) {
      member.send(event);
    }
  });
  socket.on('close', () => rooms.forEach((members) => members.delete(socket)));
  socket.on('error', () => {});
});
