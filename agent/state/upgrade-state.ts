/** The one component of a release, for an agent of 0.1.0, which did not note its name. */
const ONLY = { component: 'firmware', installer: 'archive' } as const;

type Fields = Readonly<Record<string, unknown>>;

/**
 * A state as an agent of 0.1.0 wrote it, in the words of this one: it had one archive an update and a
 * slot. Anything else is left as it is, for the schema to judge.
 */
export function upgraded(value: unknown): unknown {
  if (!isFields(value)) return value;
  const { update, slots } = value;
  return {
    ...value,
    ...(isFields(update) && { update: upgradedUpdate(update) }),
    ...(isFields(slots) && {
      slots: Object.fromEntries(
        Object.entries(slots).map(([slot, installed]) => [slot, upgradedSlot(installed)]),
      ),
    }),
  };
}

function upgradedUpdate(update: Fields): Fields {
  const { artifact, ...rest } = update;
  if (!isFields(artifact)) return update;
  const { sha256, length, installedSha256 } = artifact;
  const planned = {
    ...ONLY,
    fileName: 'artifact.tar',
    mediaType: 'application/x-tar',
    sha256,
    length,
    installed: installedSha256 === null ? null : { sha256: installedSha256, length: null },
  };
  return { ...rest, artifacts: [planned] };
}

function upgradedSlot(installed: unknown): unknown {
  if (!isFields(installed) || 'components' in installed) return installed;
  const { installedSha256 } = installed;
  return { ...installed, components: [{ ...ONLY, installedSha256, length: null }] };
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
