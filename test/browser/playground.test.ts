/** The playground against the stand-ins: the answer streams, can be stopped, and stands beside another model's with its time and cost. */
import { expect, test } from 'vitest';
import { usd } from '../../worker/dashboard/data/format.ts';
import { panel } from '../support/browser/reading.ts';
import { describePages, gateway, visit } from '../support/browser/visit.ts';

/** A picture of one dot. */
const dot = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

describePages('the playground', () => {
  test('shows an answer while it comes, with the time of its first token', async () => {
    const page = await visit('playground');
    await page.getByLabel('Prompt', { exact: true }).fill('[[pace:60]][[tokens:60]]Name a harbour.');
    await page.getByRole('button', { name: 'Run' }).click();
    const answer = panel(page, 'auto');
    const text = answer.locator('.prose');
    await text.waitFor();
    const early = (await text.innerText()).length;
    await expect.poll(async () => (await text.innerText()).length, { timeout: 10_000 }).toBeGreaterThan(early + 20);
    expect(await answer.getByText('Answering').count()).toBe(1);
    await answer.getByText('Done').waitFor();
    const shown = await answer.innerText();
    expect(shown).toMatch(/First token\n\d+ ms|First token\n\d\.\d\d s/);
    expect(shown).toContain('answered by qwen2.5-7b');
    expect(shown).toMatch(/is below/);
  });

  test('stops when it is told to', async () => {
    const page = await visit('playground');
    await page.getByLabel('Prompt', { exact: true }).fill('[[pace:100]][[tokens:400]]Name every harbour.');
    await page.getByRole('button', { name: 'Run' }).click();
    const answer = panel(page, 'auto');
    await answer.locator('.prose').waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();
    await answer.getByText('Stopped').waitFor();
    const length = (await answer.locator('.prose').innerText()).length;
    await page.waitForTimeout(500);
    expect((await answer.locator('.prose').innerText()).length).toBe(length);
    expect(await page.getByRole('button', { name: 'Run' }).isEnabled()).toBe(true);
  });

  test('puts two models side by side, each with its tokens and what they cost', async () => {
    const page = await visit('playground');
    await page.getByLabel('Model', { exact: true }).selectOption('qwen2.5-7b');
    await page.getByLabel('Beside it').selectOption('qwen2.5-32b');
    await page.getByLabel('Prompt', { exact: true }).fill('[[tokens:40]]Name a harbour.');
    await page.getByRole('button', { name: 'Run' }).click();
    for (const [model, usdPerMillion] of [
      ['qwen2.5-7b', 0.1],
      ['qwen2.5-32b', 0.8],
    ] as const) {
      const answer = panel(page, model);
      await answer.getByText('Done').waitFor();
      const [, input = '', output = ''] = /Tokens in\n(\d+)\nTokens out\n(\d+)\nCost/.exec(await answer.innerText()) ?? [];
      expect(Number(input)).toBeGreaterThan(0);
      expect(Number(output)).toBeGreaterThan(10);
      expect(await answer.innerText()).toContain(`Cost\n${usd(((Number(input) + Number(output)) * usdPerMillion) / 1_000_000)}`);
    }
  });

  test('explains where the prompt goes', async () => {
    const page = await visit('playground');
    await page.getByLabel('Prompt', { exact: true }).fill('Prove step by step that it terminates, then refactor it.');
    await page.keyboard.press('Control+Enter');
    const why = panel(page, 'Why it goes where it goes');
    await why.waitFor();
    const text = await why.innerText();
    expect(text).toMatch(/Score \d\.\d\d against the threshold \d\.\d\d/);
    for (const signal of ['length', 'keywords', 'tools', 'depth']) expect(text).toContain(signal);
    expect(text).toMatch(/qwen2\.5-\d+b on (?:small|large)/);
    await panel(page, 'auto').getByText('Done').waitFor();
  });

  test('shows calls of tools', async () => {
    const page = await visit('playground');
    await page.getByText('Tools, schema, picture, limits').click();
    await page
      .getByLabel('Tools (JSON)')
      .fill(
        '[{"type":"function","function":{"name":"weather","parameters":{"type":"object","properties":{"city":{"type":"string"}}}}}]',
      );
    await page.getByLabel('Prompt', { exact: true }).fill('[[call:weather {"city": "Lisbon"}]]How is the weather in Lisbon?');
    await page.getByRole('button', { name: 'Run' }).click();
    const answer = panel(page, 'auto');
    await answer.getByText('Done').waitFor();
    expect(await answer.locator('.calls').innerText()).toBe('Call of weather\n{\n  "city": "Lisbon"\n}');
  });

  test('shows what a model thinks, apart from its answer', async () => {
    const page = await visit('playground');
    await page.getByLabel('Model', { exact: true }).selectOption('qwen2.5-32b');
    await page
      .getByLabel('Prompt', { exact: true })
      .fill('[[think:The tide comes first.]][[say:Six metres.]]How high is the tide?');
    await page.getByRole('button', { name: 'Run' }).click();
    const answer = panel(page, 'qwen2.5-32b');
    await answer.getByText('Done').waitFor();
    const thinking = answer.locator('details').filter({ hasText: 'Thinking' });
    expect(await thinking.getAttribute('open')).toBeNull();
    await thinking.getByText('Thinking').click();
    expect(await thinking.locator('.prose').innerText()).toBe('The tide comes first.');
    expect(await answer.locator('.prose').last().innerText()).toBe('Six metres.');
  });

  test('sends a picture with the prompt, and none that is too large or was removed', async () => {
    const page = await visit('playground');
    await page.getByLabel('Model', { exact: true }).selectOption('qwen2.5-32b');
    await page.getByText('Tools, schema, picture, limits').click();
    const prompt = page.getByLabel('Prompt', { exact: true });
    const picture = page.getByLabel('Picture');
    const file = { name: 'dot.png', mimeType: 'image/png', buffer: Buffer.from(dot, 'base64') };
    const run = async (words: string): Promise<string> => {
      await prompt.fill(`[[tokens:4]]${words}`);
      await page.getByRole('button', { name: 'Run' }).click();
      await panel(page, 'qwen2.5-32b').getByText('Done').waitFor();
      const bodies = (await gateway.log('large')).map(({ body }) => JSON.stringify(body ?? null));
      return bodies.findLast((body) => body.includes(words)) ?? '';
    };
    await picture.setInputFiles({ ...file, buffer: Buffer.alloc(2_800_001) });
    await page.getByText('The picture has 2.8 MB; at most 2.8 fit into a request.').waitFor();
    await picture.setInputFiles(file);
    await page.getByAltText('What goes with the prompt').waitFor();
    expect(await run('What is on it?')).toContain(`data:image/png;base64,${dot}`);
    await page.getByRole('button', { name: 'Remove' }).click();
    expect(await run('And now, what?')).not.toMatch(/^$|image_url/);
  });

  test('says beside a field what is wrong with it, and sends nothing', async () => {
    const page = await visit('playground');
    await page.getByText('Tools, schema, picture, limits').click();
    await page.getByLabel('JSON schema of the answer').fill('{"type":');
    await page.getByRole('button', { name: 'Run' }).click();
    await page.getByText('Write something to answer.').waitFor();
    await page.getByText(/^No JSON/).waitFor();
    expect(await page.locator('.answers section').count()).toBe(0);
  });

  test('says in the gateway’s words why there is no answer', async () => {
    const page = await visit('playground');
    await page.getByLabel('Model', { exact: true }).selectOption('small');
    await page.getByLabel('Prompt', { exact: true }).fill('[[fault:server-error]]Name a hill.');
    await page.getByRole('button', { name: 'Run' }).click();
    const answer = panel(page, 'small');
    await answer.getByText('Failed', { exact: true }).waitFor();
    expect((await answer.getByRole('alert').innerText()).length).toBeGreaterThan(20);
  });

  test('shows markup of a model as text', async () => {
    const page = await visit('playground');
    const markup = '<img src=x onerror=document.title=1><script>document.title=2</script>';
    await page.getByLabel('Prompt', { exact: true }).fill(`[[say:${markup}]]Say it.`);
    await page.getByRole('button', { name: 'Run' }).click();
    await panel(page, 'auto').getByText('Done').waitFor();
    expect(await panel(page, 'auto').locator('.prose').innerText()).toBe(markup);
    expect(await page.locator('main img, main script').count()).toBe(0);
    expect(await page.title()).toBe('Playground · Pointsman');
  });
});
