/** The script of `/playground`. */
import { showPage } from './frame/show-page.ts';
import { SignedIn } from './frame/signed-in.tsx';
import { PlaygroundPage } from './playground/playground-page.tsx';

const text = {
  title: 'Playground',
  label: 'API key',
  explanation: 'Try prompts: which model answers, why, how fast and for how much.',
  hint: 'A key that may chat; what you ask here counts for it. npm start prints one of this machine. It stays in this tab and is forgotten when you close it.',
};

showPage(
  <SignedIn credential="key" text={text} probe="/v1/models">
    {(session) => <PlaygroundPage {...session} />}
  </SignedIn>,
);
