/** The identity of a route; ids never contain an `@`. */
export function routeKey(route: { readonly modelId: string; readonly upstreamId: string }): string {
  return `${route.modelId}@${route.upstreamId}`;
}
