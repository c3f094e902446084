import { z } from '@hono/zod-openapi';
import { Name } from '../../shared/release/names.ts';

/** A name of ours (product, version, hardware id), with the sentence of its schema when it is not. */
export const NameField = z
  .string()
  .max(64)
  .superRefine((text, check) => {
    const parsed = Name.safeParse(text);
    if (parsed.success) return;
    for (const { message } of parsed.error.issues) check.addIssue({ code: 'custom', message });
  });

/** The exact text of a signed file. How large one may be is the body limit of its route. */
export const SignedText = z.string().min(1);
