import * as z from 'zod/mini';
import type { Form } from '../install/kept-twice.ts';
import { AgentState } from './agent-state.ts';
import { upgraded } from './upgrade-state.ts';

/** How the state is written to a file: as it is. What an earlier agent wrote is read as well. */
export const STATE_FORM: Form<AgentState> = {
  schema: z.pipe(z.transform(upgraded), AgentState),
  plain: (state) => state,
};
