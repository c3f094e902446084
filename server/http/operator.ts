/** What an operator's token allows. `admin` may do everything, `viewer` may only look. */
export type OperatorRole = 'admin' | 'author' | 'operator' | 'viewer';

/** Who calls the operator API, known once its token has been checked. */
export interface Operator {
  readonly name: string;
  readonly role: OperatorRole;
}

/** The Hono environment of every route below `/api/v1`: `c.get('operator')` is there. */
export interface OperatorEnv {
  Variables: { operator: Operator };
}

/** How the audit trail names an operator. */
export function actorOf({ name }: Operator): string {
  return `operator:${name}`;
}
