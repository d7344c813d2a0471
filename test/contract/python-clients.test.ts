/**
 * The Python clients that teams use, against the gateway over HTTP. Their packages go into a virtual environment below node_modules,
 * pinned by test/contract/python/requirements.txt. Without Python 3.10 or newer these tests skip and say so; CI installs it.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath, URL } from 'node:url';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { clientKey, connect } from '../../infra/rig/connect.ts';
import { python, type PythonCheck, clientsInterpreter, runPython } from '../support/python.ts';

/** What every client must do; a check that does not report is a failure. */
const clients = {
  openai_client: [
    'reads a whole answer with its usage',
    'reads a streamed answer with its usage',
    'runs a tool loop on a history that it appends by model_dump()',
    'goes on with a conversation whose turns it appends by model_dump()',
    'parses a pydantic model, whole and streamed',
    'classifies errors by their status and code',
    'raises on a stream that breaks, after what came',
    'lists the models',
  ],
  langchain_client: [
    'reads a whole answer with its usage',
    'reads a streamed answer; its usage with stream_usage=True',
    'runs a tool loop, whole and streamed',
    'fills a pydantic model by JSON schema and by function calling',
    'classifies errors by their status and code',
    'raises on a stream that breaks',
  ],
  pydantic_ai_client: [
    'reads a whole answer with its usage',
    'reads a streamed answer',
    'runs a tool loop',
    'fills a pydantic model, by an output tool',
    'goes on with a conversation',
    'raises the status of a refusal',
  ],
  instructor_client: [
    'fills a pydantic model by a forced tool call',
    'fills a pydantic model by JSON schema',
    'fills a model while it streams',
  ],
  openai_agents_client: [
    'reads a whole answer with its usage',
    'reads a streamed answer; its usage with include_usage',
    'runs a tool loop to its end',
    'fills a pydantic model',
    "raises the client's own error for a refusal",
  ],
  openai_responses: [
    'openai: reads a whole answer with its usage',
    'openai: reads a streamed answer to its final response',
    'openai: goes on from a stored answer with the output of its call',
    'openai: parses a pydantic model',
    'openai: classifies errors by their status and code',
    'openai: raises on a stream that breaks, after what came',
    'openai-agents: runs a tool loop to its end',
    'openai-agents: reads a streamed run, and goes on from its stored answer',
    'openai-agents: fills a pydantic model',
    'pydantic-ai: runs a tool loop and fills a model',
    'pydantic-ai: reads a streamed answer',
  ],
  anthropic_client: [
    'reads a whole answer with its usage',
    'reads a streamed answer with its usage',
    'runs a tool loop on a history that it appends as it came',
    'gets an answer of the schema that it asked for',
    'counts tokens',
    'classifies errors by their status and type',
    'raises on a stream that breaks, after what came',
  ],
} as const;

/** The Python recipes that users copy, by the heading they stand under. Each runs in its client's process: the imports take longest. */
const page = readFileSync(fileURLToPath(new URL('../../docs/clients.md', import.meta.url)), 'utf8');
const recipes = new Map(
  [...page.matchAll(/^## ([^\n]+)\n[^#]*?^```python\n(.*?)^```/gms)].map(([, heading = '', code = '']) => [heading, code]),
);
const headings: Readonly<Record<keyof typeof clients, string>> = {
  openai_client: 'openai for Python',
  langchain_client: 'LangChain for Python',
  pydantic_ai_client: 'Pydantic AI',
  instructor_client: 'Instructor',
  openai_agents_client: 'OpenAI Agents SDK',
  openai_responses: 'Responses in Python',
  anthropic_client: "Anthropic's SDK for Python",
};
const recipeCheck = 'its recipe in docs/clients.md runs as it stands there';

const addresses = inject('addresses');
const runs = new Map<string, Promise<readonly PythonCheck[]>>();
let interpreter = '';

/** Two at a time: they are busy with their imports for the most part. */
function startClients(): void {
  const lanes: Promise<unknown>[] = [Promise.resolve(), Promise.resolve()];
  (Object.keys(clients) as (keyof typeof clients)[]).forEach((client, index) => {
    const lane = index % lanes.length;
    const run = (lanes[lane] ?? Promise.resolve()).then(() => runClient(client));
    runs.set(client, run);
    // Whoever waits for its checks hears of a failure.
    lanes[lane] = run.catch(() => undefined);
  });
}

function runClient(client: keyof typeof clients): Promise<readonly PythonCheck[]> {
  const recipe = recipes.get(headings[client]) ?? '';
  return runPython(interpreter, client, {
    POINTSMAN_URL: addresses.url,
    POINTSMAN_KEY: clientKey,
    POINTSMAN_RECIPE: recipe.replaceAll('http://127.0.0.1:8787', addresses.url).replaceAll('pointsman-local-key', clientKey),
  });
}

describe.skipIf(python === null)('Python clients', () => {
  beforeAll(async () => {
    await connect(addresses).resetState();
    interpreter = clientsInterpreter(python ?? '');
    startClients();
  }, 300_000);

  test('every recipe for Python in docs/clients.md belongs to one of them', () => {
    expect([...recipes.keys()].toSorted()).toEqual(Object.values(headings).toSorted());
  });

  describe.each(Object.entries(clients))('%s', (client, names) => {
    test.each([...names, recipeCheck])(
      '%s',
      async (name) => {
        const check = (await runs.get(client))?.find((one) => one.name === name);
        expect(check?.error ?? '').toBe('');
        expect(check?.ok).toBe(true);
      },
      120_000,
    );
  });
});
