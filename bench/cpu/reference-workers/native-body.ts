/** The least a Worker can do with a stream: hand the server's body back without looking. Knows nothing of how an answer ends. */

interface Env {
  readonly UPSTREAM_URL: string;
}

export default {
  fetch(request, env) {
    const { pathname } = new URL(request.url);
    return fetch(new Request(env.UPSTREAM_URL + pathname, request));
  },
} satisfies ExportedHandler<Env>;
