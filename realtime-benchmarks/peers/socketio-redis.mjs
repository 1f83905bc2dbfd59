// Socket.IO with its Redis adapter. Usage: node socketio-redis.mjs REDIS_PORT PORT
import { createServer } from 'node:http';
import { createAdapter } from '@socket.io/redis-adapter';
import { Redis } from 'ioredis';
import { Server } from 'socket.io';

const [redisPort, port] = process.argv.slice(2).map(Number);
const publishes = new Redis(redisPort, '127.0.0.1');
const http = createServer();
const io = new Server(http, { transports: ['websocket'], adapter: createAdapter(publishes, publishes.duplicate()) });

io.on('connection', (socket) => {
  socket.on('join', (room) => socket.join(room));
  socket.on('publish', (room, data) => io.to(room).emit('event', data));
});

http.listen(port, '127.0.0.1');
