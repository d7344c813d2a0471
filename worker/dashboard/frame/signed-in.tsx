/** Shows the page to who has a credential, and asks everybody else for one. A credential that is refused later is forgotten, and asked for again. */
import type { ComponentChildren } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { type Api, createApi } from '../data/api.ts';
import { type Credential, keepCredential, readCredential } from '../data/session.ts';
import { Guard } from './guard.tsx';
import { PageFrame } from './page-frame.tsx';
import { SignIn, type SignInText } from './sign-in.tsx';

export interface Session {
  readonly api: Api;
  /** Forgets the credential; with a reason when it is no longer good. */
  signOut(reason?: string): void;
}

interface SignedInProps {
  readonly credential: Credential;
  readonly text: SignInText;
  readonly probe: string;
  readonly children: (session: Session) => ComponentChildren;
}

export function SignedIn({ credential: kind, text, probe, children }: SignedInProps) {
  const [credential, setCredential] = useState(() => readCredential(kind));
  const [problem, setProblem] = useState<string | null>(null);
  const session = useMemo((): Session | null => {
    if (credential === null) return null;
    const signOut = (reason?: string): void => {
      keepCredential(kind, null);
      setProblem(reason ?? null);
      setCredential(null);
    };
    return { api: createApi(credential), signOut };
  }, [credential, kind]);
  if (session !== null) return <Guard>{children(session)}</Guard>;
  const done = (value: string): void => {
    keepCredential(kind, value);
    setCredential(value);
  };
  return (
    <PageFrame onSignOut={null}>
      <SignIn text={text} probe={probe} mayUseAccess={kind === 'admin'} problem={problem} onDone={done} />
    </PageFrame>
  );
}
