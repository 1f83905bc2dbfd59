// Socket.IO with its in-memory adapter. Usage: node socketio.mjs PORT
import { createServer } from 'node:http';
import { Server } from 'socket.io';

const http = createServer();
const io = new Server(http, { transports: ['websocket'] });

io.on('connection', (socket) => {
  socket.on('join', (room) => socket.join(room));
  socket.on('publish', (room, data) => io.to(room).emit('event', data));
});

http.listen(Number(process.argv[2]), '127.0.0.1');
