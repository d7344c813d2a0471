/** What `POST /v1/route` says of one request never contradicts itself, wherever strategy and configuration put the threshold. */
import { describe, expect, it } from 'vitest';
import { strategyIds } from '../../shared/config.ts';
import { clientKey, createFakeApp } from '../support/fakes/app.ts';

const body = JSON.stringify({ messages: [{ role: 'user', content: 'Explain recursion' }] });
const headers = { authorization: `Bearer ${clientKey}`, 'content-type': 'application/json' };

/** The threshold that is configured, near and far from the request's score. */
const thresholds = [0.05, 0.2, 0.3, 0.5, 0.95];

describe('the explanation of a route', () => {
  it.each(thresholds.flatMap((threshold) => strategyIds.map((strategy) => [threshold, strategy] as const)))(
    'has one side of the threshold in all its words (%f, %s)',
    async (threshold, strategy) => {
      const { send } = createFakeApp({ script: [], config: { routing: { classifier: { threshold, abstain_band: 0.1 } } } });
      const response = await send('POST', '/v1/route', { ...headers, 'x-routing-strategy': strategy }, body);
      const { decision, explain } = Object(await response.json());
      const isLarge = decision.score >= explain.threshold.effective;
      expect(decision).toMatchObject({
        rule: 'complexity',
        tier: isLarge ? 'large' : 'small',
        complexity: expect.stringMatching(isLarge ? /^(?:moderate|complex)$/ : /^(?:trivial|simple)$/),
        reason: expect.stringContaining(isLarge ? ' reaches ' : ' is below '),
      });
      const distance = Math.abs(decision.score - explain.threshold.effective);
      expect(explain.is_unsure).toBe(distance < 0.1);
      expect(explain.tier_confidence).toBeCloseTo(1 / (1 + Math.exp(-6 * distance)), 3);
    },
  );
});
