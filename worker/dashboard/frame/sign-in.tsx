/** Asks for the reader's token or key, and tries it before it is kept. */
import { useId, useState } from 'preact/hooks';
import { ApiProblem, createApi } from '../data/api.ts';
import { throughAccess } from '../data/session.ts';
import { Problem } from '../parts/problem.tsx';

export interface SignInText {
  readonly title: string;
  readonly label: string;
  readonly explanation: string;
  /** Where one gets it from. */
  readonly hint: string;
}

interface SignInProps {
  readonly text: SignInText;
  /** A path that answers only users who may see the page. */
  readonly probe: string;
  /** Operators may come through Cloudflare Access, without a token. */
  readonly mayUseAccess: boolean;
  /** Why the last credential is no longer good. */
  readonly problem: string | null;
  onDone(credential: string): void;
}

export function SignIn({ text, probe, mayUseAccess, problem: before, onDone }: SignInProps) {
  const [value, setValue] = useState('');
  const [problem, setProblem] = useState(before);
  const [isTrying, setIsTrying] = useState(false);
  const id = useId();
  const attempt = async (credential: string): Promise<void> => {
    setIsTrying(true);
    setProblem(null);
    try {
      await createApi(credential).get(probe);
      onDone(credential);
    } catch (error) {
      setProblem(explain(error, text.label));
      setIsTrying(false);
    }
  };
  return (
    <section class="sign-in" aria-labelledby={`${id}-title`}>
      <h1 id={`${id}-title`}>{text.title}</h1>
      <p class="soft">{text.explanation}</p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (value.trim() !== '') void attempt(value.trim());
        }}
      >
        <div class="field">
          <label for={id}>{text.label}</label>
          <input
            id={id}
            class="input mono"
            type="password"
            autocomplete="off"
            spellcheck={false}
            value={value}
            aria-invalid={problem !== null}
            aria-describedby={`${id}-hint`}
            onInput={(event) => setValue(event.currentTarget.value)}
          />
          <p id={`${id}-hint`} class="hint">
            {text.hint}
          </p>
        </div>
        <Problem text={problem} />
        <div class="row">
          <button type="submit" class="button is-main" disabled={isTrying || value.trim() === ''}>
            {isTrying ? 'Checking …' : 'Continue'}
          </button>
          {mayUseAccess && (
            <button type="button" class="button" disabled={isTrying} onClick={() => void attempt(throughAccess)}>
              I come through Access
            </button>
          )}
        </div>
      </form>
    </section>
  );
}

function explain(error: unknown, label: string): string {
  if (!(error instanceof ApiProblem)) return String(error);
  return error.kind === 'refused' ? `The gateway does not accept this ${label.toLowerCase()}. ${error.message}` : error.message;
}
