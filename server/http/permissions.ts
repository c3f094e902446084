import type { OperatorRole } from './operator.ts';

/** Who may change what. Reading is for every role; what no row names is for admins. */
const MAY_CHANGE: readonly {
  readonly path: RegExp;
  readonly roles: readonly OperatorRole[];
}[] = [
  { path: /^\/blobs\/[^/]+$/, roles: ['author'] },
  { path: /^\/releases$/, roles: ['author'] },
  { path: /^\/products$/, roles: ['author'] },
  { path: /^\/signing-events(\/[^/]+\/(signatures|withdraw))?$/, roles: ['author'] },
  { path: /^\/rollouts(\/[^/]+\/state)?$/, roles: ['operator'] },
  { path: /^\/devices\/[^/]+\/state$/, roles: ['operator'] },
  { path: /^\/offline-words$/, roles: ['operator'] },
  // Operators let devices in; that only an admin lets operators in is decided where the body is known.
  { path: /^\/tokens$/, roles: ['operator'] },
];

/** Whether a role may call a method on a path below `/api/v1`. */
export function mayCall(role: OperatorRole, method: string, path: string): boolean {
  if (role === 'admin' || method === 'GET' || method === 'HEAD') return true;
  return MAY_CHANGE.some((rule) => rule.path.test(path) && rule.roles.includes(role));
}
