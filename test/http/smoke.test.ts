import { expect, inject, test } from 'vitest';
import { connect } from '../support/http/harness.ts';
const gateway = connect(inject('addresses'));
test('x', async () => {
  await gateway.resetState();
  const answer = await gateway.client.chat.completions.create({ model: 'auto', messages: [{ role: 'user', content: 'hi' }] });
  expect(answer.choices).toHaveLength(1);
  console.log(JSON.stringify(await gateway.chatCalls(), null, 1));
  console.log(JSON.stringify(await gateway.gateLog(), null, 1));
});
