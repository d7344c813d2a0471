/** Alert rules and the dashboard against the catalog: they ask for metrics and labels that exist, and every rule was seen to fire and to resolve. */
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';
import { expressionsOf, readDashboard } from '../../../infra/grafana/dashboard.ts';
import { noPrometheus, promtool } from '../../../infra/prometheus/tools.ts';
import { readRepoFile } from '../../../infra/graph/source-files.ts';
import { metrics } from '../../../worker/core/metrics/catalog.ts';

const Rules = z.object({
  groups: z.array(
    z.object({
      rules: z.array(
        z.object({
          alert: z.string(),
          expr: z.string(),
          labels: z.object({ severity: z.enum(['critical', 'warning']) }),
          annotations: z.object({ summary: z.string(), runbook: z.string() }),
        }),
      ),
    }),
  ),
});
const RuleTests = z.object({
  tests: z.array(
    z.object({
      name: z.string(),
      alert_rule_test: z.array(z.object({ alertname: z.string(), eval_time: z.string(), exp_alerts: z.array(z.unknown()) })),
    }),
  ),
});

const rules = Rules.parse(parse(readRepoFile('infra/prometheus/rules.yml'))).groups.flatMap((group) => group.rules);
const cases = RuleTests.parse(parse(readRepoFile('infra/prometheus/rules.test.yml'))).tests;
const page = readRepoFile('docs/operations.md');

/** Every name of a sample, with the labels that it has. */
const samples = new Map<string, readonly string[]>(
  metrics.flatMap(({ name, type, labels }): (readonly [string, readonly string[]])[] => {
    if (type === 'counter') return [[`${name}_total`, labels]];
    if (type === 'gauge') return [[name, labels]];
    return [
      [`${name}_bucket`, [...labels, 'le']],
      [`${name}_sum`, labels],
      [`${name}_count`, labels],
    ];
  }),
);

/** Metrics that an expression names and that do not exist, and labels that they do not have. */
function unknownIn(expression: string): string[] {
  const selectors = [...expression.matchAll(/\b((?:agent_router|pointsman)_[a-z_]+)(?:\{([^}]*)\})?/g)];
  return selectors.flatMap(([, name = '', matchers = '']) => {
    const labels: readonly string[] | undefined = samples.get(name);
    if (labels === undefined) return [name];
    return [...matchers.matchAll(/([a-z_]+)\s*(?:=~|!~|!=|=)/g)].flatMap(([, label = '']) =>
      labels.includes(label) ? [] : [`${name}{${label}}`],
    );
  });
}

describe('an expression', () => {
  it.each([
    ['agent_router_requests_total{status="ok"}', []],
    ['agent_router_requests{status="ok"}', ['agent_router_requests']],
    ['rate(pointsman_tokens_total{kind=~"a|b", state="x"}[5m])', ['pointsman_tokens_total{state}']],
    ['pointsman_cost_usd_total / pointsman_costs', ['pointsman_costs']],
  ])('%s names what does not exist: %j', (expression, unknown) => expect(unknownIn(expression)).toEqual(unknown));
});

describe('alert rules', () => {
  it.each(rules)('$alert asks for what exists', ({ expr }) => expect(unknownIn(expr)).toEqual([]));

  it.each(rules)('$alert says what to do', ({ alert, annotations }) => {
    expect(annotations.runbook).toBe(`docs/operations.md#${alert.toLowerCase()}`);
    expect(page).toContain(`\n### ${alert}\n`);
  });

  it.each(rules)('$alert is silent, fires and resolves in its test', ({ alert }) => {
    const own = cases.map((one) => one.alert_rule_test.filter(({ alertname }) => alertname === alert));
    const courses = own.map((steps) => steps.map(({ exp_alerts: fires }) => (fires.length > 0 ? 'fires' : 'silent')).join(' '));
    expect(courses.some((course) => /^silent fires(?: silent)+$/.test(course))).toBe(true);
  });

  it.skipIf(noPrometheus !== null)('are what promtool takes, and do in its test what they should', () => {
    expect(promtool(['check', 'rules', 'infra/prometheus/rules.yml']).isGood).toBe(true);
    const { isGood, output } = promtool(['test', 'rules', 'infra/prometheus/rules.test.yml']);
    expect(isGood ? '' : output).toBe('');
  });
});

describe('the Grafana dashboard', () => {
  const dashboard = readDashboard(readRepoFile('infra/grafana/pointsman.json'));
  const expressions = expressionsOf(dashboard);

  it('has panels with titles and numbers of their own, none over another', () => {
    const { panels } = dashboard;
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, at) => `${x + (at % w)},${y + Math.floor(at / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(panels.every(({ gridPos: { x, w } }) => x + w <= 24)).toBe(true);
  });

  it.each(expressions)('$title asks for what exists: $expr', ({ expr }) => expect(unknownIn(expr)).toEqual([]));

  it('shows every metric', () => {
    const all = expressions.map(({ expr }) => expr).join('\n');
    const missing = metrics.filter(({ name }) => !new RegExp(`\\b${name}(?:_total|_bucket)?\\b`).test(all));
    expect(missing.map(({ name }) => name)).toEqual([]);
  });
});
