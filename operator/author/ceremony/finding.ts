/**
 * One thing that a proposed file changes, for the person who is asked to sign it. A danger is what an
 * attacker who got into a ceremony would want: nobody may overlook it.
 */
export interface Finding {
  readonly level: 'change' | 'danger';
  readonly text: string;
}

/** A plain change. */
export function change(text: string): Finding {
  return { level: 'change', text };
}

/** A change that could hand the fleet to somebody, or lock its owners out. */
export function danger(text: string): Finding {
  return { level: 'danger', text };
}

/** A key id as people compare it. */
export function shortId(keyId: string): string {
  return keyId.slice(0, 16);
}
