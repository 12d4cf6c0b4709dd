import { Component } from 'react';
import type { ReactNode } from 'react';
import { Trouble } from './Trouble';

/** A part that is fetched when it is first needed is not there: another build has taken the place of the one this page came with. */
function isPartMissing(error: unknown): boolean {
  return error instanceof Error && /dynamically imported module|Importing a module script failed|Unable to preload CSS/i.test(error.message);
}

/** A page that breaks does not take the frame with it. */
export class Boundary extends Component<{ children: ReactNode }, { broken: 'failed' | 'updated' | null }> {
  override state: { broken: 'failed' | 'updated' | null } = { broken: null };

  static getDerivedStateFromError(error: unknown): { broken: 'failed' | 'updated' } {
    return { broken: isPartMissing(error) ? 'updated' : 'failed' };
  }

  override render(): ReactNode {
    const { broken } = this.state;
    return broken ? <Trouble kind={broken} retry={() => window.location.reload()} /> : this.props.children;
  }
}
