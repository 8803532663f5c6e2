import { Redis } from 'ioredis';

// A connection; what one turn of the event loop asks of it goes in one write.
export function redisConnect({ redis }) {
  return new Redis({
    host: redis.hostname,
    port: Number(redis.port),
    maxRetriesPerRequest: null,
    enableAutoPipelining: true,
  });
}
