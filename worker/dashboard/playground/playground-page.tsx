/** Tries prompts: where they go and why, how the answer streams, and what another model makes of the same. */
import { useEffect, useState } from 'preact/hooks';
import { useResource } from '../data/use-resource.ts';
import { PageFrame } from '../frame/page-frame.tsx';
import type { Session } from '../frame/signed-in.tsx';
import { Trouble } from '../frame/trouble.tsx';
import { bodyOf, emptyForm, type FormState, type Mistakes } from './form-state.ts';
import type { ModelList } from './models.ts';
import { PromptForm } from './prompt-form.tsx';
import { Results } from './results.tsx';
import { useRuns } from './use-runs.ts';

/** Models come and go, but seldom. */
const modelsMs = 30_000;

export function PlaygroundPage({ api, signOut }: Session) {
  const models = useResource<ModelList>(api, '/v1/models', modelsMs);
  const [form, setForm] = useState<FormState>(emptyForm);
  const [mistakes, setMistakes] = useState<Mistakes>({});
  const { runs, route, isRunning, start, stop } = useRuns(api);
  useEffect(() => {
    if (models.problem?.kind === 'refused') signOut(models.problem.message);
  }, [models.problem]);
  const run = (): void => {
    const { body, mistakes: found } = bodyOf(form, form.model);
    setMistakes(found);
    if (body !== null) start(body, form.beside);
  };
  return (
    <PageFrame onSignOut={() => signOut()}>
      <div class="page-head">
        <h1>Playground</h1>
      </div>
      <Trouble resources={[models]} />
      {models.data !== null && (
        <div class="playground">
          <PromptForm
            form={form}
            models={models.data}
            mistakes={mistakes}
            isRunning={isRunning}
            onChange={(part) => setForm({ ...form, ...part })}
            onRun={run}
            onStop={stop}
          />
          <Results runs={runs} route={route} models={models.data} isRunning={isRunning} />
        </div>
      )}
    </PageFrame>
  );
}
