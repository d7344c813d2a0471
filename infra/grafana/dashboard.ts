/** Reads the dashboard that operators import, for tests that ask its queries of a Prometheus. */
import * as z from 'zod';

const Dashboard = z.object({
  panels: z.array(
    z.object({
      id: z.number(),
      title: z.string(),
      type: z.string(),
      gridPos: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
      targets: z.optional(z.array(z.object({ expr: z.string() }))),
    }),
  ),
});

export type Dashboard = z.infer<typeof Dashboard>;

export function readDashboard(text: string): Dashboard {
  return Dashboard.parse(JSON.parse(text));
}

/** Every query, under its panel's title. */
export function expressionsOf({ panels }: Dashboard): { readonly title: string; readonly expr: string }[] {
  return panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })));
}

/** The query as Grafana sends it with every model chosen. */
export function withVariables(expr: string, rateInterval: string): string {
  return expr.replaceAll('$__rate_interval', rateInterval).replaceAll('$model', '.*');
}
