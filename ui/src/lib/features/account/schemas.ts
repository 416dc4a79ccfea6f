/** What a form can know before it asks the server. The server's word is still the last. */
import { m } from '$lib/paraglide/messages';
import * as v from 'valibot';

export const PASSWORD_MIN = 8;
const PASSWORD_MAX = 256;

const email = v.pipe(
  v.string(),
  v.trim(),
  v.nonEmpty(() => m.field_required()),
  v.regex(/^[^\s@]+@[^\s@]+\.[^\s@]+$/, () => m.field_email_invalid()),
  v.maxLength(254, () => m.field_email_invalid())
);

const newPassword = v.pipe(
  v.string(),
  v.minLength(PASSWORD_MIN, () => m.field_password_short({ count: PASSWORD_MIN })),
  v.maxLength(PASSWORD_MAX, () => m.field_password_long({ count: PASSWORD_MAX }))
);

const required = v.pipe(
  v.string(),
  v.trim(),
  v.nonEmpty(() => m.field_required())
);

export const signIn = v.object({ email, password: required });
export const registration = v.object({ name: required, email, password: newPassword });
export const forgotten = v.object({ email });
export const reset = v.object({ password: newPassword });
export const recovery = v.object({ reference: required, email });

type FormSchema = v.GenericSchema<unknown, Record<string, string>>;

/** The accepted values, or a message per field. */
export function checked<S extends FormSchema>(
  schema: S,
  input: unknown
): { values: v.InferOutput<S> } | { fields: Record<string, string> } {
  const result = v.safeParse(schema, input);
  if (result.success) return { values: result.output };
  const fields: Record<string, string> = {};
  for (const issue of result.issues) {
    const name = String(issue.path?.[0]?.key ?? '');
    fields[name] ??= issue.message;
  }
  return { fields };
}
