import { z } from '@hono/zod-openapi';

/** What every refused request gets: a code for programs, a sentence for people. */
export const ApiErrorSchema = z
  .object({ code: z.string(), message: z.string() })
  .openapi('Error', { description: 'A stable code for programs and a sentence for people.' });

/** One error answer of a route, for its OpenAPI description. */
export function errorAnswer(description: string): {
  description: string;
  content: { 'application/json': { schema: typeof ApiErrorSchema } };
} {
  return { description, content: { 'application/json': { schema: ApiErrorSchema } } };
}

/** One JSON answer of a route, for its OpenAPI description. */
export function jsonAnswer<T extends z.ZodType>(
  description: string,
  schema: T,
): { description: string; content: { 'application/json': { schema: T } } } {
  return { description, content: { 'application/json': { schema } } };
}

/** A JSON request body that must be there. */
export function jsonBody<T extends z.ZodType>(
  schema: T,
): { body: { required: true; content: { 'application/json': { schema: T } } } } {
  return { body: { required: true, content: { 'application/json': { schema } } } };
}
