// The yardstick of `npm run bench -- assignment`: the least that any Hono handler can do.
import { serve } from '@hono/node-server';
import { Hono } from 'hono';

const app = new Hono().get('/device/v1/assignment', (c) => c.body(null));
serve({ fetch: app.fetch, hostname: '127.0.0.1', port: Number(process.argv[2]) });
