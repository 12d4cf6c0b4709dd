import { Component } from 'react';
import type { ReactNode } from 'react';
import { Trouble } from './Trouble';

/** A page that breaks does not take the frame with it. */
export class Boundary extends Component<{ children: ReactNode }, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError(): { broken: boolean } {
    return { broken: true };
  }

  override render(): ReactNode {
    return this.state.broken ? <Trouble kind="failed" retry={() => window.location.reload()} /> : this.props.children;
  }
}
