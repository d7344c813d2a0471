/** The least a Worker can do with a stream: return the server's body unread. It does not see how an answer ends. */

interface Env {
  readonly UPSTREAM_URL: string;
}

export default {
  fetch(request, env) {
    const { pathname } = new URL(request.url);
    return fetch(new Request(env.UPSTREAM_URL + pathname, request));
  },
} satisfies ExportedHandler<Env>;
