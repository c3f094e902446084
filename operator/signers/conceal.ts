/** The text without any of the secrets: for sentences made from what others answered. */
export function concealing(text: string, secrets: readonly string[]): string {
  return secrets
    .filter((secret) => secret !== '')
    .reduce((rest, secret) => rest.replaceAll(secret, '***'), text);
}
