/** The fake behind every test of the pipeline does what the adapter does in its place (test/edge/upstream-fetch.test.ts). */
import { createFakeTime } from '../support/fakes/fake-time.ts';
import { createFakeUpstream } from '../support/fakes/fake-upstream.ts';
import { upstreamSuite } from '../support/suites/upstream-suite.ts';

upstreamSuite('the fake', (reply) => {
  const time = createFakeTime();
  const upstream = createFakeUpstream(time, [], reply);
  return { open: (call) => time.runUntil(upstream.open(call)) };
});
