/** A pass-through in Hono: one route, the server's body returned unread. */
import { Hono } from 'hono';

interface Env {
  readonly UPSTREAM_URL: string;
}

const app = new Hono<{ Bindings: Env }>();
app.post('/v1/chat/completions', (c) => fetch(new Request(c.env.UPSTREAM_URL + c.req.path, c.req.raw)));

export default app;
