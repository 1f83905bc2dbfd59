export { Realtime } from "./connection.js";
export { Room } from "./room.js";
export { RealtimeError, type ErrorFields } from "./errors.js";
export type {
  Ack,
  Joined,
  Member,
  Meta,
  PublishOptions,
  RealtimeOptions,
  RoomOptions,
  State,
  StateInfo,
  TransportName,
} from "./types.js";
