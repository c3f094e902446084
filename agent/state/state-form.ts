import type { Form } from '../install/kept-twice.ts';
import { AgentState } from './agent-state.ts';

/** How the state is written to a file: as it is. */
export const STATE_FORM: Form<AgentState> = {
  schema: AgentState,
  plain: (state) => state,
};
