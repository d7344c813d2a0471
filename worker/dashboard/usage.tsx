/** The script of `/usage`. */
import { showPage } from './frame/show-page.ts';
import { SignedIn } from './frame/signed-in.tsx';
import { UsagePage } from './usage/usage-page.tsx';

const text = {
  title: 'My usage',
  label: 'API key',
  explanation: 'What your key has used and cost, and what is left of its budgets.',
  hint: 'The key that your requests are sent with. It stays in this tab and is forgotten when you close it.',
};

showPage(
  <SignedIn credential="key" text={text} probe="/v1/usage">
    {(session) => <UsagePage {...session} />}
  </SignedIn>,
);
