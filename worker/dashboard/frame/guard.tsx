/** Catches what a page could not show, and says so in place of an empty screen. */
import { Component, type ComponentChildren } from 'preact';

interface GuardProps {
  readonly children: ComponentChildren;
}

interface GuardState {
  readonly error: string | null;
}

export class Guard extends Component<GuardProps, GuardState> {
  override state: GuardState = { error: null };

  static override getDerivedStateFromError(error: unknown): GuardState {
    return { error: String(error) };
  }

  override render() {
    const { error } = this.state;
    if (error === null) return this.props.children;
    return (
      <main class="page">
        <div class="notice is-bad" role="alert">
          <strong>This page cannot show what the gateway answered.</strong>
          <span>Perhaps it is older than the gateway: load it again. If that does not help, please report this:</span>
          <code>{error}</code>
        </div>
      </main>
    );
  }
}
