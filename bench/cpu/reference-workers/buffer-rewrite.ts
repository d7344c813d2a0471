/**
 * The floor of any gateway that names another model to the server and adds something to the answer: both bodies are read, parsed,
 * changed and written again, with fresh headers both ways. No keys, no routing, no accounting, no abort signal.
 */
import { Hono } from 'hono';

interface Env {
  readonly UPSTREAM_URL: string;
}

const app = new Hono<{ Bindings: Env }>();

app.post('/v1/chat/completions', async (c) => {
  const body: Record<string, unknown> = JSON.parse(await c.req.text());
  body['model'] = 'Qwen/Qwen2.5-7B-Instruct';
  const upstream = await fetch(c.env.UPSTREAM_URL + c.req.path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify(body),
  });
  const answer: Record<string, unknown> = JSON.parse(await upstream.text());
  answer['x-routing-metadata'] = { model_id: 'small' };
  return new Response(JSON.stringify(answer), {
    status: upstream.status,
    headers: { 'content-type': 'application/json' },
  });
});

export default app;
