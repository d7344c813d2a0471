/** The script of `/dashboard`. */
import { SignedIn } from './frame/signed-in.tsx';
import { showPage } from './frame/show-page.ts';
import { DashboardPage } from './overview/dashboard-page.tsx';

const text = {
  title: 'Dashboard',
  label: 'Admin token',
  explanation: 'What the gateway saves, what is broken, and why each request went where it went.',
  hint: 'The secret ADMIN_TOKEN of this deployment; npm start prints the one of this machine. It stays in this tab and is forgotten when you close it.',
};

showPage(
  <SignedIn credential="admin" text={text} probe="/router/info">
    {(session) => <DashboardPage {...session} />}
  </SignedIn>,
);
